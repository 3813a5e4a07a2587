"""What a picture says of its size, before it is opened; and the sizes that a JPEG can be had in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from imaging.read.decode import decode, decode_reduced
from imaging.read.picture_size import read_size, reduced
from imaging.study import ImageRef
from tests.dicom_files import film

GREY = film(20, 30, bits=8)
DEEP = film(20, 30, bits=16)
RGB = np.stack([GREY, GREY[::-1], GREY[:, ::-1]], axis=-1)


def test_a_jpeg_comes_at_the_smallest_size_that_is_large_enough(tmp_path: Path) -> None:
    Image.fromarray(film(800, 1200, bits=8)).save(tmp_path / "film.jpg")
    image = decode_reduced(ImageRef(tmp_path / "film.jpg"), (200, 200))
    assert image.pixels.shape == (200, 300)
    assert image.full_size_px == (800, 1200)


def test_height_and_width_are_those_of_the_upright_film(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[274] = 6
    Image.fromarray(film(400, 1600, bits=8)).save(tmp_path / "film.jpg", exif=exif)
    image = decode_reduced(ImageRef(tmp_path / "film.jpg"), (800, 100))
    assert image.pixels.shape == (800, 200)
    assert image.full_size_px == (1600, 400)


def test_everything_else_comes_at_full_size(tmp_path: Path) -> None:
    Image.fromarray(GREY).save(tmp_path / "film.png")
    assert decode_reduced(ImageRef(tmp_path / "film.png"), (5, 5)).pixels.shape == GREY.shape


@pytest.mark.parametrize("comment", [b"", bytes(60_000)])
def test_a_jpeg_of_several_pictures_comes_at_full_size(tmp_path: Path, comment: bytes) -> None:
    """As phones save them, with whatever else in front of the picture's size."""
    picture = Image.fromarray(film(800, 1200, bits=8))
    options: dict[str, Any] = {"comment": comment, "icc_profile": comment}
    picture.save(tmp_path / "film.jpg", "MPO", save_all=True, append_images=[picture], **options)
    assert decode_reduced(ImageRef(tmp_path / "film.jpg"), (200, 200)).pixels.shape == (800, 1200)


def test_what_pictures_say_of_their_size_is_what_pillow_finds(tmp_path: Path) -> None:
    """Without opening them; what is not sure is left to Pillow."""
    coloured = Image.fromarray(RGB)
    pictures: dict[str, tuple[Any, dict[str, Any]]] = {
        "grey.png": (GREY, {}), "deep.png": (DEEP, {}), "bits.png": (GREY > 9, {}), "colour.png": (RGB, {}),
        "palette.png": (coloured.quantize(16), {}), "alpha.png": (np.dstack([RGB, GREY]), {}),
        "grey alpha.png": (np.dstack([GREY, GREY]), {}), "grey.jpg": (GREY, {}), "colour.jpg": (RGB, {}),
        "four.jpg": (coloured.convert("CMYK"), {}), "progressive.jpg": (RGB, {"progressive": True}),
    }  # fmt: skip
    for name, (made, options) in pictures.items():
        path = tmp_path / name
        (made if isinstance(made, Image.Image) else Image.fromarray(made)).save(path, **options)
        size = read_size(path.read_bytes())
        with Image.open(path) as opened:
            assert size is not None
            assert (size.width, size.height, size.channels) == (*opened.size, len(opened.getbands())), name
        pixels = decode(ImageRef(path)).pixels
        assert size.height * size.width * size.pixel_bytes in (pixels.nbytes, 3 * pixels.nbytes), name
    Image.fromarray(GREY).save(tmp_path / "film.tif")
    assert read_size((tmp_path / "film.tif").read_bytes()) is None
    assert read_size((tmp_path / "deep.png").read_bytes()[:20]) is None


@pytest.mark.parametrize("wanted", [(1, 1), (30, 50), (50, 30), (100, 100), (240, 3)])
@pytest.mark.parametrize("turned", [1, 6])
def test_a_reduced_picture_is_never_larger_than_was_reckoned(
    tmp_path: Path, wanted: tuple[int, int], turned: int
) -> None:
    exif = Image.Exif()
    exif[274] = turned
    path = tmp_path / "film.jpg"
    Image.fromarray(film(237, 401, bits=8)).save(path, exif=exif)
    size = read_size(path.read_bytes())
    assert size is not None
    claimed = reduced(size, wanted)
    assert decode_reduced(ImageRef(path), wanted).pixels.size <= claimed.height * claimed.width
