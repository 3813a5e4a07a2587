"""Threads that take tasks by priority. Free of Qt."""

from __future__ import annotations

import heapq
import itertools
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(slots=True)
class Task:
    """One thing to run. `key` names it for `reprioritise`; lower priorities run first."""

    key: object
    priority: int
    run: Callable[[], None]
    order: int = field(default=0)

    def __lt__(self, other: Task) -> bool:
        return (self.priority, self.order) < (other.priority, other.order)


def run_within(fn: Callable[[], None], limit_s: float) -> bool:
    """Run `fn` on a daemon thread and wait for it, but no longer than that. Returns whether it has ended."""
    thread = threading.Thread(target=fn, name="jobs-last", daemon=True)
    thread.start()
    thread.join(limit_s)
    return not thread.is_alive()


class LaneThreads:
    """Up to `count` daemon threads, started as work arrives, that take the most urgent task first. Thread-safe."""

    def __init__(self, name: str, count: int) -> None:
        self._name = name
        self._count = count
        self._changed = threading.Condition()
        self._waiting: list[Task] = []
        self._threads: list[threading.Thread] = []
        self._resting = 0
        self._held_from: int | None = None  # tasks of this priority and behind are not taken
        self._closed = False
        self._numbers = itertools.count()

    def put(self, task: Task) -> None:
        """Add a task; ignored once the lane is closed."""
        with self._changed:
            if self._closed:
                return
            task.order = next(self._numbers)
            heapq.heappush(self._waiting, task)
            if self._resting < len(self._waiting) and len(self._threads) < self._count:
                name = f"{self._name}-{len(self._threads)}"
                thread = threading.Thread(target=self._work, name=name, daemon=True)
                self._threads.append(thread)
                thread.start()
            self._changed.notify()

    def reprioritise(self, key: object, priority: int) -> None:
        """Move the waiting task of this key; nothing happens where it no longer waits."""
        with self._changed:
            for task in self._waiting:
                if task.key is key:
                    task.priority = priority
                    heapq.heapify(self._waiting)
                    return

    def hold(self, priority: int | None) -> None:
        """Take no task of this priority, or behind it, until told otherwise; None takes all again."""
        with self._changed:
            self._held_from = priority
            self._changed.notify_all()

    def close(self) -> None:
        """Forget what waits and let each thread end after the task it is at."""
        with self._changed:
            self._closed = True
            self._waiting.clear()
            self._changed.notify_all()

    def join(self, deadline: float) -> bool:
        """Wait until `deadline` (of `time.monotonic`). Returns whether every thread has ended."""
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        return not any(thread.is_alive() for thread in self._threads)

    def _work(self) -> None:
        while (task := self._next()) is not None:
            task.run()
            # Nothing of a finished job may outlive it here until the next one comes: it can hold a whole film.
            del task

    def _next(self) -> Task | None:
        with self._changed:
            self._resting += 1
            try:
                while not self._has_work() and not self._closed:
                    self._changed.wait()
                return None if self._closed else heapq.heappop(self._waiting)
            finally:
                self._resting -= 1

    def _has_work(self) -> bool:
        held_from = self._held_from
        return bool(self._waiting) and (held_from is None or self._waiting[0].priority < held_from)
