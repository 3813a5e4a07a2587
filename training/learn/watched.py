"""A few validation films whose scores are told while a network learns, so that whoever watches sees it learn."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from inference.networks.network import FilmNetwork
from training.films.targets import Floats32
from training.learn.batches import Material
from training.learn.judge import logits_of, scores_of

MOST = 8
LEAST_SECONDS = 10.0  # between two looks
SHARE = 0.01  # of the time that the looks may take together


def films_to_watch(material: Material, most: int = MOST) -> Material:
    """At most so many films, spread evenly over each combination of labels."""
    groups = [np.flatnonzero((material.targets == kind).all(axis=1)) for kind in np.unique(material.targets, axis=0)]
    groups = sorted(groups, key=len)
    chosen: list[int] = []
    for place, group in enumerate(groups):
        share = (most - len(chosen)) // (len(groups) - place)  # what small groups leave goes to the larger ones
        count = min(len(group), share)
        chosen += group[np.linspace(0, len(group) - 1, count).astype(np.int64)].tolist()
    positions = np.sort(np.array(chosen, np.int64))
    return Material(material.films, material.positions[positions], material.targets[positions])


def own_label_scores(logits: npt.NDArray[np.float32], targets: Floats32, *, is_softmax: bool) -> tuple[float, ...]:
    """What the network gives to each film's own labels, 0 to 1 and not calibrated: of several the least; to a film
    without a finding, that there is none.
    """
    scores = scores_of(logits, is_softmax=is_softmax)
    given = np.where(targets > 0.5, scores, 1.0) if is_softmax else np.where(targets > 0.5, scores, 1.0 - scores)
    ill = targets.max(axis=1) > 0.5
    found = np.where(targets > 0.5, given, 1.0).min(axis=1)
    return tuple(round(float(score), 4) for score in np.where(ill, found, given.min(axis=1)))


@dataclass(slots=True)
class Looks:
    """When the films were looked at last: seldom enough that all looks together take a hundredth of the time."""

    films: Material
    is_softmax: bool
    last: float = field(default_factory=time.monotonic)
    cost: float = 0.0

    @property
    def is_due(self) -> bool:
        return time.monotonic() - self.last > max(LEAST_SECONDS, self.cost / SHARE)

    def look(self, network: FilmNetwork) -> tuple[float, ...]:
        """The scores of the films' own labels now. The network is left in evaluation mode."""
        begun = time.monotonic()
        scores = own_label_scores(logits_of(network, self.films), self.films.targets, is_softmax=self.is_softmax)
        self.last = time.monotonic()
        self.cost = self.last - begun
        return scores
