"""What the Run page reads of a run's folder. Everything here runs on a job's thread."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from training.running.run_story import Story, told_on

if TYPE_CHECKING:
    from pathlib import Path

    from training.films.left_out import LeftOut
    from training.plan import TrainingPlan
    from training.running.run_dir import Wish


@dataclass(frozen=True, slots=True)
class Seen:
    """A run's folder at one moment. `offset` is the place in its events to read on from.

    `silent_s` are the seconds since the worker's last heartbeat, or since the plan was written where there was none.
    `beaten_at` and `wished_at` are when the heartbeat and the wish were written, in seconds since 1970; 0 for never.
    """

    plan: TrainingPlan
    story: Story
    offset: int = 0
    is_alive: bool = False
    has_begun: bool = False
    is_paused: bool = False
    wish: str = ""
    silent_s: float = 0.0
    beaten_at: float = 0.0
    wished_at: float = 0.0
    left_out: tuple[LeftOut, ...] = ()


def look(path: Path, before: Seen | None) -> Seen:
    """The folder now, from where `before` ended. Raises PlanError."""
    from training.films.left_out import read_left_out
    from training.running.run_dir import HEARTBEAT, PLAN, STOP, RunDir

    run = RunDir(path)
    if before is None:
        before = Seen(run.plan(), Story())
    is_alive = run.is_alive()  # before the events: what a worker told last is never taken for a death
    events, offset = run.events(before.offset)
    beaten = _changed_at(path / HEARTBEAT)
    story = told_on(before.story, events, before.plan)
    is_listed = len(before.left_out) == story.left_out
    known = beaten or _changed_at(path / PLAN) or time.time()
    return replace(
        before,
        story=story,
        offset=offset,
        is_alive=is_alive,
        has_begun=beaten is not None,
        is_paused=run.is_paused,
        wish=run.wish(),
        silent_s=max(0.0, time.time() - known),
        beaten_at=beaten or 0.0,
        wished_at=_changed_at(path / STOP) or 0.0,
        left_out=before.left_out if is_listed else read_left_out(path),
    )


def pause(path: Path, *, wanted: bool) -> None:
    """Let the worker rest, or go on. Raises RunError."""
    from training.running.run_dir import RunDir

    with _writing():
        RunDir(path).pause(wanted=wanted)


def ask(path: Path, wish: Wish) -> None:
    """Tell the worker to finish and keep the best, or to cancel at once. Raises RunError."""
    from training.running.run_dir import RunDir

    with _writing():
        RunDir(path).ask(wish)
        if wish:
            RunDir(path).pause(wanted=False)  # a run that rests would be found at rest when it is resumed


@contextmanager
def _writing() -> Iterator[None]:
    from training.running.run_dir import RunError

    try:
        yield
    except OSError as error:
        raise RunError("The run can't be told: its folder can't be written.", detail=type(error).__name__) from error


def _changed_at(path: Path) -> float | None:
    with suppress(OSError):
        return path.stat().st_mtime
    return None
