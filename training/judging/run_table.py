"""Runs on the same films side by side: how each was trained, what it reached, and whether that differs by chance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from imaging.errors import NegatoscopeError
from imaging.progress import CancelToken
from inference.networks.backbones import BACKBONES
from training.films.reading import READING
from training.judging.compare import Compared, Versus, against_baseline, read_compared
from training.judging.result import RESULT
from training.plan import TrainingPlan
from training.running.events import Finished, RunEvent, Told
from training.running.run_dir import RunDir

_MOST = 60  # runs of one folder: a table of more is no table
_KEPT_BY = {"sensitivity_at_specificity": "sensitivity"}


@dataclass(frozen=True, slots=True)
class RunRow:
    """One run: how it was trained and what it reached. `seconds` is None where its events do not tell."""

    folder: Path
    backbone: str
    mode: str
    augmented: bool
    kept_by: str
    seconds: float | None
    compared: Compared


def runs_on_same_films(folder: Path, token: CancelToken) -> tuple[RunRow, ...]:
    """The finished run in `folder` first, then those beside it that were judged on the very same films, newest first.

    Raises CompareError and PlanError for the run itself; others that can't be read are passed over. Cancelled.
    """
    own = _row(folder)
    found = [own]
    for other in _beside(folder)[:_MOST]:
        token.check()
        try:
            row = _row(other)
        except NegatoscopeError:
            continue
        if row.compared.truth == own.compared.truth:
            found.append(row)
    return tuple(found)


def against(rows: Sequence[RunRow], baseline: int) -> dict[tuple[int, str], Versus]:
    """Every other run against the one at `baseline`, by its place in `rows` and the finding."""
    found = {}
    for place, row in enumerate(rows):
        if place != baseline:
            for versus in against_baseline([rows[baseline].compared, row.compared]):
                found[place, versus.label] = versus
    return found


def _beside(folder: Path) -> list[Path]:
    results = [path for path in folder.parent.glob(f"*/{RESULT}") if path.parent != folder]
    return [path.parent for path in sorted(results, key=lambda path: path.stat().st_mtime, reverse=True)]


def _row(folder: Path) -> RunRow:
    run = RunDir(folder)
    plan = run.plan()
    return RunRow(
        folder=folder,
        backbone=BACKBONES[plan.network.backbone].title,
        mode=plan.network.mode.capitalize(),
        augmented=plan.augment is not None,
        kept_by=_kept_by(plan),
        seconds=_seconds(run.events()[0]),
        compared=read_compared(folder),
    )


def _kept_by(plan: TrainingPlan) -> str:
    if plan.network.mode == "quick":
        return "–"  # a head is fitted once; there is no epoch to keep
    return _KEPT_BY.get(plan.choice.pick, "AUC" if plan.choice.pick == "auc" else plan.choice.pick)


def _seconds(events: Sequence[RunEvent]) -> float | None:
    """How long workers were at it, less the time that the run waited or nobody worked."""
    if not events or not isinstance(events[-1], Finished):
        return None
    return sum(event.time - before.time for before, event in pairwise(events) if not _is_new_worker(event))


def _is_new_worker(event: RunEvent) -> bool:
    """Whether a worker's first word was told: it waits for its turn, or reads its films."""
    return isinstance(event, Told) and (event.words == READING or event.words.startswith("Waiting"))
