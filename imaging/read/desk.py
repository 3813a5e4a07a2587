"""Memory that the program and a decoding child both map: the compressed frame lies in it, the decoded one comes in it.

Linux alone has such memory without a name and without the bound of /dev/shm, which is 64 MB small in many containers
and kills whoever writes beyond it.
"""

from __future__ import annotations

import errno
import mmap
import os
import sys
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

import numpy as np

from imaging.image import Pixels

_PAGE_BYTES = mmap.PAGESIZE


@dataclass(frozen=True, slots=True, eq=False)
class Desk:
    """The program's side. `result` is uint8 [N], zero until the child has written; it keeps the memory alive."""

    descriptor: int
    result: Pixels

    @staticmethod
    def made(result_bytes: int, data: bytes) -> Desk | None:
        """A desk with room for the result, and `data` on the pages behind it; None where the system has none."""
        if sys.platform != "linux":
            return None
        descriptor = os.memfd_create("frame", os.MFD_CLOEXEC)
        try:
            start = _data_start(result_bytes)
            os.ftruncate(descriptor, start + max(len(data), 1))
            _write(descriptor, data, start)
            mapped = mmap.mmap(descriptor, result_bytes, mmap.MAP_SHARED, mmap.PROT_READ | mmap.PROT_WRITE)
        except OSError:
            os.close(descriptor)
            raise
        return Desk(descriptor, np.frombuffer(mapped, np.uint8))

    def send(self, pipe: Connection[Any, Any], pid: int | None) -> None:
        """Let the child have the memory too. Raises OSError."""
        from multiprocessing.reduction import send_handle

        send_handle(pipe, self.descriptor, pid)

    def close(self) -> None:
        """Close the descriptor; the result stays."""
        os.close(self.descriptor)


def received_desk(pipe: Connection[Any, Any], result_bytes: int, data_bytes: int) -> tuple[Pixels, bytes]:
    """The child's side: where the result goes, uint8 [N], and the data. Raises OSError, MemoryError."""
    from multiprocessing.reduction import recv_handle

    descriptor = recv_handle(pipe)
    try:
        data = os.pread(descriptor, data_bytes, _data_start(result_bytes))
        mapped = mmap.mmap(descriptor, result_bytes, mmap.MAP_SHARED, mmap.PROT_READ | mmap.PROT_WRITE)
    except OSError as error:
        if error.errno == errno.ENOMEM:  # the limit of the process
            raise MemoryError from error
        raise
    finally:
        os.close(descriptor)
    return np.frombuffer(mapped, np.uint8), data


def _data_start(result_bytes: int) -> int:
    return -(-result_bytes // _PAGE_BYTES) * _PAGE_BYTES


def _write(descriptor: int, data: bytes, start: int) -> None:
    view = memoryview(data)
    while view:
        written = os.pwrite(descriptor, view, start)
        view, start = view[written:], start + written
