"""What pydicom may read before it reaches the pixels: a file may claim that its header never ends."""

from __future__ import annotations

import time
from typing import BinaryIO

from imaging.read import refuse
from imaging.read.limits import Limits


class HeaderBounds:
    """A stream that pydicom reads a header from. Beyond the limits, `read` raises FilmError TOO_LARGE or TIMEOUT."""

    def __init__(self, stream: BinaryIO, limits: Limits) -> None:
        self._stream, self._limits = stream, limits
        self._bytes_left, self._reads_left = limits.max_header_bytes, limits.max_header_reads
        self._deadline = time.monotonic() + limits.timeout_s
        self.seek, self.tell = stream.seek, stream.tell

    def read(self, size: int = -1) -> bytes:
        if size > self._bytes_left or size < 0:
            size = self._bytes_left + 1
        data = self._stream.read(size)
        self._bytes_left -= len(data)
        self._reads_left -= 1
        if self._bytes_left < 0 or self._reads_left < 0:
            raise refuse.needs_too_much_memory("a header beyond the bounds")
        if time.monotonic() > self._deadline:
            raise refuse.timed_out(self._limits)
        return data
