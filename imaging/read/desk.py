"""Memory that the program and a decoding child both map: the compressed frame lies in it, the decoded one comes in it.

Linux alone has such memory without a name and without the bound of /dev/shm, which is 64 MB small in many containers
and kills whoever writes beyond it.

Desks are kept, and used again once nobody holds the film on them any more. That the system zeroes fresh pages and maps
them on both sides, one by one, costs more than many a decoder.
"""

from __future__ import annotations

import errno
import itertools
import mmap
import os
import sys
import weakref
from collections import deque
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any, NamedTuple

import numpy as np

from imaging.image import Pixels

HAS_DESKS = sys.platform == "linux"
_PAGE_BYTES = mmap.PAGESIZE
_KEPT_BYTES = 40 << 20  # of one child's desks, in use or not; what is beyond is used once
_COPIED_BYTES = 1 << 20  # a small result is copied: a list full of small pictures would hold a descriptor for each
_SLACK = 1.25  # the next film of a series may be compressed less well


class Slip(NamedTuple):
    """What the child is told of the desk on which a frame lies.

    `number` names a desk that is kept; it is None for one that is used once. `size` is that of a desk that the child
    does not know yet, whose descriptor follows, else 0. Desks that are `cleared` will not be used again.
    """

    number: int | None
    size: int
    data_start: int
    data_bytes: int
    cleared: tuple[int, ...]


@dataclass(frozen=True, slots=True, eq=False)
class _Desk:
    number: int | None
    size: int
    memory: mmap.mmap


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """A frame on its desk: where its first `result_bytes` will be the result. `descriptor` is that of a new desk."""

    desk: _Desk
    slip: Slip
    result_bytes: int
    descriptor: int | None

    def send(self, pipe: Connection[Any, Any], message: tuple[Any, ...]) -> None:
        """Send `message` with the slip behind it, and the memory where the child has not got it. Raises OSError."""
        from multiprocessing.reduction import send_handle

        pipe.send((*message, self.slip))
        if self.descriptor is not None:
            send_handle(pipe, self.descriptor, None)  # the process id matters on Windows alone

    def close(self) -> None:
        """Close the descriptor; the memory stays."""
        if self.descriptor is not None:
            os.close(self.descriptor)


class Desks:
    """The program's side: all desks that it shares with one child, which serves one caller at a time.

    The results live on without it, and may be given up on any thread at any time.
    """

    def __init__(self) -> None:
        self._numbers = itertools.count()
        self._kept_bytes = 0
        self._spare: list[_Desk] = []
        self._given_up: deque[_Desk] = deque()  # without a lock: whoever collects garbage may hold it already
        self._cleared: list[int] = []

    def lay(self, data: bytes, result_bytes: int) -> Place:
        """Put `data` on a desk that has room for the result before it; to be sent, and then taken or abandoned.

        Raises OSError where the machine has no memory, or no descriptors, left.
        """
        start = _rounded(result_bytes)
        desk, descriptor = self._spare_desk(start + len(data)), None
        if desk is None:
            desk, descriptor = self._new_desk(start, data)
        else:
            desk.memory[start : start + len(data)] = data
        cleared, self._cleared = tuple(self._cleared), []
        slip = Slip(desk.number, 0 if descriptor is None else desk.size, start, len(data), cleared)
        return Place(desk, slip, result_bytes, descriptor)

    def taken(self, place: Place) -> Pixels:
        """The result, uint8 [N], as the child has written it. The desk is in use until nobody holds any part of it."""
        desk, pixels = place.desk, np.frombuffer(place.desk.memory, np.uint8, place.result_bytes)
        is_copied = place.result_bytes <= _COPIED_BYTES
        if desk.number is not None and is_copied:
            self._given_up.append(desk)
        elif desk.number is not None:
            weakref.finalize(pixels, self._given_up.append, desk).atexit = False
        elif place.descriptor is not None:
            os.ftruncate(place.descriptor, place.slip.data_start)  # the data are no more needed: half of some films
        place.close()
        return pixels.copy() if is_copied else pixels

    def abandon(self, place: Place) -> None:
        """Of a frame that was refused: the desk is cleared, as the child may have had no room for it."""
        self._clear(place.desk)
        place.close()

    def _spare_desk(self, size: int) -> _Desk | None:
        """The smallest that nobody uses and that is large enough."""
        while self._given_up:
            self._spare.append(self._given_up.popleft())
        fitting = [desk for desk in self._spare if desk.size >= size]
        if not fitting:
            return None
        chosen = min(fitting, key=lambda desk: desk.size)
        self._spare.remove(chosen)
        return chosen

    def _new_desk(self, start: int, data: bytes) -> tuple[_Desk, int]:
        size = start + _rounded(int(len(data) * _SLACK) + 1)
        while self._spare and self._kept_bytes + size > _KEPT_BYTES:
            self._clear(self._spare.pop(0))  # all of them are too small
        is_kept = self._kept_bytes + size <= _KEPT_BYTES
        made, descriptor = _made(next(self._numbers) if is_kept else None, size, start, data)
        self._kept_bytes += size if is_kept else 0
        return made, descriptor

    def _clear(self, desk: _Desk) -> None:
        if desk.number is not None:
            self._cleared.append(desk.number)
            self._kept_bytes -= desk.size


class DesksInChild:
    """The child's side: the desks that it knows."""

    def __init__(self) -> None:
        self._known: dict[int, mmap.mmap] = {}

    def received(self, pipe: Connection[Any, Any], slip: Slip, result_bytes: int) -> tuple[Pixels, memoryview]:
        """Where the result goes, uint8 [result_bytes], and the data. Raises OSError, MemoryError.

        Of a desk that was used before the result holds an older film: whoever does not write all of it clears it.
        """
        for number in slip.cleared:
            self._known.pop(number, None)
        memory = self._known[slip.number] if slip.number is not None and not slip.size else _received(pipe, slip)
        if slip.number is not None:
            self._known[slip.number] = memory
        data = memoryview(memory)[slip.data_start : slip.data_start + slip.data_bytes]
        return np.frombuffer(memory, np.uint8, result_bytes), data.toreadonly()


def _received(pipe: Connection[Any, Any], slip: Slip) -> mmap.mmap:
    from multiprocessing.reduction import recv_handle

    descriptor = recv_handle(pipe)
    try:
        return _mapped(descriptor, slip.size, at_once=slip.number is not None)
    except OSError as error:
        if error.errno in (errno.ENOMEM, errno.EAGAIN):  # the limit of the process
            raise MemoryError from error
        raise
    finally:
        os.close(descriptor)


def _made(number: int | None, size: int, start: int, data: bytes) -> tuple[_Desk, int]:
    """A new desk with `data` from `start` on, and its descriptor. Raises OSError."""
    assert sys.platform == "linux"
    descriptor = os.memfd_create("frame", os.MFD_CLOEXEC)
    try:
        os.ftruncate(descriptor, size)
        if number is not None:  # all pages now, or an error: who writes to one that cannot be had is killed
            os.posix_fallocate(descriptor, 0, size)
        _write(descriptor, data, start)
        return _Desk(number, size, _mapped(descriptor, size, at_once=number is not None)), descriptor
    except OSError:
        os.close(descriptor)
        raise


def _mapped(descriptor: int, size: int, *, at_once: bool) -> mmap.mmap:
    assert sys.platform == "linux"
    flags = mmap.MAP_SHARED | (mmap.MAP_POPULATE if at_once else 0)
    return mmap.mmap(descriptor, size, flags, mmap.PROT_READ | mmap.PROT_WRITE)


def _write(descriptor: int, data: bytes, start: int) -> None:
    view = memoryview(data)
    while view:
        written = os.pwrite(descriptor, view, start)
        view, start = view[written:], start + written


def _rounded(size: int) -> int:
    return -(-size // _PAGE_BYTES) * _PAGE_BYTES
