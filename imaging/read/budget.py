"""How many bytes of film may be decoded at once in this process: the one place that decides it.

A film of 12,000 x 12,000 pixels takes 0.9 GB while it is decoded and made ready. A few at a time are fine on any
machine; one on each of 64 cores would take it down, though each film by itself is within its limits.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from imaging.read.limits import limits_in_force

# What is in memory at the peak, in sizes of the decoded frame. Measured for 12,000 x 12,000 pixels of 16 bits: 2.0
# while uncompressed pixels are read (the file's bytes, the frame), 1.5 with the display pixels beside it; of compressed
# ones 1.4 here, and about as much again in the child.
PEAK = 3


class DecodingBudget:
    """Bytes that the films in flight may take together. Thread-safe; who comes first is served first.

    A film that is larger than the whole budget is decoded alone: whether it is too large, `limits` says.
    """

    def __init__(self, limit_bytes: int | None = None) -> None:
        """`limit_bytes` is that of the limits in force where it is not given."""
        self._limit_bytes = limit_bytes
        self._changed = threading.Condition()
        self._waiting: deque[object] = deque()
        self._used_bytes = 0
        self._mine = threading.local()

    @contextmanager
    def film(self) -> Iterator[None]:
        """One film's way on this thread, from its file to where little is left of it. An inner one is part of it."""
        if hasattr(self._mine, "claimed_bytes"):
            yield
            return
        self._mine.claimed_bytes = 0
        try:
            yield
        finally:
            self._give_back(self._mine.claimed_bytes)
            del self._mine.claimed_bytes

    def claim(self, frame_bytes: int) -> None:
        """Wait until there is room for a frame of this size; kept until the film's way ends.

        Called once the header has passed the limits, before anything is allocated. A film's second frame does not wait,
        as the first is kept: two films that waited for each other would do so for ever.
        """
        wanted = frame_bytes * PEAK
        ticket = object()
        with self._changed:
            if not self._mine.claimed_bytes:
                self._waiting.append(ticket)
                self._changed.wait_for(lambda: self._waiting[0] is ticket and self._has_room(wanted))
                self._waiting.popleft()
            self._mine.claimed_bytes += wanted
            self._used_bytes += wanted
            self._changed.notify_all()

    @property
    def used_bytes(self) -> int:
        with self._changed:
            return self._used_bytes

    def _has_room(self, wanted: int) -> bool:
        limit_bytes = self._limit_bytes or limits_in_force().in_flight_bytes
        return not self._used_bytes or self._used_bytes + wanted <= limit_bytes

    def _give_back(self, claimed: int) -> None:
        with self._changed:
            self._used_bytes -= claimed
            self._changed.notify_all()


# One for the process: `decode` is the only door to a film's pixels.
BUDGET = DecodingBudget()
