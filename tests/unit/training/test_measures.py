from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, f1_score, roc_auc_score

from inference.card_check import counts_fit
from inference.operating import wilson
from inference.scores import calibrated
from training.calibrate import RECOMMENDED_SENSITIVITY, fit_calibration, heat_scale, operating_points
from training.metrics import (
    at_threshold,
    auc,
    average_precision,
    by_patient,
    calibration_error,
    f1,
    share_by_patient,
)


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


def test_average_precision_equals_scikit_learns_with_ties(scored: tuple[np.ndarray, np.ndarray]) -> None:
    assert average_precision(*scored) == pytest.approx(average_precision_score(*scored), abs=1e-12)
    assert np.isnan(average_precision(np.ones(3, bool), np.arange(3.0)))


def test_f1_equals_scikit_learns(scored: tuple[np.ndarray, np.ndarray]) -> None:
    ill, logits = scored
    for called in (logits > 0.5, logits > 99):
        assert f1(ill, called) == pytest.approx(f1_score(ill, called), abs=1e-12)
    assert np.isnan(f1(np.zeros(3, bool), np.ones(3, bool)))


def test_a_share_counts_films_where_each_patient_has_one_and_patients_where_they_have_many() -> None:
    holds = np.arange(60) < 45
    single = share_by_patient(holds, np.arange(60).astype(str))
    assert single == wilson(45, 60)
    grouped = share_by_patient(np.repeat(holds, 10), np.repeat(np.arange(60).astype(str), 10))
    assert (grouped.value, grouped.low, grouped.high) == pytest.approx((0.75, single.low, single.high))
    lopsided = share_by_patient(holds, np.where(np.arange(60) < 40, "one", np.arange(60).astype(str)))
    assert lopsided.high - lopsided.low > 2 * (single.high - single.low)


def test_a_share_of_all_films_is_not_certain() -> None:
    interval = share_by_patient(np.ones(20, bool), np.arange(20).astype(str))
    assert interval.value == interval.high == 1
    assert interval.low == pytest.approx(0.8389, abs=1e-4)


def test_saturated_probabilities_make_a_table_that_cards_accept() -> None:
    ill = np.array([False, False, True, True])
    for probabilities in ([0.0, 5e-324, np.nextafter(1, 0), 1.0], [1.0, 1.0, 1.0, 1.0]):
        assert counts_fit(operating_points(ill, np.array(probabilities), 4, "films"))
