"""Which film the model looks at next. Free of Qt."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from imaging.study import ImageRef


@dataclass(frozen=True, slots=True)
class QueueProgress:
    """How far the queue is. `done` counts the films that were looked at since the queue was last empty."""

    done: int = 0
    total: int = 0
    active: bool = False
    stopped: bool = False  # the reader stopped it, and there is something to go on with
    held: bool = False  # there is, but it was never begun: the reader wants to ask for it


class AnalysisQueue:
    """Films in the order in which they were opened, with the one on screen let through first."""

    def __init__(self) -> None:
        self._waiting: dict[str, ImageRef] = {}
        self._running: str | None = None
        self._done = 0

    def add(self, refs: Iterable[ImageRef]) -> list[str]:
        """Add films that do not wait already. Returns the keys that are new."""
        if not self._waiting and self._running is None:
            self._done = 0
        fresh = {ref.key: ref for ref in refs if ref.key not in self._waiting and ref.key != self._running}
        self._waiting.update(fresh)
        return list(fresh)

    def take(self, preferred: Iterable[str] = ()) -> ImageRef | None:
        """The next film to look at, or None when nothing waits or one is being looked at."""
        if self._running is not None or not self._waiting:
            return None
        key = next((key for key in preferred if key in self._waiting), next(iter(self._waiting)))
        self._running = key
        return self._waiting.pop(key)

    def finish(self, key: str) -> None:
        if self._running == key:
            self._running = None
            self._done += 1

    def drop(self, key: str) -> None:
        """A film turned out to be unreadable before its turn came."""
        if self._waiting.pop(key, None) is not None:
            self._done += 1

    def clear(self) -> list[ImageRef]:
        """Forget what waits. Returns it."""
        dropped = list(self._waiting.values())
        self._waiting.clear()
        self._running = None
        self._done = 0
        return dropped

    @property
    def running(self) -> str | None:
        return self._running

    @property
    def done(self) -> int:
        return self._done

    @property
    def total(self) -> int:
        return self._done + len(self._waiting) + (self._running is not None)

    @property
    def active(self) -> bool:
        return bool(self._waiting) or self._running is not None
