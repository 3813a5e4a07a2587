"""Runs that differ in nothing but the measure that keeps an epoch share one training: each keeps its own epoch."""

from __future__ import annotations

import dataclasses
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass

from imaging.atomic import replace_file
from training.learn.checkpoint import BEST, Learner, load_tensors, save_learner, save_tensors
from training.learn.judge import beats, worth
from training.learn.loop import Watcher
from training.plan import TrainingPlan
from training.running.events import EpochDone, RunEvent, Told
from training.running.run_dir import RunDir

ALSO = "also.json"  # in a run's folder: the names of the runs beside it that share its training


def shares_training(first: TrainingPlan, second: TrainingPlan) -> bool:
    """Whether two plans make the same steps. A plateau, an early stop, the suite of shifts and what is held out besides
    go by the measure.
    """
    choice, learning = first.choice, first.learning
    by_measure = choice.stop_after or choice.bear_shifts or learning.schedule == "plateau"
    if by_measure or first.data.hold_out == "both" or first.network.mode == "quick":
        return False
    return _steps_of(first) == _steps_of(second)


def write_also(run: RunDir, others: Sequence[str]) -> None:
    """Let a run train for others beside it too. Raises OSError."""
    replace_file(run.path / ALSO, json.dumps(list(others)) + "\n")


def also_kept(run: RunDir, watcher: Watcher, learner: Learner) -> AlsoWatcher:
    """A watcher that keeps epochs for the other runs too: for those that have not begun, and share the training.

    Raises PlanError, CheckpointError.
    """
    try:
        names = [str(name) for name in json.loads((run.path / ALSO).read_bytes())]
    except (OSError, ValueError, TypeError):
        names = []
    plan, found = run.plan(), []
    for name in names:
        other = RunDir(run.path.parent / name)
        if name == run.path.name or not (other.path.is_dir() and other.path.parent == run.path.parent):
            continue
        if shares_training(plan, other.plan()) and not (other.checkpoint / "state.safetensors").exists():
            found.append(_begun(other))
    return AlsoWatcher(watcher, learner, found)


@dataclass(slots=True)
class _Other:
    """Another run, and the best epoch by its own measure so far."""

    run: RunDir
    plan: TrainingPlan
    best: float | None = None
    best_loss: float = 0.0
    best_epoch: int = -1

    def judge(self, event: EpochDone, learner: Learner) -> None:
        """Keep the epoch that the event tells of where it is this run's best, and tell it in its words."""
        loss = event.measures["validation_loss"]
        found = worth(loss, event.measures, self.plan.choice.pick)
        is_best = beats(found, loss, self.best, self.best_loss)
        if is_best:
            self.best, self.best_loss, self.best_epoch = found, loss, event.epoch
            notes = {"epoch": str(event.epoch), "worth": repr(found), "loss": repr(loss)}
            save_tensors(self.run.checkpoint / BEST, learner.averaged.weights(), notes)
        self.run.append(dataclasses.replace(event, picked=found, is_best=is_best))

    def hand_over(self, learner: Learner, leader: str) -> None:
        """Leave the learner's state as this run's own: it goes on from there, at the end mostly."""
        if self.best is not None:
            progress = dataclasses.replace(
                learner.progress, best=self.best, best_loss=self.best_loss, best_epoch=self.best_epoch
            )
            save_learner(self.run.checkpoint, dataclasses.replace(learner, progress=progress))
            self.run.append(Told(time.time(), f"Trained together with {leader}"))


@dataclass(slots=True)
class AlsoWatcher:
    """Passes everything on to the run's own watcher, and keeps epochs for the others."""

    watcher: Watcher
    learner: Learner
    others: list[_Other]

    def tell(self, event: RunEvent) -> None:
        if isinstance(event, EpochDone):
            for other in self.others:
                other.judge(event, self.learner)
        self.watcher.tell(event)

    def check(self) -> None:
        self.watcher.check()

    def keeps_best(self) -> bool:
        return self.watcher.keeps_best()

    def hand_over(self, leader: str) -> None:
        """The training has ended: the others take over what they share."""
        for other in self.others:
            other.hand_over(self.learner, leader)


def _begun(other: RunDir) -> _Other:
    """Another run as it stands: with an epoch of its own where the training was broken off in between."""
    kept = _Other(other, other.plan())
    if (other.checkpoint / BEST).exists():
        _, notes = load_tensors(other.checkpoint / BEST)
        if "worth" in notes and "loss" in notes:
            kept.best, kept.best_loss = float(notes["worth"]), float(notes["loss"])
            kept.best_epoch = int(notes["epoch"])
    return kept


def _steps_of(plan: TrainingPlan) -> TrainingPlan:
    choice = dataclasses.replace(plan.choice, pick="auc")
    return dataclasses.replace(plan, name="all", title="", recipe="", choice=choice)
