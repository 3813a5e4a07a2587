"""`main.py render` against dcmtk's dcmj2pnm, every frame of the shared DICOM files that dcmtk can decode.

`tests.benchmarks.dcmtk_table` prints the same as a table.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from imaging import render_command
from imaging.image import Window
from imaging.read.decode import decode
from imaging.show.render import display_pixels
from imaging.study import ImageRef
from tests import dcmtk
from tests.commands import commanded

pytestmark = [
    pytest.mark.skipif(not dcmtk.FOLDER.is_dir(), reason="the shared DICOM files are not here"),
    pytest.mark.skipif(shutil.which("dcmj2pnm") is None, reason="dcmj2pnm (Debian's dcmtk) is not installed"),
]
NAMES = [path.relative_to(dcmtk.FOLDER).as_posix() for path in dcmtk.readable()]


def by_us(path: Path, frame: int, voi: str, out: Path) -> dcmtk.Levels:
    done = commanded(render_command, path, "--out", out, "--frame", frame, "--voi", voi)
    assert done.status == 0, done.err
    with Image.open(out) as shown:
        return np.asarray(shown, dtype=np.int16)


@pytest.mark.parametrize("name", NAMES)
def test_every_frame_shows_as_in_dcmtk(name: str, tmp_path: Path) -> None:
    path = dcmtk.FOLDER / name
    image = decode(ImageRef(path))
    theirs_from = dcmtk.decompressed(path, image, tmp_path)
    known = dcmtk.known_difference(path)
    limit = known.levels if known is not None else dcmtk.TOLERANCE
    for frame in range(image.frames):
        image = decode(ImageRef(path, frame))
        voi, options = dcmtk.own(image)
        theirs = dcmtk.shown(theirs_from, frame, options, tmp_path / "theirs.ppm")
        assert theirs is not None, "dcmtk cannot decode this file"
        ours = by_us(path, frame, voi, tmp_path / "ours.png")
        assert ours.shape == theirs.shape
        if limit == dcmtk.DARK:
            assert theirs.max() == 0
            assert (ours.min(), ours.max()) == (0, 255)
        elif limit == dcmtk.HALF:
            assert np.array_equal(ours, np.where(theirs == 128, 255, 0))
        else:
            padding = dcmtk.padded(image)
            assert np.abs(ours - theirs)[~padding].max() <= limit
            assert not ours[padding].any()


@pytest.mark.parametrize("name", NAMES)
def test_other_windows_show_as_in_dcmtk(name: str, tmp_path: Path) -> None:
    """A window set by hand, one from the lowest value to the highest, and none."""
    path = dcmtk.FOLDER / name
    image = decode(ImageRef(path))
    if image.is_colour:
        assert image.voi == (), "colours have no windows"
        return
    known = dcmtk.known_difference(path)
    theirs_from = dcmtk.decompressed(path, image, tmp_path)
    for way, window in dcmtk.WINDOWS.items():
        if known is None or way not in known.ways:
            voi, options = window(image)
            theirs = dcmtk.shown(theirs_from, 0, options, tmp_path / "theirs.ppm")
            assert theirs is not None
            difference = np.abs(display_pixels(image, voi) - theirs)[~dcmtk.padded(image)]
            assert difference.max(initial=0) <= dcmtk.TOLERANCE, way


def test_a_window_in_the_command_is_the_window(tmp_path: Path) -> None:
    """`render --window` is what `display_pixels` makes of it, so that the test above speaks for the command."""
    path = dcmtk.FOLDER / "cornerstone" / "CTImage.dcm"
    assert commanded(render_command, path, "--out", tmp_path / "ours.png", "--window", "-50.5,345").status == 0
    with Image.open(tmp_path / "ours.png") as shown:
        assert np.array_equal(np.asarray(shown), display_pixels(decode(ImageRef(path)), Window(-50.5, 345)))
