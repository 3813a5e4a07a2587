"""Compressed bytes read as plain ones: lazily, seekably, bounded."""

from __future__ import annotations

import gzip
import io
import zlib

import numpy as np
import pytest

from imaging.errors import Code, FilmError
from imaging.read.packed.inflated import GZIP, RAW, Inflated

PLAIN = np.random.default_rng(3).integers(0, 9, 300_000, np.uint8).tobytes()


def deflated(plain: bytes = PLAIN) -> bytes:
    deflater = zlib.compressobj(wbits=RAW)
    return deflater.compress(plain) + deflater.flush()


def opened(packed: bytes, most_bytes: int = 1 << 20, wbits: int | None = RAW, crc: int = -1) -> Inflated:
    return Inflated(io.BytesIO(packed), wbits=wbits, most_bytes=most_bytes, crc=crc)


def test_reading_back_and_forth() -> None:
    stream = opened(deflated())
    assert stream.read(10) == PLAIN[:10]
    assert stream.seek(200_000) == 200_000
    assert stream.read(7) == PLAIN[200_000:200_007]
    assert stream.seek(3) == 3
    assert stream.read() == PLAIN[3:]
    assert stream.seek(-5, io.SEEK_END) == len(PLAIN) - 5
    assert stream.read(99) == PLAIN[-5:]
    assert stream.read(1) == b""
    assert not stream.is_cut


def test_no_more_is_read_than_is_asked_for() -> None:
    source = io.BytesIO(deflated(PLAIN * 20))
    Inflated(source, wbits=RAW, most_bytes=1 << 30).read(1000)
    assert source.tell() <= 1 << 16


def test_reading_into_a_buffer() -> None:
    buffer = bytearray(1000)
    assert opened(deflated()).readinto(buffer) == 1000
    assert bytes(buffer) == PLAIN[:1000]


@pytest.mark.parametrize("size", [-1, 200_001])
def test_the_bound(size: int) -> None:
    assert opened(deflated(), 200_000).read(1000) == PLAIN[:1000]
    with pytest.raises(FilmError) as refusal:
        opened(deflated(), 200_000).read(size)
    assert refusal.value.code is Code.TOO_LARGE


def test_a_bomb_costs_little_more_than_its_bound() -> None:
    bomb = deflated(bytes(64 << 20))
    stream = opened(bomb, 1 << 20)
    with pytest.raises(FilmError):
        stream.read()
    assert stream._held.getbuffer().nbytes <= 3 << 20


def test_data_that_end_early_give_what_is_there() -> None:
    stream = opened(deflated()[:50_000])
    data = stream.read()
    assert 50_000 < len(data) < len(PLAIN)
    assert PLAIN.startswith(data)
    assert stream.is_cut


def test_damaged_data_are_refused() -> None:
    packed = bytearray(deflated())
    packed[:4] = b"\xff" * 4
    with pytest.raises(FilmError) as refusal:
        opened(bytes(packed)).read()
    assert refusal.value.code is Code.CORRUPT


@pytest.mark.parametrize("wbits", [RAW, None])
def test_the_sum_is_held_against_the_data(wbits: int | None) -> None:
    packed = PLAIN if wbits is None else deflated()
    assert opened(packed, wbits=wbits, crc=zlib.crc32(PLAIN)).read() == PLAIN
    with pytest.raises(FilmError) as refusal:
        opened(packed, wbits=wbits, crc=1).read()
    assert refusal.value.code is Code.CORRUPT


def test_gzip_files_one_behind_the_other() -> None:
    assert opened(gzip.compress(PLAIN) + gzip.compress(b"more"), wbits=GZIP).read() == PLAIN + b"more"
