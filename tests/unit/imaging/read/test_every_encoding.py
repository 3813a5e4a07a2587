"""Every depth × sign × photometric interpretation × transfer syntax that can be encoded here comes back exactly."""

from __future__ import annotations

from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom.uid import UID

from imaging.read.decode import decode
from imaging.study import ImageRef
from tests import dicom_files as make

ROWS, COLUMNS = 9, 14
LOSSLESS_57 = "1.2.840.10008.1.2.4.57"
ANY_LOSSLESS = (*make.LOSSLESS, LOSSLESS_57)
DEPTHS = {make.RLE: 32, make.DEFLATED_FRAMES: 32}  # up to which bits can be stored; 16 in codestreams
SHALLOWEST = {make.JPEG_LOSSLESS: 2, LOSSLESS_57: 2, make.JPEG_LS: 2}
COLOURS = (make.RLE, make.JPEG_LS, make.JPEG_2000, make.HTJ2K, make.DEFLATED_FRAMES, make.JPEG_XL)


def written(folder: Path, pixels: make.Pixels, syntax: str, **options: Any) -> Path:
    """As `make.write_dicom`, for process 14 of lossless JPEG too, whose first-order files are the same."""
    made = make.dataset(pixels, transfer_syntax=make.JPEG_LOSSLESS if syntax == LOSSLESS_57 else syntax, **options)
    made.file_meta.TransferSyntaxUID = UID(syntax)
    return make.write_dataset(folder / "film", made)


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("syntax", [*make.NATIVE, *ANY_LOSSLESS])
def test_grey(tmp_path: Path, syntax: str, signed: bool) -> None:
    deepest = 32 if syntax in make.NATIVE else DEPTHS.get(syntax, 16)
    for bits in range(SHALLOWEST.get(syntax, 1), deepest + 1):
        pixels = make.film(ROWS, COLUMNS, bits=bits, signed=signed, seed=bits)
        for photometric in ("MONOCHROME1", "MONOCHROME2") if bits in (8, 12, 16) else ("MONOCHROME2",):
            path = written(tmp_path, pixels, syntax, bits_stored=bits, photometric=photometric)
            image = decode(ImageRef(path))
            assert (image.bits, image.pixels.dtype, image.complete) == (bits, pixels.dtype, 1.0)
            assert image.inverted == (photometric == "MONOCHROME1")
            np.testing.assert_array_equal(image.pixels, pixels, err_msg=f"{bits} bits")


@pytest.mark.parametrize("syntax", [*make.NATIVE, *COLOURS])
def test_colours(tmp_path: Path, syntax: str) -> None:
    rgb = np.stack([make.film(ROWS, COLUMNS, bits=8, seed=seed) for seed in range(3)], axis=-1)
    for planar in (False, True) if syntax in make.NATIVE else (False,):
        path = written(tmp_path, rgb, syntax, photometric="RGB", planar=planar)
        np.testing.assert_array_equal(decode(ImageRef(path)).pixels, rgb)


@pytest.mark.parametrize("syntax", [*make.NATIVE, make.RLE, make.JPEG_LS, make.JPEG_2000, make.DEFLATED_FRAMES])
def test_frames_of_odd_size(tmp_path: Path, syntax: str) -> None:
    """Three frames of 3 x 5 pixels of one byte: two of them begin on an odd byte."""
    frames = np.stack([make.film(3, 5, bits=8, seed=seed) for seed in range(3)])
    path = written(tmp_path, frames, syntax, frames=3)
    for number in range(3):
        np.testing.assert_array_equal(decode(ImageRef(path, number)).pixels, frames[number])


def packed(pixels: make.Pixels, bits: int, *, big_endian: bool) -> bytes:
    """Samples of `bits` bits side by side, bit by bit from the lowest (PS3.5 annex D); big endian in swapped words."""
    stream = 0
    for place, value in enumerate(pixels.reshape(-1).tolist()):
        stream |= (value & ((1 << bits) - 1)) << (place * bits)
    length = -(-pixels.size * bits // 16) * 2
    data = stream.to_bytes(length, "little")
    return b"".join(data[at : at + 2][::-1] for at in range(0, length, 2)) if big_endian else data


@pytest.mark.parametrize("frames", [1, 3])
@pytest.mark.parametrize("syntax", [make.IMPLICIT, make.EXPLICIT, make.BIG_ENDIAN])
def test_samples_that_are_no_whole_bytes(tmp_path: Path, syntax: str, frames: int) -> None:
    for bits, signed in product((2, 4, 6, 10, 12, 14, 20, 24, 31), (False, True)):
        pixels = np.stack([make.film(ROWS, COLUMNS, bits=bits, signed=signed, seed=seed) for seed in range(frames)])
        options: dict[str, Any] = {"BitsAllocated": bits, "BitsStored": bits, "HighBit": bits - 1}
        made = make.dataset(pixels if frames > 1 else pixels[0], frames=frames, transfer_syntax=syntax, **options)
        made.add_new("PixelData", "OW", packed(pixels, bits, big_endian=syntax == make.BIG_ENDIAN))
        path = make.write_dataset(tmp_path / "film", made)
        for number in range(frames):
            image = decode(ImageRef(path, number))
            np.testing.assert_array_equal(image.pixels, pixels[number], err_msg=f"{bits} bits")
            assert image.pixels.dtype == pixels.dtype


def test_many_packed_samples_are_unpacked_piece_by_piece(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("imaging.read.native._CELLS", 8)
    self_same = make.film(ROWS, COLUMNS, bits=12)
    made = make.dataset(self_same, BitsAllocated=12, BitsStored=12, HighBit=11)
    made.add_new("PixelData", "OW", packed(self_same, 12, big_endian=False))
    np.testing.assert_array_equal(decode(ImageRef(make.write_dataset(tmp_path / "film", made))).pixels, self_same)


def test_the_private_syntax_with_big_endian_pixels(tmp_path: Path) -> None:
    pixels = make.film(bits=12)
    made = make.dataset(pixels, bits_stored=12, transfer_syntax=make.IMPLICIT, PixelData=pixels.astype(">u2").tobytes())
    path = make.write_dataset(tmp_path / "film", made)
    implicit, private = b"1.2.840.10008.1.2\0", b"1.2.840.113619.5.2"
    data = path.read_bytes()
    at = data.index(b"\x02\x00\x10\x00UI")
    assert data[at + 8 :].startswith(implicit)
    path.write_bytes(data[: at + 8] + private + data[at + 8 + len(implicit) :])
    np.testing.assert_array_equal(decode(ImageRef(path)).pixels, pixels)
