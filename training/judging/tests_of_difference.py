"""Is one model better than another on the same films? DeLong's test for AUC, McNemar's for calls."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from training.judging.metrics import auc

Bools = npt.NDArray[np.bool_]
Vector = npt.NDArray[np.float64]
_Z95 = 1.959963984540054


@dataclass(frozen=True, slots=True)
class Difference:
    """First less second, with its 95 % interval and the two-sided p of there being none."""

    value: float
    low: float
    high: float
    p: float


def delong(ill: Bools, first: Vector, second: Vector) -> Difference:
    """The difference of two AUCs on the same films (DeLong 1988), by the ranks of Sun and Xu (2014).

    ill: bool [N] with both kinds; first, second: scores [N]. Films count as independent of each other.
    """
    structures = np.stack([_components(ill, scores) for scores in (first, second)])
    n_ill = int(ill.sum())
    of_ill, of_healthy = structures[:, :n_ill], structures[:, n_ill:]
    covariance = _covariance(of_ill) / n_ill + _covariance(of_healthy) / (len(ill) - n_ill)
    value = auc(ill, first) - auc(ill, second)
    deviation = math.sqrt(max(covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1], 0.0))
    p = math.erfc(abs(value) / deviation / math.sqrt(2)) if deviation > 0 else float(value == 0)
    return Difference(value, value - _Z95 * deviation, value + _Z95 * deviation, p)


def mcnemar(right_first: Bools, right_second: Bools) -> float:
    """The two-sided p of two models being right equally often on the same films (McNemar 1947), exact.

    right_first, right_second: bool [N], whether each model called the film rightly. Only films on which they differ
    count: under no difference, as many go either way as heads of a coin.
    """
    only_first = int((right_first & ~right_second).sum())
    only_second = int((~right_first & right_second).sum())
    differing, fewer = only_first + only_second, min(only_first, only_second)
    if differing == 0:
        return 1.0
    tail = sum(math.comb(differing, k) for k in range(fewer + 1))
    # Of whole numbers, so that thousands of films overflow nothing.
    return min(1.0, float(2 * tail / 2**differing)) if differing < 1000 else _mcnemar_normal(only_first, only_second)


def _mcnemar_normal(only_first: int, only_second: int) -> float:
    """For many films: the square of the difference over the sum, with Edwards' correction (1948), is chi-squared."""
    statistic = (abs(only_first - only_second) - 1) ** 2 / (only_first + only_second)
    return math.erfc(math.sqrt(statistic / 2))


def _components(ill: Bools, scores: Vector) -> Vector:
    """Of each film, ill ones first, the share of films of the other kind that it stands on the right side of."""
    sick, healthy = scores[ill], scores[~ill]
    below, upto = (np.searchsorted(np.sort(healthy), sick, side) for side in ("left", "right"))
    above, downto = (np.searchsorted(np.sort(sick), healthy, side) for side in ("right", "left"))
    of_ill = (below + upto) / 2 / len(healthy)
    of_healthy = 1 - (above + downto) / 2 / len(sick)
    return np.concatenate([of_ill, of_healthy])


def _covariance(values: Vector) -> Vector:
    """Of two rows of values, 2 by 2; zero for a single film."""
    if values.shape[1] < 2:
        return np.zeros((2, 2))
    return np.asarray(np.cov(values))
