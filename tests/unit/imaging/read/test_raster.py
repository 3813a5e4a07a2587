"""PNG, JPEG and TIFF pictures come out of `decode` as they are."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageCms

from imaging.errors import Code, FilmError
from imaging.image import DecodedImage, Window
from imaging.read.decode import decode
from imaging.study import ImageRef
from tests.dicom_files import film

AS_STORED = (Window(127.5, 255.0, "LINEAR_EXACT", "as stored"),)
GREY = film(20, 30, bits=8)
DEEP = film(20, 30, bits=16)
RGB = np.stack([GREY, GREY[::-1], GREY[:, ::-1]], axis=-1)


def decoded(path: Path, frame: int = 0) -> DecodedImage:
    return decode(ImageRef(path, frame))


@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_grey(tmp_path: Path, suffix: str) -> None:
    Image.fromarray(GREY).save(tmp_path / f"film.{suffix}")
    image = decoded(tmp_path / f"film.{suffix}")
    np.testing.assert_array_equal(image.pixels, GREY)
    assert (image.bits, image.voi, image.frames, image.spacing) == (8, AS_STORED, 1, None)


@pytest.mark.parametrize("suffix", ["png", "tif", "jpg"])
def test_a_colour_profile_is_named_and_not_applied(tmp_path: Path, suffix: str) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("XYZ")).tobytes()
    saved: dict[str, dict[str, Any]] = {"with": {"icc_profile": profile}, "without": {}}
    for name, more in saved.items():
        Image.fromarray(GREY).save(tmp_path / f"{name}.{suffix}", **more)
    with_profile, without = (decoded(tmp_path / f"{name}.{suffix}") for name in ("with", "without"))
    assert (with_profile.header.icc, without.header.icc) == (True, False)
    np.testing.assert_array_equal(with_profile.pixels, without.pixels)


@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_16_bits_without_a_window(tmp_path: Path, suffix: str) -> None:
    Image.fromarray(DEEP).save(tmp_path / f"film.{suffix}")
    image = decoded(tmp_path / f"film.{suffix}")
    np.testing.assert_array_equal(image.pixels, DEEP)
    assert image.pixels.dtype == np.uint16
    assert (image.bits, image.voi) == (16, ())


def test_single_bits(tmp_path: Path) -> None:
    mask = GREY > 100
    Image.fromarray(mask).save(tmp_path / "film.png")
    np.testing.assert_array_equal(decoded(tmp_path / "film.png").pixels, mask * np.uint8(255))


def test_colour_stays_and_false_colour_becomes_grey(tmp_path: Path) -> None:
    Image.fromarray(RGB).save(tmp_path / "colour.png")
    Image.fromarray(np.stack([GREY] * 3, axis=-1)).save(tmp_path / "grey.png")
    np.testing.assert_array_equal(decoded(tmp_path / "colour.png").pixels, RGB)
    np.testing.assert_array_equal(decoded(tmp_path / "grey.png").pixels, GREY)


def test_transparency_lies_on_black(tmp_path: Path) -> None:
    alpha = np.full_like(GREY, 255)
    alpha[:5] = 0
    Image.fromarray(np.dstack([GREY, alpha])).save(tmp_path / "film.png")
    expected = GREY.copy()
    expected[:5] = 0
    np.testing.assert_array_equal(decoded(tmp_path / "film.png").pixels, expected)


def test_palette(tmp_path: Path) -> None:
    Image.fromarray(RGB).quantize(16).save(tmp_path / "film.png")
    expected = np.array(Image.open(tmp_path / "film.png").convert("RGB"))
    np.testing.assert_array_equal(decoded(tmp_path / "film.png").pixels, expected)


@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
def test_jpeg(tmp_path: Path, mode: str) -> None:
    smooth = np.array(Image.fromarray(RGB).resize((120, 80)).convert("RGB"))
    Image.fromarray(smooth).convert(mode).save(tmp_path / "film.jpg", quality=95)
    expected = smooth if mode != "L" else np.array(Image.fromarray(smooth).convert("L"))
    assert np.abs(decoded(tmp_path / "film.jpg").pixels.astype(int) - expected).mean() < 6


@pytest.mark.parametrize("turned", range(1, 9))
def test_exif_orientation(tmp_path: Path, turned: int) -> None:
    exif = Image.Exif()
    exif[274] = turned
    Image.fromarray(GREY).save(tmp_path / "film.png", exif=exif)
    expected = {
        1: GREY, 2: GREY[:, ::-1], 3: GREY[::-1, ::-1], 4: GREY[::-1],
        5: GREY.T, 6: GREY.T[:, ::-1], 7: GREY.T[::-1, ::-1], 8: GREY.T[::-1],
    }[turned]  # fmt: skip
    image = decoded(tmp_path / "film.png")
    np.testing.assert_array_equal(image.pixels, expected)
    assert image.full_size_px == expected.shape


def test_pages_of_a_tiff_are_frames(tmp_path: Path) -> None:
    first, second = Image.fromarray(DEEP), Image.fromarray(DEEP[::-1])
    first.save(tmp_path / "film.tif", save_all=True, append_images=[second])
    image = decoded(tmp_path / "film.tif", 1)
    np.testing.assert_array_equal(image.pixels, DEEP[::-1])
    assert image.frames == 2
    with pytest.raises(FilmError) as refusal:
        decoded(tmp_path / "film.tif", 2)
    assert refusal.value.code is Code.NO_SUCH_FRAME


@pytest.mark.parametrize("deep", [False, True])
def test_tiff_with_white_as_zero_shows_the_same_film(tmp_path: Path, deep: bool) -> None:
    pixels = DEEP if deep else GREY
    (tmp_path / "film.tif").write_bytes(_white_is_zero(pixels))
    image = decoded(tmp_path / "film.tif")
    shown = np.iinfo(pixels.dtype).max - image.pixels if image.inverted else image.pixels
    np.testing.assert_array_equal(shown, np.iinfo(pixels.dtype).max - pixels)


def _white_is_zero(pixels: np.ndarray) -> bytes:
    """A minimal TIFF 6.0 file with PhotometricInterpretation 0."""
    rows, columns = pixels.shape
    tags = [(256, columns), (257, rows), (258, pixels.dtype.itemsize * 8), (259, 1), (262, 0), (273, 8), (277, 1)]
    tags += [(278, rows), (279, pixels.nbytes)]
    data = pixels.tobytes()
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags)
    return b"II*\0" + struct.pack("<I", 8 + len(data)) + data + struct.pack("<H", len(tags)) + entries + bytes(4)


def test_32_bit_and_floating_tiff(tmp_path: Path) -> None:
    whole, floating = DEEP.astype("i4") * 1000, DEEP.astype("f4") / 7
    floating[2, 2] = np.nan
    Image.fromarray(whole).save(tmp_path / "whole.tif")
    Image.fromarray(floating).save(tmp_path / "floating.tif")
    np.testing.assert_array_equal(decoded(tmp_path / "whole.tif").pixels, whole)
    np.testing.assert_array_equal(decoded(tmp_path / "floating.tif").pixels, np.nan_to_num(floating))


def test_12000_by_12000_opens(tmp_path: Path) -> None:
    path = tmp_path / "film.png"
    Image.new("L", (12_000, 12_000), 77).save(path, compress_level=1)
    image = decoded(path)
    assert image.pixels.shape == (12_000, 12_000)
    assert image.pixels[-1, -1] == 77
