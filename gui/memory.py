"""What outlives the window: the session store, on its own lane. Nothing that was handed over is lost on closing."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from PySide6.QtCore import QObject, Signal

from gui.jobs import Jobs, Lane
from gui.second_reader.decision import Decision
from imaging.errors import NegatoscopeError
from imaging.study import ImageRef

if TYPE_CHECKING:
    from gui.session import Store

DIGEST_PRIORITY = 2  # behind the film that is being read and the scan
RECENT_PRIORITY = 20  # behind everything
READING, STORING = "Reading what was decided before…", "Storing what was decided…"

Write: TypeAlias = "Callable[[Store], None]"


class _Unwritten(NamedTuple):
    """Something to be written; `subject` names the film or the key that it is about."""

    subject: str
    write: Write


class _Desk:
    """The store, opened by whoever needs it first, and what is still to be written. Shared by the lane and the exit."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._store: Store | None = None
        self._lock = threading.Lock()
        self._unwritten: deque[_Unwritten] = deque()
        self.message = ""

    def put(self, item: _Unwritten) -> None:
        self._unwritten.append(item)

    def read(self, reader: Callable[[Store], Any]) -> Any:
        with self._lock:
            return reader(self._open())

    def write_all(self) -> None:
        """Write what is waiting. What fails is kept, for the next time and for the exit: a disk that is full or a drive
        that has gone may come back. Nothing of its subject overtakes it. Raises StoreError for the first that failed.
        """
        kept: list[_Unwritten] = []
        errors: list[NegatoscopeError] = []
        with self._lock:
            while self._unwritten:
                item = self._unwritten.popleft()
                if any(item.subject == earlier.subject for earlier in kept):
                    kept.append(item)
                    continue
                try:
                    item.write(self._open())
                except NegatoscopeError as error:
                    kept.append(item)
                    errors.append(error)
            self._unwritten.extendleft(reversed(kept))
        if errors:
            raise errors[0]

    def close(self) -> None:
        """Let a write that is at work end, then leave."""
        with self._lock:
            if self._store is not None:
                self._store.close()
                self._store = None

    def _open(self) -> Store:
        if self._store is None:
            from gui.session import open_store

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
        self._digests: dict[Path, str] = {}  # of the open films: a decision can be stored when their drive has gone
        self._recent: tuple[Path, ...] = ()
        self._looking = False

    def add_decision(self, ref: ImageRef, decision: Decision) -> None:
        """Store a decision about a film, which is named by its file's sha256."""
        known = self._digests.get(ref.path)
        self._write(ref.key, lambda store: store.add_decision(replace(decision, film_sha256=known or digest_of(ref))))

    def decisions_of(self, ref: ImageRef, done: Callable[[tuple[Decision, ...]], None]) -> None:
        """Hand over what was decided of a film that has just been opened."""

        def read(digest: str) -> None:
            self._digests[ref.path] = digest
            self._read(lambda store: store.latest(digest, ref.frame), done)

        # The film lies anywhere, the store in the user's folder: a drive that hangs must not hold up the store.
        self._jobs.submit(
            Lane.IO,
            lambda token, progress: digest_of(ref),
            done=read,
            failed=self._failed,
            priority=DIGEST_PRIORITY,
            words=READING,
        )

    def decided(self, label: str, done: Callable[[tuple[int, int]], None]) -> None:
        """Hand over how many films the reader called ill and healthy of a label, in all sessions."""
        self._read(lambda store: store.decided(label), done)

    def forget_films(self) -> None:
        """The films were closed; under their names others may come."""
        self._digests.clear()

    def state(self, key: str, done: Callable[[Any], None], read: Callable[[Any], Any] = lambda stored: stored) -> None:
        """Hand over what `read`, on the lane, makes of the JSON value that is kept; None where there is none."""
        self._read(lambda store: read(store.state(key)), done)

    def set_state(self, key: str, value: Any) -> None:
        """Keep JSON, or records that make JSON, under a key."""
        self._write(key, lambda store: store.set_state(key, as_json(value)))

    def look_for_recent(self) -> None:
        """Tell which of the recent folders are there."""
        self._read(lambda store: store.recent(), self._look_at)

    def add_recent(self, folders: Sequence[Path]) -> None:
        for folder in folders:
            self._write("recent folders", _adding(folder))
        self.look_for_recent()

    def _look_at(self, recent: tuple[Path, ...]) -> None:
        """One look at a time: each may hang for minutes on a drive that has gone."""
        self._recent = recent
        if not self._looking:
            self._looking = True
            self._jobs.submit(
                Lane.IO,
                lambda token, progress: tuple(path for path in recent if is_there(path)),
                done=lambda there: self._looked_at(recent, there),
                priority=RECENT_PRIORITY,
            )

    def _looked_at(self, recent: tuple[Path, ...], there: tuple[Path, ...]) -> None:
        self._looking = False
        self.recent_changed.emit(there)
        if self._recent != recent:
            self._look_at(self._recent)

    def close(self) -> None:
        """After the lanes have ended: write what is left and close the file. Raises StoreError."""
        try:
            self._desk.write_all()
        finally:
            self._desk.close()

    def _write(self, subject: str, write: Write) -> None:
        self._desk.put(_Unwritten(subject, write))
        self._jobs.submit(
            Lane.STORE, lambda token, progress: self._desk.write_all(), failed=self._failed, words=STORING
        )

    def _read(self, reader: Callable[[Store], Any], done: Callable[[Any], None]) -> None:
        def deliver(value: Any) -> None:
            if self._desk.message:
                self.noticed.emit(self._desk.message)
                self._desk.message = ""
            done(value)

        desk = self._desk
        self._jobs.submit(
            Lane.STORE, lambda token, progress: desk.read(reader), done=deliver, failed=self._failed, words=READING
        )

    def _failed(self, error: NegatoscopeError) -> None:
        self.failed.emit(error.message)


def _adding(folder: Path) -> Write:
    return lambda store: store.add_recent(folder)


# On a worker's thread.


def as_json(value: Any) -> Any:
    """Plain JSON of records."""
    from inference.scoring.records import to_json

    return to_json(value)


def digest_of(ref: ImageRef) -> str:
    """The sha256 of the film's file in hex. Raises StoreError."""
    from gui.session import film_digest

    return film_digest(ref)


def is_there(path: Path) -> bool:
    """Whether a file or folder can be seen."""
    try:
        return path.exists()
    except OSError:
        return False
