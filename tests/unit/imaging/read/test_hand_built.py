"""Hostile files built by hand: small, and claiming much. Each is refused soon, by its code, with little memory."""

from __future__ import annotations

import gzip
import io
import json
import os
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import pytest
from PIL import Image
from pydicom.encaps import encapsulate

from imaging.confined import resident_bytes
from imaging.errors import Code
from imaging.read.limits import MIB, limits_in_force
from tests import dicom_files as make
from tests.soak.outcome import SHOWN, outcome_of

HUGE = 60_000
MOST_SECONDS, MOST_MIB = 30.0, 500
LIMITS = {"max_inflated_bytes": 64 * MIB, "max_header_bytes": 32 * MIB, "timeout_s": 10}
Build = Callable[[Path], bytes]


def dicom(folder: Path, codestream: bytes, syntax: str, **elements: Any) -> bytes:
    """A film of 24 x 32 pixels of 8 bits with another codestream in it."""
    made = make.dataset(make.film(bits=8), transfer_syntax=syntax, **elements)
    made.PixelData = encapsulate([codestream])
    return make.write_dataset(folder / "made", made).read_bytes()


def claiming(codestream: bytes, at: int, layout: str) -> bytes:
    """The codestream with its size set to 60,000 squared."""
    claimed = bytearray(codestream)
    struct.pack_into(layout, claimed, at, HUGE, HUGE)
    return bytes(claimed)


def jpeg(folder: Path) -> bytes:
    stream = bytes(imagecodecs.jpeg8_encode(make.film(bits=8)))
    return dicom(folder, claiming(stream, stream.index(b"\xff\xc0") + 5, ">HH"), make.JPEG_BASELINE)


def jpeg_ls(folder: Path) -> bytes:
    stream = bytes(imagecodecs.jpegls_encode(make.film(bits=8)))
    return dicom(folder, claiming(stream, stream.index(b"\xff\xf7") + 5, ">HH"), make.JPEG_LS)


def jpeg_2000(folder: Path) -> bytes:
    stream = bytes(imagecodecs.jpeg2k_encode(make.film(bits=8), level=0, reversible=True, codecformat="j2k"))
    return dicom(folder, claiming(stream, 8, ">II"), make.JPEG_2000)


def tiles_of_jpeg_2000(folder: Path) -> bytes:
    """The picture is as large as the header says; its tiles are 1 x 1, which makes 768 of them, each with its state."""
    stream = bytearray(imagecodecs.jpeg2k_encode(make.film(bits=8), level=0, reversible=True, codecformat="j2k"))
    struct.pack_into(">II", stream, 24, 1, 1)
    return dicom(folder, bytes(stream), make.JPEG_2000)


def jpeg_xl(folder: Path) -> bytes:
    return dicom(folder, bytes(imagecodecs.jpegxl_encode(np.zeros((8000, 8000), np.uint8), effort=1)), make.JPEG_XL)


def header(folder: Path) -> bytes:
    return make.write_dataset(folder / "made", make.dataset(make.film(), Rows=HUGE, Columns=HUGE)).read_bytes()


def frames(folder: Path) -> bytes:
    return make.write_dataset(folder / "made", make.dataset(make.film(), NumberOfFrames=2**31 - 1)).read_bytes()


def rle(folder: Path) -> bytes:
    """A header of 150 megapixels that is allowed, over 1 MB of runs."""
    runs = struct.pack("<16I", 1, 64, *[0] * 14) + b"\x81\x00" * (MIB // 2)
    return dicom(folder, runs, make.RLE, Rows=12_000, Columns=12_000)


def deflated_frame(folder: Path) -> bytes:
    deflater = zlib.compressobj(9, wbits=-15)
    bomb = b"".join(deflater.compress(bytes(MIB)) for _ in range(100)) + deflater.flush()
    return dicom(folder, bomb, make.DEFLATED_FRAMES)


def deflated_file(folder: Path) -> bytes:
    data = make.write_dicom(folder / "made", make.film(), transfer_syntax=make.DEFLATED).read_bytes()
    start = 144 + int.from_bytes(data[140:144], "little")
    deflater = zlib.compressobj(9, wbits=-15)
    element = struct.pack("<HH2sHI", 0x0029, 0x1010, b"OB", 0, 2000 * MIB)
    return (
        data[:start]
        + deflater.compress(element)
        + b"".join(deflater.compress(bytes(MIB)) for _ in range(50))
        + deflater.flush()
    )


def gzip_bomb(folder: Path) -> bytes:
    return gzip.compress(make.write_dicom(folder / "made", make.film()).read_bytes() + bytes(80 * MIB), 1)


def zip_bomb(folder: Path) -> bytes:
    packed = io.BytesIO()
    with (
        zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
        archive.open("film", "w") as film,
    ):
        film.write(make.write_dicom(folder / "made", make.film()).read_bytes())
        for _ in range(80):
            film.write(bytes(MIB))
    return packed.getvalue()


def png(folder: Path) -> bytes:
    ihdr = b"IHDR" + struct.pack(">IIBBBBB", HUGE, HUGE, 8, 0, 0, 0, 0)
    data = b"IDAT" + zlib.compress(bytes(MIB))
    chunks = (ihdr, data, b"IEND")
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk)) for chunk in chunks
    )


def jpeg_picture(folder: Path) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(make.film(bits=8)).save(stream, "JPEG")
    data = stream.getvalue()
    return claiming(data, data.index(b"\xff\xc0") + 5, ">HH")


def tiff(folder: Path) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(make.film(bits=8)).save(stream, "TIFF", compression="tiff_lzw")
    data = bytearray(stream.getvalue())
    for tag in (256, 257):
        at = (
            data.index(struct.pack("<HHI", tag, 4, 1))
            if struct.pack("<HHI", tag, 4, 1) in data
            else data.index(struct.pack("<HHI", tag, 3, 1))
        )
        data[at + 2 : at + 12] = struct.pack("<HII", 4, 1, HUGE)
    return bytes(data)


REFUSED: dict[Build, set[str]] = {
    jpeg: {Code.CORRUPT},
    jpeg_ls: {Code.CORRUPT},
    jpeg_2000: {Code.CORRUPT},
    tiles_of_jpeg_2000: {Code.CORRUPT, SHOWN},
    jpeg_xl: {Code.CORRUPT},
    header: {Code.TOO_LARGE},
    frames: {Code.TOO_LARGE},
    rle: {Code.CORRUPT, Code.TRUNCATED},
    deflated_frame: {SHOWN},
    deflated_file: {Code.TOO_LARGE},
    gzip_bomb: {Code.TOO_LARGE},
    zip_bomb: {Code.TOO_LARGE},
    png: {Code.TOO_LARGE},
    jpeg_picture: {Code.TOO_LARGE},
    tiff: {Code.TOO_LARGE},
}


@pytest.fixture
def _limits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A site's own: bombs need not be large to be too large."""
    (tmp_path / "site.json").write_text(json.dumps({"schema": 1, "limits": LIMITS}))
    monkeypatch.setenv("NEGATOSCOPE_SITE", str(tmp_path / "site.json"))
    limits_in_force.cache_clear()
    yield
    limits_in_force.cache_clear()


@pytest.mark.usefixtures("_limits")
@pytest.mark.parametrize("build", list(REFUSED), ids=lambda build: build.__name__)
def test_it_is_refused_soon_and_cheaply(tmp_path: Path, build: Build) -> None:
    (tmp_path / "film").write_bytes(build(tmp_path))
    held_mib = resident_bytes(os.getpid()) // MIB  # by the tests before
    outcome = outcome_of(tmp_path / "film", limits_in_force())
    assert outcome.what in REFUSED[build], outcome
    assert outcome.seconds < MOST_SECONDS
    assert max(outcome.main_mib - held_mib, outcome.child_mib) < MOST_MIB, outcome
