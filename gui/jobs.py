"""Work off the window's thread: plain functions on lanes of threads, results delivered on the main thread.

Workers own no QObject. Whatever they have to say goes into one locked deque, and one coalesced signal wakes the
main thread, which delivers for a few milliseconds at a time so that painting and input never wait behind results.
"""

from __future__ import annotations

import logging
import time
import traceback
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from threading import Lock
from typing import Any, TypeVar

from PySide6.QtCore import QObject, Qt, QTimer, Signal, Slot

from gui.lanes import LaneThreads, Task
from gui.slow import Slow
from imaging.errors import NegatoscopeError
from imaging.progress import Cancelled, CancelToken, Progress

_LOG = logging.getLogger(__name__)

T = TypeVar("T")
S = TypeVar("S")

GiveWay = Callable[[], None]  # called on a worker that has time; returns once nobody waits for a film

DELIVERY_BUDGET_S = 0.006  # under half a frame at 60 Hz; what is left waits for the next turn of the event loop
CRASH_MESSAGE = "Something went wrong inside the program. The details are in the log file."
MEMORY_MESSAGE = "There is not enough memory for this. Close other programs and try again."


class Lane(StrEnum):
    """Where a job runs: reading files; everything that touches an engine; everything that touches SQLite."""

    IO = "io"
    MODEL = "model"
    STORE = "store"


THREADS = {Lane.IO: 3, Lane.MODEL: 1, Lane.STORE: 1}
HELD_FROM, HOLD_MS = 3, 1500  # priorities of the io lane that are held back, and for how long at most


class JobHandle:
    """One submitted job, as its owner sees it. Cancelling takes effect at once: no callback runs any more."""

    def __init__(self, lane: Lane, priority: int) -> None:
        self.lane = lane
        self.priority = priority
        self.token = CancelToken()

    def cancel(self) -> None:
        self.token.cancel()

    @property
    def cancelled(self) -> bool:
        return self.token.cancelled


@dataclass(slots=True)
class _Callbacks:
    """What a job's owner wants to hear. Lives and dies on the main thread, as what it refers to may be a widget."""

    done: Callable[[Any], None] | None = None
    failed: Callable[[NegatoscopeError], None] | None = None
    progress: Callable[[int, int | None], None] | None = None
    item: Callable[[Any], None] | None = None


@dataclass(frozen=True, slots=True)
class _Done:
    value: object


@dataclass(frozen=True, slots=True)
class _Failed:
    error: NegatoscopeError
    crashed: bool = False


@dataclass(frozen=True, slots=True)
class _Dropped:
    pass


@dataclass(frozen=True, slots=True)
class _Item:
    value: object


@dataclass(slots=True)
class _Progress:
    """The newest progress of a job; it is brought up to date in place until it is delivered."""

    done: int
    total: int | None


_News = _Done | _Failed | _Dropped | _Item | _Progress


class Jobs(QObject):
    """Runs jobs on lanes and delivers their news on the thread that made this object.

    Typed errors reach `failed`; a cancelled job stays silent; anything else is a defect: it goes to the log,
    to `crashed` (one dialog) and, in general words, to `failed`.
    """

    crashed = Signal(str)
    idle_reached = Signal()
    _wake = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._lock = Lock()
        self._news: deque[tuple[JobHandle, _News]] = deque()
        self._progress: dict[JobHandle, _Progress] = {}
        self._wake_sent = False
        self._closed = False
        self._busy = False
        self._live: dict[JobHandle, _Callbacks] = {}
        self.slow = Slow(self)
        self._lanes = {lane: LaneThreads(f"jobs-{lane}", count) for lane, count in THREADS.items()}
        # The wake only arms a timer: posted events that keep coming are all handled in one turn of the event loop,
        # while a timer lets input and painting in between.
        self._turn = QTimer(self, singleShot=True, interval=0)
        self._turn.timeout.connect(self._deliver)
        self._wake.connect(self._turn.start, Qt.ConnectionType.QueuedConnection)
        self._held = QTimer(self, singleShot=True, interval=HOLD_MS)
        self._held.timeout.connect(self.go_on)

    def submit(
        self,
        lane: Lane,
        fn: Callable[[CancelToken, Progress], T],
        *,
        done: Callable[[T], None] | None = None,
        failed: Callable[[NegatoscopeError], None] | None = None,
        progress: Callable[[int, int | None], None] | None = None,
        priority: int = 0,
        words: str = "",
    ) -> JobHandle:
        """Run `fn(token, progress)` on a lane; lower priorities first, equal ones in their order. Main thread only.

        `words` tell a reader who waits for it what is being done, once it takes long; '' where somebody else does.
        """
        callbacks = _Callbacks(done, failed, progress)
        return self._start(lane, lambda token, say, _stream: fn(token, say), callbacks, priority, words)

    def submit_stream(
        self,
        lane: Lane,
        fn: Callable[[CancelToken, Progress, Callable[[S], None]], T],
        *,
        item: Callable[[S], None],
        done: Callable[[T], None] | None = None,
        failed: Callable[[NegatoscopeError], None] | None = None,
        progress: Callable[[int, int | None], None] | None = None,
        priority: int = 0,
        words: str = "",
    ) -> JobHandle:
        """Like `submit`, for work that yields as it goes: `fn` calls its third argument for each thing found.

        `item` is called for each of them in their order, and before `done`.
        """
        return self._start(lane, fn, _Callbacks(done, failed, progress, item), priority, words)

    def reprioritise(self, handle: JobHandle, priority: int) -> None:
        """Move a job that still waits; one that runs or has run is left alone."""
        handle.priority = priority
        self._lanes[handle.lane].reprioritise(handle, priority)

    def hold_back(self) -> None:
        """Let what is not urgent wait for a moment: something else needs the whole machine."""
        self._lanes[Lane.IO].hold(HELD_FROM)
        self._held.start()

    @Slot()
    def go_on(self) -> None:
        """It has what it needed; do the rest."""
        self._held.stop()
        self._lanes[Lane.IO].hold(None)

    @property
    def idle(self) -> bool:
        """Nothing waits, nothing runs, everything was delivered."""
        return not self._live

    def shutdown(self, wait_s: float = 2.0) -> bool:
        """Cancel everything and wait, but no longer than `wait_s`. Returns whether every thread has ended.

        The threads are daemons: one that hangs in a driver or on a dead network drive does not hold up the exit.
        """
        with self._lock:
            self._closed = True
            self._news.clear()
            self._progress.clear()
        self._turn.stop()
        self._held.stop()
        self.slow.stop()
        for handle in self._live:
            handle.cancel()
        self._live.clear()
        deadline = time.monotonic() + wait_s
        for threads in self._lanes.values():
            threads.close()
        ended = [threads.join(deadline) for threads in self._lanes.values()]
        if not all(ended):
            _LOG.warning("left the program while a job was still running")
        return all(ended)

    def _start(self, lane: Lane, fn: Callable[..., Any], callbacks: _Callbacks, priority: int, words: str) -> JobHandle:
        handle = JobHandle(lane, priority)
        if self._closed:
            handle.cancel()
            return handle
        self._live[handle] = callbacks
        self._busy = True
        if words:
            self.slow.began(handle, words)
        self._lanes[lane].put(Task(handle, priority, lambda: self._run(handle, fn)))
        return handle

    # On a worker's thread.

    def _run(self, handle: JobHandle, fn: Callable[..., Any]) -> None:
        if handle.cancelled:
            self._tell(handle, _Dropped())
            return
        self._tell(handle, _outcome(handle, fn, self._progress_of(handle), lambda value: self._stream(handle, value)))

    def _progress_of(self, handle: JobHandle) -> Progress:
        def say(done: int, total: int | None = None) -> None:
            with self._lock:
                waiting = self._progress.get(handle)
                if waiting is not None:
                    waiting.done, waiting.total = done, total
                    return
                news = self._progress[handle] = _Progress(done, total)
                self._append(handle, news)

        return say

    def _stream(self, handle: JobHandle, value: object) -> None:
        handle.token.check()
        self._tell(handle, _Item(value))

    def _tell(self, handle: JobHandle, news: _News) -> None:
        with self._lock:
            self._append(handle, news)

    def _append(self, handle: JobHandle, news: _News) -> None:
        """Queue the news and wake the main thread once. The lock is held, so that no signal follows a shutdown."""
        if self._closed:
            return
        self._news.append((handle, news))
        if not self._wake_sent:
            self._wake_sent = True
            self._wake.emit()

    # On the main thread.

    @Slot()
    def _deliver(self) -> None:
        deadline = time.monotonic() + DELIVERY_BUDGET_S
        # Armed before any callback runs: one may open a dialog, whose own event loop goes on delivering, or raise.
        self._turn.start()
        while (taken := self._take()) is not None:
            self._hand_over(*taken)
            if time.monotonic() >= deadline:
                return
        self._turn.stop()
        if self._busy and not self._live and not self._closed:
            self._busy = False
            self.idle_reached.emit()

    def _take(self) -> tuple[JobHandle, _News] | None:
        with self._lock:
            if not self._news:
                self._wake_sent = False
                return None
            handle, news = self._news.popleft()
            if isinstance(news, _Progress):
                self._progress.pop(handle, None)
            return handle, news

    def _hand_over(self, handle: JobHandle, news: _News) -> None:
        ended = isinstance(news, _Done | _Failed | _Dropped)
        callbacks = self._live.pop(handle, None) if ended else self._live.get(handle)
        if ended:
            self.slow.ended(handle)
        if isinstance(news, _Failed) and news.crashed:
            self.crashed.emit(news.error.message)
        if callbacks is None or handle.cancelled:
            return
        match news:
            case _Done(value) if callbacks.done:
                callbacks.done(value)
            case _Failed(error) if callbacks.failed:
                callbacks.failed(error)
            case _Item(value) if callbacks.item:
                callbacks.item(value)
            case _Progress() if callbacks.progress:
                callbacks.progress(news.done, news.total)


def _outcome(
    handle: JobHandle, fn: Callable[..., Any], say: Progress, stream: Callable[[Any], None]
) -> _Done | _Failed | _Dropped:
    """Run the job and turn whatever happens into one value. The only place that catches every exception."""
    try:
        return _Done(fn(handle.token, say, stream))
    except Cancelled:
        return _Dropped()
    except NegatoscopeError as error:
        if error.detail:
            _LOG.info("a job was refused: %s", error.detail)
        return _Failed(error)
    except MemoryError:
        return _Failed(NegatoscopeError(MEMORY_MESSAGE))
    except Exception as error:
        # Without the exception's own text, which may quote a path or a header with a patient's name.
        frames = "".join(traceback.format_tb(error.__traceback__))
        _LOG.error("a job failed with %s\n%s", type(error).__name__, frames)
        return _Failed(NegatoscopeError(CRASH_MESSAGE), crashed=True)
