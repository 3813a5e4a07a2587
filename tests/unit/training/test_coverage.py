"""Intervals hold the truth as often as they say: by simulation, of films whose truth is known."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from training.judging.metrics import auc, by_patient, share_by_patient

SETS = 200
PATIENTS, FILMS_EACH = 60, 3  # the films of a patient are alike: half of the spread of the scores is the patient's


def simulated(rng: np.random.Generator) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.float64]]:
    """Ill bool [N] and scores [N] of patients, ill or healthy with all of their films; AUC 0.80 in the long run."""
    ill = np.repeat(np.arange(PATIENTS) % 2 == 1, FILMS_EACH)
    own = np.repeat(rng.normal(0, math.sqrt(0.5), PATIENTS), FILMS_EACH)
    return ill, ill * 1.1902 + own + rng.normal(0, math.sqrt(0.5), len(ill))


TRUE_AUC = 0.5 * (1 + math.erf(1.1902 / 2))  # P(ill above healthy) of two normal scores of deviation 1
TRUE_SENSITIVITY = 0.5 * (1 + math.erf((1.1902 - 0.3) / math.sqrt(2)))  # of calls from 0.3 on
OWNERS = np.repeat(np.arange(PATIENTS), FILMS_EACH).astype(str)
NOBODY = np.arange(PATIENTS * FILMS_EACH).astype(str)


def held(patients: npt.NDArray[np.str_]) -> tuple[float, float]:
    """How often the intervals of AUC and of sensitivity held the truth."""
    rng, found = np.random.default_rng(8), []
    for _ in range(SETS):
        ill, scores = simulated(rng)
        area = by_patient(ill, scores, patients, auc, repeats=200)
        share = share_by_patient(scores[ill] >= 0.3, patients[ill])
        found.append((area.low <= TRUE_AUC <= area.high, share.low <= TRUE_SENSITIVITY <= share.high))
    by_auc, by_share = np.mean(found, axis=0)
    return float(by_auc), float(by_share)


def test_intervals_by_patient_hold_the_truth_19_times_in_20() -> None:
    """0.95 of 200 sets lies between 0.90 and 0.985 but once in five hundred."""
    by_auc, by_share = held(OWNERS)
    assert 0.90 <= by_auc <= 0.985
    assert by_share >= 0.90  # it counts a patient's films as one: never too short, sometimes too long


def test_intervals_by_film_would_not() -> None:
    """The same films as if nobody had two: what a bootstrap over films claims is held far too seldom."""
    by_auc, by_share = held(NOBODY)
    assert by_auc < 0.88
    assert by_share < 0.93
