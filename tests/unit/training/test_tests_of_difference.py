"""Against worked examples and simulation."""

from __future__ import annotations

import numpy as np
import pytest

from training.tests_of_difference import delong, mcnemar


def test_mcnemar_of_a_published_example() -> None:
    """Agresti, Categorical Data Analysis (1990), approval of a premier: 150 and 86 of 1,600 changed their minds.

    The uncorrected statistic is (86 - 150)^2 / 236 = 17.36; the exact p lies close to its 3.1e-5.
    """
    first = np.r_[np.ones(794 + 150, bool), np.zeros(86 + 570, bool)]
    second = np.r_[np.ones(794, bool), np.zeros(150, bool), np.ones(86, bool), np.zeros(570, bool)]
    assert mcnemar(first, second) == pytest.approx(3.7e-5, rel=0.1)


def test_mcnemar_by_hand() -> None:
    """One against five: 2 * (1 + 6) / 2**6."""
    assert mcnemar(np.array([True] + [False] * 5), np.array([False] + [True] * 5)) == pytest.approx(14 / 64)
    assert mcnemar(np.array([True, False]), np.array([True, False])) == 1.0


def test_exact_and_normal_mcnemar_meet() -> None:
    first = np.r_[np.ones(450, bool), np.zeros(549, bool)]
    more = np.r_[np.ones(451, bool), np.zeros(550, bool)]
    assert mcnemar(first, ~first) == pytest.approx(mcnemar(more, ~more), rel=0.05)


def test_delong_by_the_definition() -> None:
    """Structural components written out pair by pair (DeLong 1988, equations 4 to 6)."""
    rng = np.random.default_rng(0)
    ill = rng.random(40) < 0.4
    scores = [np.round(rng.normal(ill * shift, 1.0), 1) for shift in (1.0, 0.6)]  # with ties
    wins = [[[(x > y) + 0.5 * (x == y) for y in s[~ill]] for x in s[ill]] for s in scores]
    of_ill = np.array([np.mean(w, axis=1) for w in wins])
    of_healthy = np.array([np.mean(w, axis=0) for w in wins])
    covariance = np.cov(of_ill) / ill.sum() + np.cov(of_healthy) / (~ill).sum()
    deviation = np.sqrt(covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1])
    found = delong(ill, scores[0], scores[1])
    assert found.value == pytest.approx(np.mean(wins[0]) - np.mean(wins[1]))
    assert (found.high - found.low) / 2 == pytest.approx(1.959963984540054 * deviation)


def test_delong_rejects_a_true_hypothesis_one_time_in_twenty() -> None:
    rng = np.random.default_rng(1)
    rejected = 0
    for _ in range(400):
        ill = np.arange(120) < 50
        common = rng.normal(ill * 1.0, 1.0)
        rejected += delong(ill, common + rng.normal(0, 0.7, 120), common + rng.normal(0, 0.7, 120)).p < 0.05
    assert 8 <= rejected <= 36  # 20 expected; outside this once in a thousand


def test_equal_scores_differ_by_nothing() -> None:
    ill = np.array([True, False, True, False])
    scores = np.array([0.9, 0.2, 0.6, 0.7])
    assert delong(ill, scores, scores).p == 1.0
