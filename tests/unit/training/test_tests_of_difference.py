"""Against worked examples and simulation."""

from __future__ import annotations

import numpy as np
import pytest

from training.judging.tests_of_difference import delong, mcnemar


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


# DeLong, DeLong and Clarke-Pearson (1988), the 43 complete cases as the manual of SAS/STAT prints them (PROC LOGISTIC,
# 'Comparing Receiver Operating Characteristic Curves'): ranks of three tests, 31 who had the benefit, then 12 others.
BENEFIT = np.arange(43) < 31
ALBUMIN = [1, 3, 4, 6, 10, 11, 11, 11, 11, 12, 12, 13, 13, 14, 14, 15, 15, 15, 15, 16, 16, 16, 17, 18, 19, 19, 20, 21]
ALBUMIN += [21, 21, 22, 0, 2, 5, 7, 7, 8, 9, 9, 12, 14, 18, 20]
PROTEIN = [6, 3, 1, 2, 13, 4, 5, 8, 11, 7, 11, 8, 10, 7, 13, 9, 14, 16, 18, 7, 13, 15, 15, 17, 13, 21, 20, 12, 17, 17]
PROTEIN += [18, 0, 0, 7, 3, 10, 7, 2, 8, 15, 14, 13, 19]
SCORE = [5, 3, 4, 4, 4, 5, 6, 7, 5, 4, 3, 4, 5, 5, 5, 5, 4, 5, 5, 5, 4, 3, 7, 3, 5, 4, 4, 6, 6, 5, 5, 5, 3, 2, 4, 2, 1]
SCORE += [2, 0, 4, 6, 4, 6]


@pytest.mark.parametrize(
    ("test", "published"),
    [(PROTEIN, (-0.0780, -0.2830, 0.1271, 0.4561)), (ALBUMIN, (0.0108, -0.1761, 0.1976, 0.9102))],
)
def test_delong_of_its_paper(test: list[int], published: tuple[float, ...]) -> None:
    """Each test less the K-G score: difference, its 95 % limits, and p, as the manual prints them."""
    found = delong(BENEFIT, np.array(test, float), np.array(SCORE, float))
    assert (found.value, found.low, found.high, found.p) == pytest.approx(published, abs=5.1e-5)


def test_delong_of_one_reader_of_a_published_table() -> None:
    """109 CT images rated by one reader (Hanley and McNeil 1982, table 1); the manual of Stata's `roctab` prints the
    area, 0.8932, and its standard error by DeLong, 0.0307. Against scores that tell nothing, which have none.
    """
    normal, abnormal = [33, 6, 6, 11, 2], [3, 2, 2, 11, 33]
    ratings = np.concatenate([np.repeat(np.arange(5.0), counts) for counts in (normal, abnormal)])
    found = delong(np.arange(109) >= sum(normal), ratings, np.zeros(109))
    assert found.value + 0.5 == pytest.approx(0.8932, abs=5e-5)
    assert (found.high - found.value) / 1.959964 == pytest.approx(0.0307, abs=5e-5)


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
