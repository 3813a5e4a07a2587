"""Small training runs: of noise that a tiny network learns, carried out, broken off, or on a disk that fills up."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from imaging.progress import Cancelled
from inference.bundles.bundle import ModelBundle
from tests.tiny_plans import tiny_plan
from training.learn.augment_spec import AugmentSpec
from training.learn.checkpoint import BEST, STATE
from training.plan import DataPlan, LearningPlan, TrainingPlan
from training.running.events import Failed, RunEvent, Saved, Told
from training.running.run_dir import RunDir
from training.running.worker import train

Break = Callable[[RunEvent], bool]


def noise_films(folder: Path) -> Path:
    """Noise, the ill of it brighter; every film of a patient of its own."""
    rng = np.random.default_rng(7)
    for number in range(40):
        label = ("NORMAL", "SICK")[number % 2]
        (folder / label).mkdir(parents=True, exist_ok=True)
        pixels = rng.integers(30 + 60 * (label == "SICK"), 120, (40, 40)).astype(np.uint8)
        Image.fromarray(pixels).save(folder / label / f"film {number}.png")
    return folder


def plan_for(source: Path) -> TrainingPlan:
    return tiny_plan(
        name="trial",
        title="Trial",
        data=DataPlan(str(source), validation_share=0.3),
        learning=LearningPlan(epochs=3, batch=8),
        augment=AugmentSpec(),
    )


@dataclasses.dataclass(frozen=True, slots=True)
class BrokenOff(RunDir):
    """A run's folder whose worker is stopped as soon as it has told an event that fits."""

    at: Break

    def append(self, event: RunEvent) -> None:
        RunDir.append(self, event)
        if self.at(event):
            raise Cancelled


@dataclasses.dataclass(frozen=True, slots=True)
class FillsUp(RunDir):
    """A run's folder under which something happens as soon as an event was told: its disk fills up, say."""

    at: Break
    full: Callable[[], object]

    def append(self, event: RunEvent) -> None:
        RunDir.append(self, event)
        if self.at(event):
            self.full()


@contextmanager
def files_no_longer_than(limit: int) -> Iterator[None]:
    """As if the disk had no room for more: whatever this process writes behind this place of a file fails."""
    resource: Any = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def trained(run: RunDir, models_dir: Path) -> ModelBundle:
    """The bundle of a run that is carried out here."""
    bundle = train(run, models_dir)
    assert bundle is not None, "another process has it"
    return bundle


def begun(folder: Path, source: Path, at: Break) -> RunDir:
    """A run that was broken off at an event."""
    RunDir(folder).create(plan_for(source))
    with pytest.raises(Cancelled):
        train(BrokenOff(folder, at), folder.parent / "models")
    return RunDir(folder)


def saved(event: RunEvent) -> bool:
    return isinstance(event, Saved) and event.step > 0


def judging(event: RunEvent) -> bool:
    return isinstance(event, Told) and event.words.startswith("Judging the model")


def why_failed(run: RunDir) -> str:
    last = run.events()[0][-1]
    assert isinstance(last, Failed)
    return last.why


def state_of(run: RunDir) -> tuple[bytes, bytes]:
    return (run.checkpoint / STATE).read_bytes(), (run.checkpoint / BEST).read_bytes()
