"""Shared memory that is used again: never while anybody holds a film on it, and no older film shines through."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from imaging.image import Pixels
from imaging.read import desk as module
from imaging.read.codecs import Job, decode_job
from imaging.read.codestream import Family
from imaging.read.desk import Desks, DesksInChild, Place, Slip
from tests import dicom_files as make

MIB = 1 << 20
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere frames go over the pipe")


class Both:
    """Both sides in one process, and a decoder that fills its result with one value."""

    def __init__(self, ours: Connection[Any, Any], theirs: Connection[Any, Any]) -> None:
        self.desks, self.in_child = Desks(), DesksInChild()
        self.ours, self.theirs = ours, theirs
        self.slip: Slip | None = None
        self.place: Place | None = None

    def decoded(
        self, value: int, result_bytes: int = 2 * MIB, data: bytes = b"packed", *, refused: bool = False
    ) -> Pixels:
        self.place = place = self.desks.lay(data, result_bytes)
        place.send(self.ours, ("a job",))
        _, self.slip = self.theirs.recv()
        assert self.slip is not None
        out, received = self.in_child.received(self.theirs, self.slip, result_bytes)
        assert bytes(received) == data
        out[...] = value
        if refused:
            self.desks.abandon(place)
        return self.desks.taken(place) if not refused else out


@pytest.fixture
def both() -> Iterator[Both]:
    ours, theirs = Pipe()
    with ours, theirs:
        yield Both(ours, theirs)


def place_of(both: Both) -> tuple[int | None, bool]:
    """The desk's number, and whether it was new."""
    assert both.slip is not None
    return both.slip.number, bool(both.slip.size)


def test_a_desk_is_used_again_once_nobody_holds_the_film_on_it(both: Both) -> None:
    first = both.decoded(1)
    second = both.decoded(2)
    assert place_of(both) == (1, True)
    assert (first == 1).all()
    part = first.reshape(1024, -1)[5:, 7]
    del first
    both.decoded(3)
    assert place_of(both) == (2, True)  # of the first film a part is still held
    assert (part == 1).all()
    del part
    assert (both.decoded(4) == 4).all()
    assert place_of(both) in {(0, False), (2, False)}
    assert (second == 2).all()


def test_small_results_are_copied_and_leave_their_desk_at_once(both: Both) -> None:
    results = [both.decoded(value, 1000) for value in range(5)]
    assert place_of(both) == (0, False)
    assert [int(result[0]) for result in results] == [0, 1, 2, 3, 4]


def test_what_is_kept_is_bounded(both: Both, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_KEPT_BYTES", 5 * MIB)
    held = [both.decoded(value) for value in range(3)]
    assert place_of(both) == (None, True)
    assert [int(result[0]) for result in held] == [0, 1, 2]
    held.clear()
    assert (both.decoded(7, 4 * MIB) == 7).all()
    assert both.slip is not None
    assert sorted(both.slip.cleared) == [0, 1]
    assert both.slip.number is not None
    assert list(both.in_child._known) == [both.slip.number]


def test_a_desk_that_is_not_kept_holds_the_film_and_nothing_else(both: Both, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_KEPT_BYTES", MIB)
    open_before = len(list(Path("/proc/self/fd").iterdir()))
    film = both.decoded(5, data=bytes(3 * MIB))
    assert both.place is not None
    assert both.place.desk.memory.size() == film.size
    assert (film == 5).all()
    both.place = None
    del film
    assert len(list(Path("/proc/self/fd").iterdir())) == open_before


def test_the_desk_of_a_refused_frame_is_cleared(both: Both) -> None:
    both.decoded(1, refused=True)
    both.decoded(2)
    assert both.slip is not None
    assert (both.slip.number, both.slip.cleared) == (1, (0,))


def test_longer_data_than_before_find_room(both: Both) -> None:
    both.decoded(1, data=bytes(range(256)) * 40)
    both.decoded(2, data=bytes(range(256)) * 400)
    assert place_of(both) == (1, True)


FAMILIES: dict[str, Family] = {
    make.RLE: "rle", make.DEFLATED_FRAMES: "deflate", make.JPEG_2000: "jpeg_2000", make.HTJ2K: "jpeg_2000",
    make.JPEG_LS: "jpeg_ls", make.JPEG_XL: "jpeg_xl", make.JPEG_LOSSLESS: "jpeg", make.JPEG_BASELINE: "jpeg",
}  # fmt: skip


@pytest.mark.parametrize("bits", [8, 12])
@pytest.mark.parametrize("kept", [1.0, 0.6])
@pytest.mark.parametrize("syntax", FAMILIES)
def test_no_older_film_shines_through(syntax: str, kept: float, bits: int) -> None:
    """Whatever the decoders make of a frame, whole or cut short: what stood there before makes no difference."""
    bits = 8 if syntax == make.JPEG_BASELINE else bits
    pixels = make.film(120, 90, bits)
    whole = make._compressed(pixels, syntax, make.dataset(pixels, bits_stored=bits))
    data = memoryview(whole[: int(len(whole) * kept)])
    packed = pixels.nbytes if FAMILIES[syntax] in ("rle", "deflate") else 0
    job = Job(FAMILIES[syntax], 120, 90, 1, pixels.itemsize, bits, packed_bytes=packed, is_cut=kept < 1.0)
    results: list[bytes | str] = []
    for before in (0, 0xAB):
        out = np.full(job.result_bytes, before, np.uint8)
        try:
            share = decode_job(job, data, out)
        except (RuntimeError, ValueError) as error:
            results.append(type(error).__name__)
        else:
            results.append(f"{share} ".encode() + out.tobytes())
    assert results[0] == results[1]
    assert kept < 1.0 or isinstance(results[0], bytes)
