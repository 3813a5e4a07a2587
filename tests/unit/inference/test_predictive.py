from __future__ import annotations

import numpy as np
import pytest

from inference.scoring.operating import CountedPoint
from inference.scoring.predictive import MIN_DECIDED, Prevalence, learnt, predictive_values


def point(found: int, ill: int, spared: int, healthy: int) -> CountedPoint:
    return CountedPoint(0.5, found, ill, spared, healthy, "films")


def test_bayes_of_a_known_case() -> None:
    """Gigerenzer's mammography in frequencies: 8 of 10 ill and 95 of 990 healthy are called; 8 of 103 are ill."""
    found = predictive_values(point(80, 100, 895, 990), Prevalence(0.01))
    assert found.positive is not None
    assert found.negative is not None
    assert found.positive.value == pytest.approx(8 / (8 + 95), abs=0.001)
    assert found.negative.value == pytest.approx(895 / (895 + 2), abs=0.001)
    assert found.positive.low < found.positive.value < found.positive.high


def test_what_is_never_said_has_no_value() -> None:
    assert predictive_values(point(0, 10, 10, 10), Prevalence(0.3)).positive is None
    assert predictive_values(point(10, 10, 0, 10), Prevalence(0.3)).negative is None
    everyone_ill = predictive_values(point(9, 10, 9, 10), Prevalence(1.0))
    assert everyone_ill.positive is not None
    assert everyone_ill.positive.value == 1.0


def test_a_learnt_share_is_less_sure_than_a_typed_one() -> None:
    typed = predictive_values(point(90, 100, 80, 100), Prevalence(0.2)).positive
    counted = predictive_values(point(90, 100, 80, 100), Prevalence(0.2, 20, 100)).positive
    assert typed is not None
    assert counted is not None
    assert typed.value == counted.value
    assert counted.low < typed.low < typed.high < counted.high


@pytest.mark.parametrize(("sensitivity", "specificity", "share", "films"), [(0.95, 0.9, 0.1, 120), (0.8, 0.6, 0.4, 60)])
def test_the_intervals_hold_at_least_what_they_say(
    sensitivity: float, specificity: float, share: float, films: int
) -> None:
    rng = np.random.default_rng(1)
    positive = share * sensitivity / (share * sensitivity + (1 - share) * (1 - specificity))
    negative = (1 - share) * specificity / ((1 - share) * specificity + share * (1 - sensitivity))
    held = np.zeros(2)
    trials = 2000
    for _ in range(trials):
        ill = int(rng.binomial(films, share))
        counts = point(int(rng.binomial(films, sensitivity)), films, int(rng.binomial(films, specificity)), films)
        found = predictive_values(counts, Prevalence(ill / films, ill, films))
        for at, (measure, truth) in enumerate(((found.positive, positive), (found.negative, negative))):
            held[at] += measure is not None and measure.low <= truth <= measure.high
    assert (held / trials >= 0.95).all(), held / trials


def test_a_share_is_learnt_from_enough_films_of_both_kinds() -> None:
    assert learnt(3, MIN_DECIDED - 4) is None
    assert learnt(MIN_DECIDED, 0) is None
    assert learnt(5, 15) == Prevalence(0.25, 5, 20)
    assert Prevalence(0.25, 5, 20).is_learnt
    assert not Prevalence(0.25).is_learnt
