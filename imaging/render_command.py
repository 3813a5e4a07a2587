"""`main.py render`: one film as a PNG of display pixels, the same as the window paints them."""

from __future__ import annotations

import argparse
import math
import re
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from imaging.errors import FilmError, NegatoscopeError
from imaging.image import DecodedImage, Voi, Window
from imaging.study import ImageRef

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


class ChoiceError(NegatoscopeError):
    """A mistake in the command and not in the film: a window it does not have, a place that can't be written."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of the contract."""
    # argparse takes '-600,1500' for an option unless it looks like a number to it.
    parser._negative_number_matcher = re.compile(r"-[\d.]")
    parser.add_argument("file", type=Path, metavar="FILE")
    parser.add_argument("--out", type=Path, required=True, metavar="F.png")
    parser.add_argument("--frame", type=_frame, default=0, metavar="N", help="counted from 0")
    choice = parser.add_mutually_exclusive_group()
    choice.add_argument(
        "--voi",
        default="auto",
        metavar="auto|none|N",
        help="auto: the first VOI LUT, else the first window, else an automatic one; none: the full range of stored "
        "values; N: the file's own VOI of this number, from 0",
    )
    choice.add_argument("--window", type=_window, metavar="C,W", help="centre and width in modality units")


def run(options: argparse.Namespace, out: TextIO, err: TextIO) -> int:
    """Write the PNG. 0 when it is done, 3 where the film was refused, 2 where it has no such window."""
    from imaging.read.decode import decode
    from imaging.show.render import display_pixels

    try:
        _spare(options.file, options.out)
        image = decode(ImageRef(_only_film(options.file), options.frame))
        shown = display_pixels(image, options.window or _choose(image, options.voi))
        _write_png(options.out, shown)
    except FilmError as error:
        err.write(f"{error.message}\n")
        return 3
    except ChoiceError as error:
        err.write(f"{error.message}\n")
        return 2
    return 0


def _frame(text: str) -> int:
    """A frame number. Raises argparse's error for anything else."""
    if not text.isdecimal() or len(text) > 9:
        raise argparse.ArgumentTypeError("frames are counted from 0")
    return int(text)


def _window(text: str) -> Window:
    """`C,W` as a linear window. Raises argparse's error for anything else."""
    try:
        center, width = (float(part) for part in text.split(","))
    except ValueError as error:
        raise argparse.ArgumentTypeError("a window is CENTRE,WIDTH, as in 2048,4096") from error
    if not (math.isfinite(center) and math.isfinite(width)):
        raise argparse.ArgumentTypeError("a window is CENTRE,WIDTH, both of them numbers")
    if width < 1:
        raise argparse.ArgumentTypeError("the width of a window is at least 1")
    return Window(center, width, "LINEAR", "as asked for")


def _choose(image: DecodedImage, name: str) -> Voi | None:
    """The VOI that `--voi` names; None is the film's default. Raises ChoiceError."""
    from imaging.show.window import choices, full_range

    if name == "auto":
        return None
    if name == "none":
        return full_range(image)
    offered = choices(image)
    if not name.isdecimal() or len(name) > 9 or int(name) >= len(offered):
        raise ChoiceError(f"--voi is auto, none or a number; the film has {len(offered)} of its own, counted from 0.")
    return offered[int(name)]


def _only_film(path: Path) -> Path:
    """The one film of an archive or a disc, else the path itself. Raises ChoiceError where there are several."""
    from imaging.progress import CancelToken
    from imaging.read.look import Found
    from imaging.read.packed.containers import container_kind
    from imaging.read.scan import scan

    try:
        if container_kind(path) is None:
            return path
    except (FilmError, OSError):  # decoding says why
        return path
    found = list(scan([path], CancelToken()))
    films = [item.path for item in found if isinstance(item, Found)]
    if not films:
        raise next(item.error for item in reversed(found) if not isinstance(item, Found))
    if len(films) > 1:
        raise ChoiceError(f"{path.name} holds {len(films)} films; name one of them, as in {films[0]}.")
    return films[0]


def _spare(film: Path, out: Path) -> None:
    """Raise ChoiceError where the picture would take the place of its own film."""
    try:
        same = film.samefile(out)
    except OSError:  # one of them is not there, or can't be looked at: reading or writing will say why
        return
    if same:
        raise ChoiceError(f"{out} is the film itself; the picture is not written over it.")


def _write_png(path: Path, shown: npt.NDArray[np.uint8]) -> None:
    """Display pixels, uint8 [H, W] or [H, W, 3], as a PNG file. Raises ChoiceError where it can't be written."""
    from PIL import Image

    try:
        Image.fromarray(shown).save(path, "PNG")
    except OSError as error:
        raise ChoiceError(f"The picture can't be written to {path}.", detail=str(error)) from error
