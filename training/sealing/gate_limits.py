"""The limits of a gate, set on validation films that were exposed, framed and resampled otherwise."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from inference.engines.engine import Floats
from inference.gate.gate import Gate, as_direction
from inference.gate.gate_features import layouts, quality
from inference.scoring.preprocess import Grey
from training.sealing.gate_changes import Rng, varied
from training.sealing.shifts import SUITE, shifted

_MODERATE = 0.6  # of the widest changes
# The share of validation films, changed or not, that each limit may keep out: half a percent together.
_TAILS = {"frontal": 0.002, "layout": 0.001, "embedding": 0.0015}
_QUALITY_TAIL = 0.001  # of films under the widest changes, and then a margin
# Distances may be this much larger: chest films of other hospitals lie near the limit, photographs at twice it.
_ELSEWHERE = 1.15
_FRONTAL_BETWEEN = (-2.0, -1.0)  # log odds: in doubt it is a film, for the distances keep out what this lets through

Values = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Trials:
    """M trials: which film each was, int64 [M], and by the name of a limit what it holds, float64 [M].

    Layout and embedding are of a film under moderate changes, qualities of it under the widest.
    """

    film: npt.NDArray[np.int64]
    values: dict[str, Values]

    def only(self, chosen: npt.NDArray[np.bool_]) -> Trials:
        """Some of the trials, bool [M]."""
        return Trials(self.film[chosen], {name: each[chosen] for name, each in self.values.items()})


def rounds_of(films: Grey, least: int, rng: Rng) -> Iterator[Grey]:
    """All films as they are, then each under a change of `sealing.shifts`, then under a random one, and so on, until
    there are at least `least`. films: uint8 [N, S, S], and so is each round.
    """
    suite = list(SUITE)
    yield films
    for number in range(1, max(3, math.ceil(least / len(films)))):
        if number % 3 == 1:
            changed = [shifted(films[[i]], suite[(i + number) % len(suite)])[0] for i in range(len(films))]
        else:
            changed = [varied(film, rng, _MODERATE) for film in films]
        yield np.stack(changed)


def try_films(gate: Gate, films: Grey, embeddings: Floats, rng: Rng) -> Trials:
    """One trial for each film, uint8 [N, S, S], with its embedding, float32 [N, D]."""
    at = layouts(films)
    hard = [quality(varied(film, rng)) for film in films]
    values = {
        "frontal": gate.log_odds(at)[:, 0],
        "layout": gate.layout_space.distances(at),
        "embedding": gate.embedding_space.distances(as_direction(embeddings)),
        "spread": [one.spread for one in hard],
        "clipped": [one.clipped for one in hard],
        "noise": [one.noise for one in hard],
        "sharpness": [one.sharpness for one in hard],
    }
    return Trials(np.arange(len(films)), {name: np.array(each) for name, each in values.items()})


def joined(rounds: Sequence[Trials]) -> Trials:
    """Several rounds of the same films as one."""
    names = rounds[0].values
    values = {name: np.concatenate([each.values[name] for each in rounds]) for name in names}
    return Trials(np.concatenate([each.film for each in rounds]), values)


def limits_of(trials: Trials) -> dict[str, float]:
    """The limits that the trials keep within, but for their tails, with a margin that shrinks as films grow many."""
    slack = 1.0 / math.sqrt(len(np.unique(trials.film)))

    def lowest(name: str, tail: float) -> float:
        return float(np.quantile(trials.values[name], tail))

    def highest(name: str, tail: float) -> float:
        return float(np.quantile(trials.values[name], 1.0 - tail))

    limits = {
        "frontal": float(np.clip(lowest("frontal", _TAILS["frontal"]) - 4 * slack, *_FRONTAL_BETWEEN)),
        "layout": highest("layout", _TAILS["layout"]) * (_ELSEWHERE + slack),
        "embedding": highest("embedding", _TAILS["embedding"]) * (_ELSEWHERE + slack),
        "spread": min(0.5 * lowest("spread", _QUALITY_TAIL), 0.06),
        "clipped": min(highest("clipped", _QUALITY_TAIL) + 0.15, 0.9),
        "noise": 1.25 * highest("noise", _QUALITY_TAIL),
        "sharpness": 0.8 * lowest("sharpness", _QUALITY_TAIL),
    }
    return {name: float(f"{value:.5g}") for name, value in limits.items()}
