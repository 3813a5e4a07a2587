"""Fragments to frames: by tables, by counting, by their ends; and tables that lie."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from imaging.errors import Code, FilmError
from imaging.read.decode import decode
from imaging.study import ImageRef
from tests import dicom_files as make

FRAMES = np.stack([make.film(bits=12, seed=seed) for seed in range(3)])
UNDEFINED = b"\xff\xff\xff\xff"


def codestreams() -> list[bytes]:
    made = make.dataset(FRAMES[0], bits_stored=12)
    return [_even(make._compressed(frame, make.JPEG_LS, made)) for frame in FRAMES]


def _even(data: bytes) -> bytes:
    return data + b"\0" * (len(data) % 2)


def item(data: bytes) -> bytes:
    return b"\xfe\xff\x00\xe0" + len(data).to_bytes(4, "little") + data


def words(numbers: Sequence[int], width: int = 4) -> bytes:
    return b"".join(number.to_bytes(width, "little") for number in numbers)


def film(path: Path, fragments: Sequence[bytes], table: Sequence[int] = (), **elements: Any) -> Path:
    """Three JPEG-LS frames in these fragments."""
    made = make.dataset(FRAMES, bits_stored=12, frames=3, transfer_syntax=make.JPEG_LS, **elements)
    data = make.write_dataset(path, made).read_bytes()
    at = data.index(b"\xe0\x7f\x10\x00OB\0\0" + UNDEFINED) + 12
    body = item(words(table)) + b"".join(item(fragment) for fragment in fragments)
    path.write_bytes(data[:at] + body + b"\xfe\xff\xdd\xe0\0\0\0\0")
    return path


def split(frames: Sequence[bytes]) -> tuple[list[bytes], list[int]]:
    """The second frame in two fragments, and the true offsets of the frames."""
    half = len(frames[1]) // 4 * 2
    pieces = [frames[0], frames[1][:half], frames[1][half:], frames[2]]
    starts = [0, *accumulate(len(piece) + 8 for piece in pieces)]
    return pieces, [starts[0], starts[1], starts[3]]


def assert_frames(path: Path) -> None:
    for number in range(3):
        np.testing.assert_array_equal(decode(ImageRef(path, number)).pixels, FRAMES[number])


def test_one_fragment_a_frame(tmp_path: Path) -> None:
    assert_frames(film(tmp_path / "film", codestreams()))


def test_by_the_basic_offset_table(tmp_path: Path) -> None:
    pieces, starts = split(codestreams())
    assert_frames(film(tmp_path / "film", pieces, starts))


def test_by_the_extended_offset_table(tmp_path: Path) -> None:
    pieces, starts = split(codestreams())
    lengths = [len(frame) for frame in codestreams()]
    tables = {"ExtendedOffsetTable": words(starts, 8), "ExtendedOffsetTableLengths": words(lengths, 8)}
    assert_frames(film(tmp_path / "film", pieces, **tables))


def test_without_a_table_by_their_ends(tmp_path: Path) -> None:
    assert_frames(film(tmp_path / "film", split(codestreams())[0]))


@pytest.mark.parametrize(
    "table", [(0, 4_000_000_000, 20), (0, 3, 5), (8, 16, 24), (0, 0, 0), (0,), tuple(range(9)), (5, 1, 0)]
)
def test_tables_that_point_nowhere_are_not_believed(tmp_path: Path, table: Sequence[int]) -> None:
    assert_frames(film(tmp_path / "film", split(codestreams())[0], table))
    extended = {"ExtendedOffsetTable": words(table, 8), "ExtendedOffsetTableLengths": words(table, 8)}
    assert_frames(film(tmp_path / "film", codestreams(), **extended))


def test_frames_behind_the_end_of_a_cut_file(tmp_path: Path) -> None:
    pieces, starts = split(codestreams())
    path = film(tmp_path / "film", pieces, starts)
    data = path.read_bytes()
    path.write_bytes(data[: data.index(pieces[1]) + len(pieces[1]) // 2])
    np.testing.assert_array_equal(decode(ImageRef(path, 0)).pixels, FRAMES[0])
    assert decode(ImageRef(path, 1)).complete < 0.5
    with pytest.raises(FilmError) as refusal:
        decode(ImageRef(path, 2))
    assert refusal.value.code is Code.TRUNCATED


def test_lengths_that_lie(tmp_path: Path) -> None:
    path = film(tmp_path / "film", codestreams())
    data = bytearray(path.read_bytes())
    at = data.index(codestreams()[1]) - 4
    data[at : at + 4] = b"\xf0\xff\xff\xff"
    path.write_bytes(bytes(data))
    np.testing.assert_array_equal(decode(ImageRef(path, 0)).pixels, FRAMES[0])
    with pytest.raises(FilmError) as refusal:
        decode(ImageRef(path, 2))
    assert refusal.value.code is Code.TRUNCATED


def test_no_fragments_at_all(tmp_path: Path) -> None:
    with pytest.raises(FilmError) as refusal:
        decode(ImageRef(film(tmp_path / "film", []), 0))
    assert refusal.value.code is Code.CORRUPT
