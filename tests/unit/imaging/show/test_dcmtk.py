"""Our grey chain against dcmtk's, an independent renderer, on the generated films."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from imaging.image import Window
from imaging.read.decode import decode
from imaging.show.render import display_pixels
from imaging.show.window import full_range
from imaging.study import ImageRef
from tests import dicom_files as make
from tests.dcmtk import TOLERANCE, Levels, shown
from tests.golden.films import SIZE_PX, write_films

RENDERED = {
    "linear-12.dcm": ["+Wi", "1"],
    "monochrome1-12.dcm": ["+Wi", "1"],
    "inverse-shape-12.dcm": ["+Wi", "1"],
    "sigmoid-10.dcm": ["+Wi", "1", "+Wfs"],
    "linear-8.dcm": ["+Wi", "1"],
    "signed-rescaled-16.dcm": ["+Wi", "1"],
    "modality-lut-12.dcm": ["+Wi", "1"],
    "voi-lut-8.dcm": ["+Wl", "1"],
    "voi-lut-16-monochrome1.dcm": ["+Wl", "1"],
    "rle-12.dcm": ["+Wi", "1"],
}


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return write_films(tmp_path_factory.mktemp("films"))


def by_dcmtk(path: Path, options: list[str]) -> Levels:
    """The film as dcmj2pnm shows it. The test is skipped where dcmtk is missing."""
    if shutil.which("dcmj2pnm") is None:
        pytest.skip("dcmj2pnm (Debian's dcmtk) is not installed")
    levels = shown(path, 0, options, path.with_suffix(".pgm"))
    assert levels is not None
    return levels


@pytest.mark.parametrize("name", RENDERED)
def test_every_encoding_shows_as_in_dcmtk(name: str, films: dict[str, Path]) -> None:
    path = films[name]
    theirs = by_dcmtk(path, RENDERED[name])
    ours = display_pixels(decode(ImageRef(path)))
    assert ours.shape == theirs.shape == SIZE_PX
    assert np.ptp(ours) > 150
    assert np.abs(ours - theirs).max() <= TOLERANCE


@pytest.mark.parametrize(
    ("photometric", "shape", "same"),
    [
        ("MONOCHROME1", None, True),
        ("MONOCHROME1", "INVERSE", True),
        ("MONOCHROME2", None, True),
        ("MONOCHROME2", "IDENTITY", True),
        ("MONOCHROME2", "INVERSE", True),
        # A contradiction (PS3.3 C.8.11.3.1.2): we go by MONOCHROME1, dcmtk by the shape.
        ("MONOCHROME1", "IDENTITY", False),
    ],
)
def test_which_end_is_black(photometric: str, shape: str | None, same: bool, tmp_path: Path) -> None:
    ramp = np.arange(256, dtype=np.uint8).reshape(16, 16)
    path = make.write_dicom(tmp_path / "film.dcm", ramp, photometric=photometric, PresentationLUTShape=shape)
    ours = display_pixels(decode(ImageRef(path)))
    assert bool(np.abs(ours - by_dcmtk(path, ["-W"])).max() <= TOLERANCE) is same


@pytest.mark.parametrize("name", ["linear-12.dcm", "monochrome1-12.dcm", "plain-8.dcm", "no-window-16.dcm"])
def test_the_full_range_is_what_dcmtk_shows_without_a_window(name: str, films: dict[str, Path]) -> None:
    path = films[name]
    image = decode(ImageRef(path))
    assert np.abs(display_pixels(image, full_range(image)) - by_dcmtk(path, ["-W"])).max() <= TOLERANCE


@pytest.mark.parametrize(("centre", "width"), [(1500, 900), (2047, 2), (100, 1), (3000.5, 1234.5)])
def test_a_window_set_by_hand(centre: float, width: float, films: dict[str, Path]) -> None:
    path = films["linear-12.dcm"]
    theirs = by_dcmtk(path, ["+Ww", str(centre), str(width)])
    ours = display_pixels(decode(ImageRef(path)), Window(centre, width))
    assert np.abs(ours - theirs).max() <= TOLERANCE
