"""Predictive values: what a flag means where a stated share of the films is ill. Never shown without that share.

Sensitivity and specificity are properties of a model and a threshold; how many of the flagged films are ill depends as
much on how many films are ill at all (Bayes). That prevalence is typed by the reader, or learnt from the films that the
reader decided.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

from inference.bundles.card import Measure
from inference.scoring.operating import CountedPoint, wilson

MIN_DECIDED = 20  # films, below which a share learnt from them would be a guess


@dataclass(frozen=True, slots=True)
class Prevalence:
    """The share of ill films, 0 to 1: typed, or `ill` of `films` that the reader decided. `films` is 0 where typed."""

    share: float
    ill: int = 0
    films: int = 0

    @property
    def is_learnt(self) -> bool:
        return self.films > 0


@dataclass(frozen=True, slots=True)
class PredictiveValues:
    """The share of flagged films that are ill, and of the others that are healthy. None where nothing is called so."""

    positive: Measure | None
    negative: Measure | None


def learnt(ill: int, healthy: int) -> Prevalence | None:
    """The prevalence among decided films; None for too few of them, and where one kind is missing."""
    films = ill + healthy
    return Prevalence(ill / films, ill, films) if films >= MIN_DECIDED and 0 < ill < films else None


def predictive_values(point: CountedPoint, prevalence: Prevalence) -> PredictiveValues:
    """Both predictive values at a prevalence, by Bayes' rule, with intervals that hold at least 95 %.

    Each of the two or three counted shares (sensitivity, specificity, a learnt prevalence) gets a Wilson interval wide
    enough that all of them hold together in 95 of 100 cases (Bonferroni); both values rise or fall with each share
    alone, so that their extremes lie at the intervals' ends. A typed prevalence is taken as exact.
    """
    shares = 3 if prevalence.is_learnt else 2
    z = NormalDist().inv_cdf(1 - 0.05 / shares / 2)
    found, spared = point.interval(point.found, point.ill, z), point.interval(point.spared, point.healthy, z)
    ill = _interval(prevalence, z)
    positive = _measure(
        _right(ill.value * found.value, (1 - ill.value) * (1 - spared.value)),
        _right(ill.low * found.low, (1 - ill.low) * (1 - spared.low)),
        _right(ill.high * found.high, (1 - ill.high) * (1 - spared.high)),
    )
    negative = _measure(
        _right((1 - ill.value) * spared.value, ill.value * (1 - found.value)),
        _right((1 - ill.high) * spared.low, ill.high * (1 - found.low)),
        _right((1 - ill.low) * spared.high, ill.low * (1 - found.high)),
    )
    return PredictiveValues(positive, negative)


def _interval(prevalence: Prevalence, z: float) -> Measure:
    if prevalence.is_learnt:
        return wilson(prevalence.ill, prevalence.films, z)
    return Measure(prevalence.share, prevalence.share, prevalence.share)


def _right(right: float, wrong: float) -> float | None:
    return right / (right + wrong) if right + wrong > 0 else None


def _measure(value: float | None, low: float | None, high: float | None) -> Measure | None:
    """None where no film is called so; an end of the interval that is not defined is the widest."""
    if value is None:
        return None
    return Measure(value, 0.0 if low is None else low, 1.0 if high is None else high)
