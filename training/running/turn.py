"""Runs take turns: one that is started in the background waits in its own process until those before it have ended.

The queue needs nobody who keeps it. A run that waits says so by a file with its time; whoever is dead is passed over.
"""

from __future__ import annotations

import time
from contextlib import suppress
from pathlib import Path

from imaging.errors import NegatoscopeError
from imaging.progress import Cancelled
from training.running.events import Stopped, Told
from training.running.run_dir import RunDir

QUEUED = "queued"
_LOOK_SECONDS = 1.0
_REST_SECONDS = 0.2


def wait_for_turn(run: RunDir) -> None:
    """Wait until no living run beside this one was queued earlier. Raises RunError, Cancelled where it is cancelled."""
    with run.locked():
        try:
            _wait(run)
        except Cancelled:
            run.append(Stopped(time.time(), 0))
            raise


def rest(run: RunDir) -> None:
    """Wait until the run is paused no longer, while others go ahead; then for its turn anew, behind those that came
    meanwhile. A run that stands in no queue only rests. Raises Cancelled where it is cancelled.
    """
    was_queued = (run.path / QUEUED).exists()
    if was_queued:
        leave_queue(run.path)
    while run.is_paused and run.wish() == "":
        time.sleep(_REST_SECONDS)
    if was_queued:
        _wait(run)


def _wait(run: RunDir) -> None:
    since = _queue(run.path)
    told = False
    while True:
        if run.wish() == "cancel":
            raise Cancelled
        run.beat()
        before = _before(run.path, since)
        if not before:
            return
        if not told:
            run.append(Told(time.time(), f"Waiting for {before} to end"))
            told = True
        time.sleep(_LOOK_SECONDS)


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
