"""Jobs of which only the latest of each kind counts."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from gui.jobs import JobHandle, Jobs, Lane
from imaging.errors import NegatoscopeError
from imaging.progress import CancelToken, Progress

T = TypeVar("T")


class Latest:
    """A new job takes the place of the one before it in its slot. For the main thread."""

    def __init__(self, jobs: Jobs, failed: Callable[[NegatoscopeError], None], priority: int) -> None:
        self._jobs = jobs
        self._failed = failed
        self._priority = priority
        self._handles: dict[str, JobHandle] = {}

    def submit(
        self,
        slot: str,
        fn: Callable[[CancelToken, Progress], T],
        done: Callable[[T], None],
        failed: Callable[[NegatoscopeError], None] | None = None,
    ) -> None:
        """Run `fn` on a worker; `failed` in the place of the usual one."""
        if slot in self._handles:
            self._handles[slot].cancel()
        self._handles[slot] = self._jobs.submit(
            Lane.IO, fn, done=done, failed=failed or self._failed, priority=self._priority
        )

    def drop(self) -> None:
        """Give all of them up."""
        for handle in self._handles.values():
            handle.cancel()
        self._handles.clear()
