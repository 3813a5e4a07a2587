"""Our grey chain against dcmtk's, an independent renderer, on the generated films."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from imaging.image import Window
from imaging.read.decode import decode
from imaging.show.render import display_pixels
from imaging.show.window import full_range
from imaging.study import ImageRef
from tests.golden.films import SIZE_PX, write_films

# dcmtk cuts levels off where we round to the nearest, so that one level between them is as close as can be.
TOLERANCE = 1
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


def by_dcmtk(path: Path, options: list[str]) -> npt.NDArray[np.int16]:
    """The film as dcmj2pnm shows it. The test is skipped where dcmtk is missing."""
    program = shutil.which("dcmj2pnm")
    if program is None:
        pytest.skip("dcmj2pnm (Debian's dcmtk) is not installed")
    out = path.with_suffix(".pgm")
    subprocess.run([program, "-O", "+op", *options, path, out], check=True, capture_output=True)
    with Image.open(out) as shown:
        return np.asarray(shown, dtype=np.int16)


@pytest.mark.parametrize("name", RENDERED)
def test_every_encoding_shows_as_in_dcmtk(name: str, films: dict[str, Path]) -> None:
    path = films[name]
    theirs = by_dcmtk(path, RENDERED[name])
    ours = display_pixels(decode(ImageRef(path)))
    assert ours.shape == theirs.shape == SIZE_PX
    assert np.ptp(ours) > 150
    assert np.abs(ours - theirs).max() <= TOLERANCE


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
