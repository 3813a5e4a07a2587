from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from inference.scores import calibrated
from training.calibrate import RECOMMENDED_SENSITIVITY, fit_calibration, heat_scale, operating_points
from training.metrics import at_threshold, auc, by_patient, calibration_error


@pytest.fixture
def scored() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    ill = rng.random(600) < 0.6
    logits = rng.normal(np.where(ill, 2.0, -1.0), 1.5).round(2)  # rounding makes ties
    return ill, logits


def test_auc_equals_scikit_learns_with_ties(scored: tuple[np.ndarray, np.ndarray]) -> None:
    assert auc(*scored) == pytest.approx(roc_auc_score(*scored), abs=1e-12)


def test_auc_of_one_class_is_not_a_number() -> None:
    assert np.isnan(auc(np.ones(3, bool), np.arange(3.0)))


def test_calibrated_probabilities_mean_what_they_say(scored: tuple[np.ndarray, np.ndarray]) -> None:
    ill, logits = scored
    before = calibration_error(ill, 1 / (1 + np.exp(-3 * logits)))
    after = calibration_error(ill, calibrated(logits, fit_calibration(ill, logits)))
    assert after < 0.05 < before


def test_calibration_keeps_the_order(scored: tuple[np.ndarray, np.ndarray]) -> None:
    ill, logits = scored
    assert auc(ill, calibrated(logits, fit_calibration(ill, logits))) == pytest.approx(auc(ill, logits))


def test_the_recommended_point_finds_as_many_as_it_says(scored: tuple[np.ndarray, np.ndarray]) -> None:
    ill, logits = scored
    probabilities = calibrated(logits, fit_calibration(ill, logits))
    points = operating_points(ill, probabilities, 600, "films")
    found = at_threshold(ill, probabilities, points.recommended)["sensitivity"]
    assert RECOMMENDED_SENSITIVITY <= found < RECOMMENDED_SENSITIVITY + 0.01
    assert (points.ill, points.healthy) == (ill.sum(), (~ill).sum())


def test_every_row_counts_what_its_threshold_flags(scored: tuple[np.ndarray, np.ndarray]) -> None:
    ill, logits = scored
    probabilities = calibrated(logits, fit_calibration(ill, logits))
    rows = operating_points(ill, probabilities, 600, "films").rows
    assert [row.threshold for row in rows] == sorted({row.threshold for row in rows})
    for row in rows:
        called = probabilities >= row.threshold
        assert (row.true_positive, row.false_positive) == (called[ill].sum(), called[~ill].sum())
    assert (rows[0].true_positive, rows[0].false_positive) == (ill.sum(), (~ill).sum())


def test_intervals_draw_patients_and_not_films() -> None:
    rng = np.random.default_rng(1)
    ill_patient = rng.random(60) < 0.5
    score_patient = np.where(ill_patient, 1.0, 0.0) + rng.normal(0, 1, 60)
    ill, scores = np.repeat(ill_patient, 10), np.repeat(score_patient, 10)
    grouped = by_patient(ill, scores, np.repeat(np.arange(60).astype(str), 10), auc)
    single = by_patient(ill, scores, np.arange(600).astype(str), auc)
    assert grouped.value == single.value
    assert grouped.high - grouped.low > 2 * (single.high - single.low)


def test_the_heat_scale_is_above_zero_even_without_heat() -> None:
    assert heat_scale(np.full((3, 2, 2), -1.0, np.float32), np.ones(3, bool)) > 0
