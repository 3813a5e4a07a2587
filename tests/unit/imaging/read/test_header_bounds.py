"""Headers that never end: bounded in bytes, in elements and in time."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from imaging.errors import Code, FilmError
from imaging.read.dataset import open_dicom
from imaging.read.decode import decode
from imaging.read.limits import DEFAULT_LIMITS, MIB, Limits
from imaging.read.values import items
from imaging.study import ImageRef
from tests import dicom_files as make

PRIVATE = struct.pack("<HH2sHI", 0x0029, 0x1010, b"OB", 0, 4 * MIB) + bytes(4 * MIB)
MANY = b"".join(struct.pack("<HH2sH", 0x0029, 0x1000 + at % 4096, b"LO", 0) for at in range(5000))


def with_header(path: Path, more: bytes, syntax: str = make.EXPLICIT) -> Path:
    """A film with these bytes before its pixel data."""
    data = make.write_dicom(path, make.film(), transfer_syntax=syntax).read_bytes()
    at = data.index(b"\xe0\x7f\x10\x00")
    path.write_bytes(data[:at] + more + data[at:])
    return path


def refused(path: Path, limits: Limits) -> Code:
    with pytest.raises(FilmError) as refusal:
        decode(ImageRef(path), limits=limits)
    return refusal.value.code


def test_large_headers_are_read(tmp_path: Path) -> None:
    assert decode(ImageRef(with_header(tmp_path / "film", PRIVATE))).pixels.shape == (24, 32)


@pytest.mark.parametrize(
    ("more", "limits"),
    [(PRIVATE, replace(DEFAULT_LIMITS, max_header_bytes=MIB)), (MANY, replace(DEFAULT_LIMITS, max_header_reads=1000))],
)
def test_beyond_the_bounds(tmp_path: Path, more: bytes, limits: Limits) -> None:
    path = with_header(tmp_path / "film", more)
    assert decode(ImageRef(path)).pixels.shape == (24, 32)
    assert refused(path, limits) is Code.TOO_LARGE


def test_beyond_the_time(tmp_path: Path) -> None:
    assert refused(with_header(tmp_path / "film", MANY), replace(DEFAULT_LIMITS, timeout_s=1e-6)) is Code.TIMEOUT


@pytest.mark.parametrize("length", [0xFFFFFFFE, 0x7FFFFFFF])
def test_a_length_that_lies(tmp_path: Path, length: int) -> None:
    path = with_header(tmp_path / "film", struct.pack("<HH2sHI", 0x0029, 0x1010, b"OB", 0, length))
    assert refused(path, DEFAULT_LIMITS) in (Code.TRUNCATED, Code.CORRUPT)


def nested(depth: int, explicit: Callable[[bytes], bytes]) -> bytes:
    inner = b""
    for _ in range(depth):
        inner = explicit(inner)
    return inner


def test_sequences_in_sequences_of_stated_length(tmp_path: Path) -> None:
    def wrapped(inner: bytes) -> bytes:
        item = b"\xfe\xff\x00\xe0" + struct.pack("<I", len(inner)) + inner
        return struct.pack("<HH2sHI", 0x0028, 0x3010, b"SQ", 0, len(item)) + item

    path = with_header(tmp_path / "film", nested(3000, wrapped))
    assert decode(ImageRef(path)).pixels.shape == (24, 32)


def test_a_sequence_too_long_to_be_looked_into(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    item = b"\xfe\xff\x00\xe0" + struct.pack("<I", len(PRIVATE)) + PRIVATE
    whole = item * 9
    path = with_header(tmp_path / "film", struct.pack("<HH2sHI", 0x0028, 0x3010, b"SQ", 0, len(whole)) + whole)
    with open_dicom(path, DEFAULT_LIMITS) as film:
        assert items(film.dataset, "VOILUTSequence") == ()
    assert decode(ImageRef(path)).voi == ()
