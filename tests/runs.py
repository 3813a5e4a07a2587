"""Training runs that come to their end, or are broken off."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from imaging.progress import Cancelled
from inference.bundle import ModelBundle
from training.events import RunEvent
from training.run_dir import RunDir
from training.worker import train


@dataclass(frozen=True, slots=True)
class BrokenOff(RunDir):
    """A run's folder whose worker is stopped as soon as it has told an event that fits."""

    at: Callable[[RunEvent], bool]

    def append(self, event: RunEvent) -> None:
        RunDir.append(self, event)
        if self.at(event):
            raise Cancelled


def trained(run: RunDir, models_dir: Path) -> ModelBundle:
    """The bundle of a run that is carried out here."""
    bundle = train(run, models_dir)
    assert bundle is not None, "another process has it"
    return bundle
