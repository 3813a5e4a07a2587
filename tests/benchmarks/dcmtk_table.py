"""Every shared DICOM file, ours beside other programs: stored values and display pixels, as a table.

    python -m tests.benchmarks.dcmtk_table [--brief]

'stored': the largest difference of stored values from what pydicom reads with its own decoders, or from what dcmtk's
make of the frame. The other columns: the largest difference of display pixels from dcmj2pnm, in grey levels, padding
left aside, under the film's own LUT or window, a window set by hand, one from the lowest value to the highest, and
none. '-': the other program cannot decode the file, or colours have no windows. `--brief`: a line for each transfer
syntax, and one for each kind of file that is known to differ. Exit status 1 where another one does.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pydicom
from pydicom.pixels.utils import pixel_array
from pydicom.uid import UID

from imaging.image import DecodedImage
from imaging.read.decode import decode
from imaging.show.render import display_pixels
from imaging.study import ImageRef
from tests import dcmtk

COLUMNS = ("stored", "own", *dcmtk.WINDOWS)
DECOMPRESSORS = {"4.5": "dcmdjpeg", "4.7": "dcmdjpeg", "4.8": "dcmdjpls", "5": "dcmdrle"}
PYDICOM_FAILURES = (
    ArithmeticError,
    AttributeError,
    LookupError,
    NotImplementedError,
    RuntimeError,
    TypeError,
    ValueError,
)
Differences = dict[str, int | None]


@dataclass(frozen=True, slots=True)
class Row:
    """What one file comes to: the largest difference of each column over its frames, None where there is no opinion."""

    path: Path
    syntax: str
    frames: int
    lossy: bool
    differences: Differences

    @property
    def unexpected(self) -> bool:
        """Whether a difference is larger than rounding and not one that is known."""
        known = dcmtk.known_difference(self.path)
        allowed = {} if known is None else {"own": 255, **dict.fromkeys(known.ways, 255)}
        if self.lossy or (known is not None and known.levels == 255):
            allowed["stored"] = 255
        usual = {"stored": 0}
        return any(
            found is not None and found > allowed.get(column, usual.get(column, dcmtk.TOLERANCE))
            for column, found in self.differences.items()
        )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--brief", action="store_true")
    brief = parser.parse_args().brief
    if shutil.which("dcmj2pnm") is None or not dcmtk.files():
        print("This needs dcmtk and the shared DICOM files.")
        return 2
    warnings.simplefilter("ignore")  # pydicom's remarks on odd values
    with tempfile.TemporaryDirectory() as folder:
        rows = [row_of(path, Path(folder)) for path in dcmtk.files()]
    if brief:
        print_brief(rows)
    else:
        print_all(rows)
    return int(any(row.unexpected for row in rows))


def row_of(path: Path, folder: Path) -> Row:
    """One file, all its frames."""
    image = decode(ImageRef(path))
    plain = dcmtk.decompressed(path, image, folder) if dcmtk.is_readable(path) else None
    found: Differences = dict.fromkeys(COLUMNS)
    for frame in range(image.frames):
        image = decode(ImageRef(path, frame))
        found["stored"] = _larger(found["stored"], stored_difference(path, frame, image, folder))
        if plain is not None:
            for column, difference in shown_differences(plain, frame, image, folder):
                found[column] = _larger(found[column], difference)
    syntax = image.header.transfer_syntax or dcmtk.transfer_syntax(path)
    lossy = bool(image.header.lossy) or image.is_colour
    return Row(path, UID(syntax).name if syntax else "none named", image.frames, lossy, found)


def shown_differences(plain: Path, frame: int, image: DecodedImage, folder: Path) -> Iterable[tuple[str, int | None]]:
    """The columns of display pixels for one frame."""
    out, inside = folder / "shown.ppm", ~dcmtk.padded(image)
    voi, options = dcmtk.own(image)
    ours = display_pixels(image, dcmtk.none(image)[0] if voi == "none" else None)
    yield "own", _difference(ours, dcmtk.shown(plain, frame, options, out), inside)
    for name, way in () if image.is_colour else dcmtk.WINDOWS.items():
        window, options = way(image)
        yield name, _difference(display_pixels(image, window), dcmtk.shown(plain, frame, options, out), inside)


def stored_difference(path: Path, frame: int, image: DecodedImage, folder: Path) -> int | None:
    """From pydicom's values, else from those that dcmtk's decoders make; None where neither reads the frame."""
    theirs = by_pydicom(path, frame, image)
    if theirs is None and (tool := decompressor(path)) is not None:
        raw = folder / "raw.dcm"
        raw.unlink(missing_ok=True)
        subprocess.run([tool, path, raw], check=False, capture_output=True)
        theirs = by_pydicom(raw, frame, image) if raw.exists() else None
    if theirs is None or theirs.shape != image.pixels.shape:
        return None
    return int(np.abs(image.pixels.astype(np.float64) - theirs).max())


def by_pydicom(path: Path, frame: int, image: DecodedImage) -> npt.NDArray[Any] | None:
    """Stored values, colours as RGB of 8 bits; None where pydicom has no decoder or gives up."""
    try:
        dataset = pydicom.dcmread(path, force=True)
        pixels = pixel_array(dataset, index=frame) if "PixelData" in dataset else dataset.pixel_array
    except PYDICOM_FAILURES:
        return None
    if image.is_colour and pixels.dtype != np.uint8:
        return None
    return pixels[..., 0] if pixels.ndim > image.pixels.ndim else pixels


def decompressor(path: Path) -> str | None:
    short = dcmtk.transfer_syntax(path).removeprefix("1.2.840.10008.1.2.")
    return next((tool for start, tool in DECOMPRESSORS.items() if short.startswith(start)), None)


def _difference(ours: npt.NDArray[Any], theirs: dcmtk.Levels | None, inside: npt.NDArray[np.bool_]) -> int | None:
    if theirs is None or theirs.shape != ours.shape:
        return None
    return int(np.abs(ours.astype(np.int16) - theirs)[inside].max(initial=0))


def _larger(one: int | None, other: int | None) -> int | None:
    return one if other is None else other if one is None else max(one, other)


def _words(row: Row, note: str) -> str:
    return "".join(f"{'-' if (found := row.differences[column]) is None else found:>9}" for column in COLUMNS) + note


def print_all(rows: list[Row]) -> None:
    """A line for each file."""
    width = max(len(row.path.name) for row in rows)
    print(f"{'':{width}s}{''.join(f'{column:>9s}' for column in COLUMNS)}")
    for row in rows:
        known = dcmtk.known_difference(row.path)
        note = "  UNEXPECTED" if row.unexpected else f"  {known.why}" if known is not None else ""
        print(f"{row.path.name:{width}s}{_words(row, note)}")


def print_brief(rows: list[Row]) -> None:
    """A line for each transfer syntax, without the files that are known to differ, and one for each of those."""
    usual = [row for row in rows if dcmtk.known_difference(row.path) is None]
    names = sorted({row.syntax for row in usual})
    width = max(map(len, names)) + 2
    print(f"{'':{width}s}{'files':>7s}{'frames':>8s}{''.join(f'{column:>9s}' for column in COLUMNS)}")
    for name in names:
        print_sum(f"{name:{width}s}", [row for row in usual if row.syntax == name])
    print_sum(f"{'all':{width}s}", usual)
    for start, known in dcmtk.DIFFERENCES.items():
        count = sum(row.path.name.startswith(start) for row in rows)
        print(f"{start} ({count} file{'s' * (count > 1)}): {known.why}")


def print_sum(name: str, rows: list[Row]) -> None:
    merged: Differences = dict.fromkeys(COLUMNS)
    for row in rows:
        for column in COLUMNS:
            lossy = column == "stored" and row.lossy  # two decoders of lossy data need not agree
            merged[column] = _larger(merged[column], None if lossy else row.differences[column])
    summed = Row(Path(), "", 0, False, merged)
    print(f"{name}{len(rows):7d}{sum(row.frames for row in rows):8d}{_words(summed, '')}")


if __name__ == "__main__":
    sys.exit(main())
