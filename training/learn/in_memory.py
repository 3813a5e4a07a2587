"""Training on films that are held in memory: the loop of every run, without a run's protocol around it."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from inference.networks.network import FilmNetwork
from inference.scoring.preprocess import Grey
from training.films.film_set import FilmSet
from training.learn.batches import Material
from training.learn.loop import Loop, best_network, new_learner
from training.plan import TrainingPlan
from training.running.events import EpochDone, RunEvent, Step

_LOG = logging.getLogger(__name__)
_TOLD_STEPS = 25


@dataclass(slots=True)
class LogWatcher:
    """Writes to the log how far it is, and never stops."""

    told: int = 0

    def tell(self, event: RunEvent) -> None:
        if isinstance(event, Step) and event.step - self.told >= _TOLD_STEPS:
            self.told = event.step
            _LOG.info("step %d, loss %.3f, %.1f films a second", event.step, event.loss, event.films_per_second)
        if isinstance(event, EpochDone):
            _LOG.info(
                "epoch %d: %s", event.epoch + 1, {name: round(value, 4) for name, value in event.measures.items()}
            )

    def check(self) -> None:
        """Nobody asks for a pause."""

    def keeps_best(self) -> bool:
        return False


def learn(
    network: FilmNetwork,
    plan: TrainingPlan,
    training: FilmSet,
    validation: FilmSet,
    folder: Path,
    *,
    places: Grey | None = None,
) -> FilmNetwork:
    """Train a one-logit network by a plan and return the weights that are kept, on one finding of both sets.

    `folder` holds the state: what was broken off there goes on. `places`, uint8 [N, S, S], are 255 where the finding
    lies on the training films. Raises TrainingFailedError, CheckpointError.
    """
    torch.set_num_threads(plan.threads)
    learner = new_learner(network, plan, torch.device("cpu"))
    Loop(plan, learner, _material(training, places), _material(validation), folder, LogWatcher()).run()
    return best_network(plan, 1, folder)


def _material(films: FilmSet, places: Grey | None = None) -> Material:
    (ill,) = films.truth.values()
    return Material(films.films, np.arange(len(films)), ill[:, None].astype(np.float32), places)
