"""What outlives the window: the session store, on its own lane. Nothing that was handed over is lost on closing."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal

from gui.jobs import Jobs, Lane
from gui.session import Decision, Store, film_digest, open_store
from imaging.errors import NegatoscopeError
from imaging.study import ImageRef

Write = Callable[[Store], None]


class _Desk:
    """The store, opened by whoever needs it first, and what is still to be written. Shared by the lane and the exit."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._store: Store | None = None
        self._lock = threading.Lock()
        self._unwritten: deque[Write] = deque()
        self.message = ""

    def put(self, write: Write) -> None:
        self._unwritten.append(write)

    def read(self, reader: Callable[[Store], Any]) -> Any:
        with self._lock:
            return reader(self._open())

    def write_all(self) -> None:
        """Write what is waiting, each once. Raises StoreError for the first that fails; the others stay for later."""
        with self._lock:
            while self._unwritten:
                self._unwritten.popleft()(self._open())

    def close(self) -> None:
        """Let a write that is at work end, then leave."""
        with self._lock:
            if self._store is not None:
                self._store.close()
                self._store = None

    def _open(self) -> Store:
        if self._store is None:
            opened = open_store(self._path)
            self._store = opened.store
            self.message = opened.message or ""
        return self._store


class Memory(QObject):
    """Decisions, recent folders and the window's state."""

    failed = Signal(str)
    noticed = Signal(str)  # something the reader should know, as that a damaged file was put aside
    recent_changed = Signal(object)  # tuple[Path, ...]

    def __init__(self, jobs: Jobs, path: Path | None = None, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._jobs = jobs
        self._desk = _Desk(path)

    def add_decision(self, ref: ImageRef, decision: Decision) -> None:
        """Store a decision about a film, which is named by its file's sha256."""
        self._write(lambda store: store.add_decision(replace(decision, film_sha256=film_digest(ref))))

    def decisions_of(self, ref: ImageRef, done: Callable[[tuple[Decision, ...]], None]) -> None:
        self._read(lambda store: store.latest(film_digest(ref), ref.frame), done)

    def state(self, key: str, done: Callable[[Any], None]) -> None:
        self._read(lambda store: store.state(key), done)

    def set_state(self, key: str, value: Any) -> None:
        self._write(lambda store: store.set_state(key, value))

    def look_for_recent(self) -> None:
        self._read(_existing_recent, self.recent_changed.emit)

    def add_recent(self, path: Path) -> None:
        self._write(lambda store: store.add_recent(path))
        self.look_for_recent()

    def close(self) -> None:
        """After the lanes have ended: write what is left and close the file. A failure is logged by the caller."""
        try:
            self._desk.write_all()
        finally:
            self._desk.close()

    def _write(self, write: Write) -> None:
        self._desk.put(write)
        self._jobs.submit(Lane.STORE, lambda token, progress: self._desk.write_all(), failed=self._failed)

    def _read(self, reader: Callable[[Store], Any], done: Callable[[Any], None]) -> None:
        def deliver(value: Any) -> None:
            if self._desk.message:
                self.noticed.emit(self._desk.message)
                self._desk.message = ""
            done(value)

        desk = self._desk
        self._jobs.submit(Lane.STORE, lambda token, progress: desk.read(reader), done=deliver, failed=self._failed)

    def _failed(self, error: NegatoscopeError) -> None:
        self.failed.emit(error.message)


def _existing_recent(store: Store) -> tuple[Path, ...]:
    return tuple(path for path in store.recent() if path.exists())
