"""How the processes of one `screen` know of each other: by small files in the output's folder, which all of them share.

Every process writes a word to its own file each second. Nobody's clock is compared with another's: who does not write
for a minute is gone. A file left by an earlier run does not change, and is nobody's.
"""

from __future__ import annotations

import os
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from imaging.errors import NegatoscopeError
from inference.screening.shards import Rank

_WORKING, _DONE = "working", "done"
_TRIES, _AGAIN_S = 20, 0.05


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds: between two words, between two looks, until a process must have begun, and how long it may be silent."""

    beat: float = 1.0
    look: float = 0.2
    start: float = 300.0
    silence: float = 60.0


class Meeting:
    """One process among all of them. Used as a context: the file is there, and kept fresh, as long as it lasts.

    `prepare` is what the first process does before any other begins. Raises NegatoscopeError where another process
    does not begin.
    """

    def __init__(self, out: Path, rank: Rank, prepare: Callable[[], None], *, patience: Patience | None = None) -> None:
        self._out = out
        self._rank = rank
        self._prepare = prepare
        self._patience = patience or Patience()
        self._word = _WORKING
        self._stop = threading.Event()
        self._name = uuid.uuid4().hex
        self._beats = threading.Thread(target=self._keep_fresh, name="screen-beat", daemon=True)

    def __enter__(self) -> Self:
        if self._rank.rank == 0:
            self._prepare()
        else:
            self._await_first()
        self._write(create=True)
        self._beats.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._beats.join()
        _remove(self._file(self._rank.rank))

    def done(self) -> None:
        """Say that the part of this process is written."""
        self._word = _DONE
        self._write()

    def await_all(self) -> None:
        """The first process waits until all others have written their parts. Raises NegatoscopeError."""
        watches = [_Watch(self._file(rank), self._patience) for rank in range(1, self._rank.world)]
        for rank, watch in enumerate(watches, 1):
            while not watch.look().endswith(_DONE):
                if watch.silent_too_long():
                    raise NegatoscopeError(
                        f"Process {rank + 1} of {self._rank.world} has stopped; what was written so far stays, and"
                        " --resume goes on behind it."
                    )
                time.sleep(self._patience.look)
                for other in watches[rank:]:
                    other.look()

    def dismiss(self) -> None:
        """The first process lets the others go: the parts are merged."""
        for rank in range(1, self._rank.world):
            _remove(self._file(rank))

    def await_dismissal(self) -> None:
        """Every other process waits until the first has merged the parts. Raises NegatoscopeError."""
        first = _Watch(self._file(0), self._patience, begun=True)  # it was there when this one began
        while self._file(self._rank.rank).exists():
            first.look()
            if first.silent_too_long():
                raise NegatoscopeError("The first process has stopped; --resume merges what was written.")
            time.sleep(self._patience.look)

    def _await_first(self) -> None:
        path, before = self._file(0), _read(self._file(0))
        until = time.monotonic() + self._patience.start
        while _read(path) in ("", before):
            if time.monotonic() > until:
                raise NegatoscopeError(f"The first of {self._rank.world} processes has not begun.")
            time.sleep(self._patience.look)

    def _keep_fresh(self) -> None:
        while not self._stop.wait(self._patience.beat):
            self._write()

    def _write(self, *, create: bool = False) -> None:
        """Of a fixed length, in place: a reader sees the old word or the new one. No file: nobody waits for us."""
        flags = os.O_WRONLY | getattr(os, "O_BINARY", 0) | (os.O_CREAT if create else 0)
        text = f"{self._name} {time.monotonic_ns():020d} {self._word:>8}"
        try:
            handle = os.open(self._file(self._rank.rank), flags, 0o644)
        except OSError as error:
            if create:
                raise NegatoscopeError(f"The results can't be written to {self._out}.", detail=str(error)) from error
            return
        try:
            os.write(handle, text.encode())
        finally:
            os.close(handle)

    def _file(self, rank: int) -> Path:
        return self._out.with_name(f"{self._out.name}.rank-{rank}-of-{self._rank.world}")


class _Watch:
    """Another process's file: its last word, and when it last changed by our own clock. One that has `begun` and has no
    file has ended.
    """

    def __init__(self, path: Path, patience: Patience, *, begun: bool = False) -> None:
        self._path = path
        self._patience = patience
        self._seen = ""
        self._begun = begun
        self._changed = time.monotonic()

    def look(self) -> str:
        text = _read(self._path)
        if text != self._seen:
            self._seen, self._changed = text, time.monotonic()
            self._begun = True
        return text

    def silent_too_long(self) -> bool:
        silence = self._patience.silence if self._seen else 3 * self._patience.beat  # its file is gone: it has ended
        return time.monotonic() - self._changed > (silence if self._begun else self._patience.start)


def _remove(path: Path) -> None:
    """Windows removes no file that another process has open at that moment. What stays, the next run takes away."""
    for _ in range(_TRIES):
        try:
            path.unlink(missing_ok=True)
        except PermissionError:
            time.sleep(_AGAIN_S)
        else:
            return


def _read(path: Path) -> str:
    try:
        return path.read_text("ascii")
    except (OSError, ValueError):
        return ""
