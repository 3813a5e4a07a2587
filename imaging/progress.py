"""Cancelling long work, and saying how far it is: the protocol between jobs and whoever started them."""

from __future__ import annotations

import threading
from typing import Protocol


class Cancelled(Exception):
    """The work was given up on request; not an error."""


class CancelToken:
    """A flag that one thread sets and another checks. Thread-safe."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def cancel(self) -> None:
        self._event.set()

    @property
    def cancelled(self) -> bool:
        return self._event.is_set()

    def check(self) -> None:
        """Raise `Cancelled` once the token is cancelled."""
        if self._event.is_set():
            raise Cancelled


class Progress(Protocol):
    """Called with what was done and, where known, how much there is in all."""

    def __call__(self, done: int, total: int | None = None) -> None: ...


def no_progress(done: int, total: int | None = None) -> None:
    """The progress of work that nobody watches."""
