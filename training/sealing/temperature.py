"""One temperature for all classes of a softmax (Guo 2017)."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

_COLDEST, _HOTTEST = 1e-2, 1e2


def fit_temperature(classes: npt.NDArray[np.intp], logits: npt.NDArray[np.float64]) -> float:
    """The temperature T of softmax(logits / T) with the greatest likelihood, between 0.01 and 100.

    classes: the true class of each film, integers [N]; logits: [N, K]. The log-likelihood is concave in 1 / T, so
    that its slope changes sign once and bisection finds where.
    """
    true = logits[np.arange(len(logits)), classes]
    low, high = math.log(1 / _HOTTEST), math.log(1 / _COLDEST)
    for _ in range(60):
        middle = (low + high) / 2
        scaled = logits * math.exp(middle)
        weights = np.exp(scaled - scaled.max(axis=1, keepdims=True))
        expected = (weights * logits).sum(axis=1) / weights.sum(axis=1)
        low, high = (middle, high) if (true - expected).sum() > 0 else (low, middle)
    return math.exp(-(low + high) / 2)
