"""Runs take turns: one that is started in the background waits in its own process until those before it have ended.

The queue needs nobody who keeps it. A run that waits says so by a file with its time; whoever is dead is passed over.
"""

from __future__ import annotations

import time
from contextlib import suppress
from pathlib import Path

from imaging.errors import NegatoscopeError
from imaging.progress import Cancelled
from training.events import Stopped, Told
from training.run_dir import RunDir

QUEUED = "queued"
_LOOK_SECONDS = 1.0


def wait_for_turn(run: RunDir) -> None:
    """Wait until no living run beside this one was queued earlier. Raises RunError, Cancelled where it is cancelled."""
    with run.locked():
        since = _queue(run.path)
        told = False
        while before := _before(run.path, since):
            run.beat()
            if not told:
                run.append(Told(time.time(), f"Waiting for {before} to end"))
                told = True
            if run.wish() == "cancel":
                run.append(Stopped(time.time(), 0))
                raise Cancelled
            time.sleep(_LOOK_SECONDS)
        run.beat()


def queue_now(run: Path) -> None:
    """Put a run at the queue's end before its process lives, so that the order is that of starting. Raises OSError."""
    (run / QUEUED).write_text(f"{time.time():.6f}\n", encoding="ascii")


def leave_queue(run: Path) -> None:
    """The run has ended: whoever waits need not wait until its last heartbeat is old."""
    with suppress(OSError):
        (run / QUEUED).unlink(missing_ok=True)


def _queue(run: Path) -> float:
    since = _since(run)
    if since is None:
        try:
            queue_now(run)
        except OSError:
            return time.time()
        since = _since(run)
    return since if since is not None else time.time()


def _before(run: Path, since: float) -> str:
    """What a living run is called that has the turn or comes earlier; '' for none."""
    try:
        others = [place for place in run.parent.iterdir() if place != run and (place / QUEUED).exists()]
    except OSError:
        return ""
    for place in others:
        queued = _since(place)
        if queued is not None and (queued, place.name) < (since, run.name) and RunDir(place).is_alive():
            return _title(place)
    return ""


def _since(run: Path) -> float | None:
    try:
        return float((run / QUEUED).read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None


def _title(run: Path) -> str:
    try:
        return f"the run “{RunDir(run).plan().name}”"
    except NegatoscopeError:
        return "another run"
