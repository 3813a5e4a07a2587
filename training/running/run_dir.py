"""The folder of a run: the protocol between the process that trains and whoever watches (design.md).

`plan.json`, append-only `events.jsonl`, `heartbeat`, `STOP` (its one word is 'keep' or 'cancel'), `PAUSE`,
`checkpoint/`, `films` (the fingerprint of what is learnt from), `download-agreed`, `room` (for the last word on a full
disk) and `worker.log`. The watcher and the worker share nothing else, so that either may end and come back.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from imaging.atomic import replace_file
from imaging.errors import NegatoscopeError
from training.plan import TrainingPlan, plan_text, read_plan
from training.running.events import Finished, RunEvent, event_line, parse_event

PLAN, EVENTS, HEARTBEAT, STOP, PAUSE, LOCK = "plan.json", "events.jsonl", "heartbeat", "STOP", "PAUSE", "lock"
CHECKPOINT, LOG, FILMS, ROOM, CONSENT = "checkpoint", "worker.log", "films", "room", "download-agreed"
BEAT_SECONDS = 2.0
SILENT_SECONDS = 30.0  # a worker that has not beaten for so long is gone, or its machine sleeps
_ROOM_BYTES = 16_384  # a few blocks of any file system
_BEAT_BYTES = 32
_LAST_TRIES, _FREED_SECONDS = 5, 0.2  # some file systems take a moment to give freed room away again
Wish = Literal["", "keep", "cancel"]


class RunError(NegatoscopeError):
    """The folder of a run can't be used; the message says why in one sentence."""


@dataclass(frozen=True, slots=True)
class RunDir:
    """One run's folder. Every method may be called by the worker and by watchers at once."""

    path: Path

    def create(self, plan: TrainingPlan) -> None:
        """Make the folder and write the plan. Raises RunError where another run lies there."""
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            if (self.path / PLAN).exists():
                if read_plan(self.path / PLAN) == plan:
                    return
                raise RunError("Another training run lies in this folder; resume it, or choose another folder.")
            replace_file(self.path / PLAN, plan_text(plan))
        except OSError as error:
            raise RunError("The folder of the run can't be written.", detail=type(error).__name__) from error
        except UnicodeEncodeError as error:
            raise RunError("The name of the films' folder, or of one above it, is damaged; rename it first.") from error

    def plan(self) -> TrainingPlan:
        """The run's plan. Raises PlanError."""
        return read_plan(self.path / PLAN)

    def keep_to_films(self, fingerprint: str, *, is_begun: bool) -> None:
        """Note which films the run learns from; where it has begun to learn, they must be those that were noted.

        Raises RunError.
        """
        path = self.path / FILMS
        try:
            if is_begun and path.exists() and path.read_text(encoding="ascii", errors="replace").strip() != fingerprint:
                raise RunError("The films have changed since this run began; put them back, or begin another run.")
            replace_file(path, f"{fingerprint}\n")
        except OSError as error:
            raise RunError("The folder of the run can't be written.", detail=type(error).__name__) from error

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Own the run: a second worker in the same folder raises RunError. The system frees it when a worker dies."""
        try:
            stream = (self.path / LOCK).open("a+b")
        except OSError as error:
            raise RunError("The folder of the run can't be written.", detail=type(error).__name__) from error
        with stream:
            if not lock_file(stream.fileno()):
                raise RunError("This run is being trained already.")
            yield

    @property
    def is_held(self) -> bool:
        """Whether a worker owns the run at this moment."""
        try:
            with (self.path / LOCK).open("a+b") as stream:
                return not lock_file(stream.fileno())
        except OSError:
            return False

    def append(self, event: RunEvent) -> None:
        """Write an event, past any buffer. Raises RunError where the disk does not take it."""
        try:
            with (self.path / EVENTS).open("ab", buffering=0) as stream:
                if stream.tell() and not _ends_line(self.path / EVENTS):
                    stream.write(b"\n")  # what a killed worker left half written
                stream.write(event_line(event).encode("utf-8"))
        except OSError as error:
            raise RunError("The run can't be written any further: the disk may be full.", detail=str(error)) from error

    def keep_room(self) -> None:
        """Keep room on the disk for the last word; `give_room` frees it. Raises RunError."""
        try:
            (self.path / ROOM).write_bytes(os.urandom(_ROOM_BYTES))  # what compresses would keep none
        except OSError as error:
            raise RunError("The run can't be written: the disk may be full.", detail=str(error)) from error

    def give_room(self) -> None:
        with suppress(OSError):
            (self.path / ROOM).unlink(missing_ok=True)

    def append_last(self, event: RunEvent) -> None:
        """Write how the run ended; on a full disk in the room that was kept for it. Raises RunError."""
        for _ in range(_LAST_TRIES):
            with suppress(RunError):
                self.append(event)
                return
            self.give_room()
            time.sleep(_FREED_SECONDS)
        self.append(event)

    def events(self, offset: int = 0) -> tuple[list[RunEvent], int]:
        """The events behind a place in the file, in bytes, and the place to go on from; torn lines wait or are lost."""
        try:
            with (self.path / EVENTS).open("rb") as stream:
                stream.seek(offset)
                content = stream.read()
        except OSError:
            return [], offset
        whole = content[: content.rfind(b"\n") + 1]
        found = (parse_event(line) for line in whole.decode("utf-8", errors="replace").splitlines())
        return [event for event in found if event is not None], offset + len(whole)

    @property
    def finished(self) -> Finished | None:
        """How the run ended, where it came to its end."""
        return next((event for event in self.events()[0] if isinstance(event, Finished)), None)

    def beat(self) -> None:
        """Say that the worker lives. In the place of the last beat, byte for byte: a full disk has no room for a file
        that was emptied first, and the worker would look dead.
        """
        line = f"{os.getpid()} {time.time():.1f}".ljust(_BEAT_BYTES - 1) + "\n"
        path = self.path / HEARTBEAT
        with suppress(OSError), path.open("r+b" if path.exists() else "wb", buffering=0) as stream:
            stream.write(line.encode("ascii"))

    def is_alive(self) -> bool:
        """Whether a worker has beaten of late."""
        try:
            beaten = float((self.path / HEARTBEAT).read_text(encoding="ascii").split()[1])
        except (OSError, ValueError, IndexError):
            return False
        return time.time() - beaten < SILENT_SECONDS

    def wish(self) -> Wish:
        """What the watcher wants of the worker: nothing, to finish and keep the best, or to cancel at once."""
        try:
            word = (self.path / STOP).read_text(encoding="utf-8", errors="replace").strip()
        except OSError:
            return ""
        return "cancel" if word == "cancel" else "keep"

    def ask(self, wish: Wish) -> None:
        """Tell the worker to finish and keep the best, or to cancel; '' takes it back. Raises OSError."""
        if wish:
            replace_file(self.path / STOP, f"{wish}\n")
        else:
            (self.path / STOP).unlink(missing_ok=True)

    @property
    def is_paused(self) -> bool:
        return (self.path / PAUSE).exists()

    def pause(self, *, wanted: bool) -> None:
        """Let the worker rest between two steps, or go on. Raises OSError."""
        if wanted:
            (self.path / PAUSE).touch()
        else:
            (self.path / PAUSE).unlink(missing_ok=True)

    def allow_download(self) -> None:
        """The user agreed to fetch published starting weights for this run. Raises RunError."""
        try:
            (self.path / CONSENT).touch()
        except OSError as error:
            raise RunError("The folder of the run can't be written.", detail=type(error).__name__) from error

    @property
    def may_download(self) -> bool:
        """Whether the user has agreed to that, now or when the run was begun."""
        return (self.path / CONSENT).exists()

    @property
    def checkpoint(self) -> Path:
        return self.path / CHECKPOINT


def _ends_line(path: Path) -> bool:
    with path.open("rb") as stream:
        stream.seek(-1, os.SEEK_END)
        return stream.read(1) == b"\n"


def lock_file(descriptor: int) -> bool:
    """Whether this process owns the file from now on, until it is closed (flock, LockFileEx)."""
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
