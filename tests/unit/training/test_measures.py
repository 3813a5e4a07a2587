from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, f1_score, roc_auc_score

from inference.bundles.card_check import check_card, counts_fit
from inference.scoring.operating import OperatingTable, wilson
from inference.scoring.scores import calibrated
from tests.bundles import card_of
from training.judging.metrics import (
    at_threshold,
    auc,
    average_precision,
    by_patient,
    calibration_error,
    calibration_error_by_chance,
    f1,
    reliability,
    share_by_patient,
)
from training.sealing.calibrate import (
    KINDS,
    RECOMMENDED_SENSITIVITY,
    Kind,
    choose_calibration,
    fit_calibration,
    heat_scale,
    operating_points,
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


@pytest.mark.parametrize("kind", KINDS)
def test_calibration_keeps_the_order(scored: tuple[np.ndarray, np.ndarray], kind: Kind) -> None:
    ill, logits = scored
    assert auc(ill, calibrated(logits, fit_calibration(ill, logits, kind))) == pytest.approx(auc(ill, logits))


def test_an_isotonic_curve_fits_a_card(scored: tuple[np.ndarray, np.ndarray]) -> None:
    fitted = fit_calibration(*scored, "isotonic")
    check_card(card_of(calibration={"OPACITY": fitted}))
    given = calibrated(scored[1], fitted)
    assert 0 < given.min() < 0.01
    assert 0.99 < given.max() < 1
    assert calibration_error(scored[0], given) < 0.03


def test_few_and_equal_scores_still_make_a_calibration() -> None:
    ill = np.array([True, False])
    check_card(card_of(calibration={"OPACITY": fit_calibration(ill, np.array([1.0, 0.0]), "isotonic")}))
    for kind in KINDS:
        flat = fit_calibration(ill, np.zeros(2), kind)
        check_card(card_of(calibration={"OPACITY": flat}))
        assert calibrated(np.zeros(2), flat) == pytest.approx([0.5, 0.5], abs=1e-3)


@pytest.mark.parametrize("odd", [False, True])
def test_a_curve_of_many_points_is_taken_only_where_it_pays(odd: bool) -> None:
    rng = np.random.default_rng(1)
    ill = rng.random(400) < 0.5
    logits = rng.normal(np.where(ill, 1.5, -1.5), 1.5)
    bent = np.where(logits > 0, logits**3, logits / 8) if odd else logits
    choice = choose_calibration(ill, bent, np.arange(400).astype(str))
    assert (choice.kind == "isotonic") is odd
    assert set(choice.log_loss) == set(KINDS)
    few = choose_calibration(ill[:12], bent[:12], np.arange(12).astype(str))
    assert few.kind == "platt"


def test_the_choice_holds_out_whole_patients() -> None:
    """Two films of each patient are the same film: a curve that saw one of them knows the other."""
    rng = np.random.default_rng(2)
    ill = np.repeat(rng.random(100) < 0.5, 2)
    logits = np.repeat(rng.normal(np.where(ill[::2], 0.3, -0.3), 1.0), 2)
    owners = np.repeat(np.arange(100), 2).astype(str)
    by_patient_loss = choose_calibration(ill, logits, owners).log_loss["isotonic"]
    by_film_loss = choose_calibration(ill, logits, np.arange(200).astype(str)).log_loss["isotonic"]
    assert by_film_loss < by_patient_loss


def test_a_calibration_error_is_bad_only_beyond_what_chance_gives() -> None:
    rng = np.random.default_rng(3)
    given = rng.random(100)
    limits = [calibration_error_by_chance(given[:films]) for films in (25, 100)]
    assert limits[0] > limits[1] > 0
    honest = [calibration_error(rng.random(100) < given, given) > limits[1] for _ in range(200)]
    assert np.mean(honest) < 0.06
    assert calibration_error(rng.random(100) < given**3, given) > limits[1]


def test_reliability_counts_every_film_once(scored: tuple[np.ndarray, np.ndarray]) -> None:
    ill, logits = scored
    bins = reliability(ill, calibrated(logits, fit_calibration(ill, logits)))
    assert (len(bins), sum(bar.films for bar in bins), sum(bar.ill for bar in bins)) == (10, len(ill), ill.sum())
    assert [bar.probability for bar in bins] == sorted(bar.probability for bar in bins)
    assert reliability(np.zeros(0, bool), np.zeros(0)) == ()
    assert len(reliability(np.ones(1, bool), np.ones(1))) == 1


def test_the_recommended_point_finds_as_many_as_it_says(scored: tuple[np.ndarray, np.ndarray]) -> None:
    ill, logits = scored
    probabilities = calibrated(logits, fit_calibration(ill, logits))
    points = operating_points(ill, probabilities, 600, "films")
    found = at_threshold(ill, probabilities, points.recommended)["sensitivity"]
    assert RECOMMENDED_SENSITIVITY <= found < RECOMMENDED_SENSITIVITY + 0.01
    assert (points.ill, points.healthy) == (ill.sum(), (~ill).sum())


def test_the_worst_change_counts_at_every_threshold(scored: tuple[np.ndarray, np.ndarray]) -> None:
    ill, logits = scored
    plain = calibrated(logits, fit_calibration(ill, logits))
    changed = [np.clip(plain - 0.1, 0, 1), np.clip(plain + 0.05, 0, 1)]
    points, before = operating_points(ill, plain, 600, "films", changed=changed), operating_points(ill, plain, 600, "f")
    for row in points.rows:
        called = [scores >= row.threshold for scores in (plain, *changed)]
        assert row.true_positive == min(flags[ill].sum() for flags in called) <= called[0][ill].sum()
        assert row.false_positive == max(flags[~ill].sum() for flags in called) >= called[0][~ill].sum()
    assert points.recommended < before.recommended
    finds = [at_threshold(ill, scores, points.recommended)["sensitivity"] for scores in (plain, *changed)]
    assert RECOMMENDED_SENSITIVITY <= min(finds) < RECOMMENDED_SENSITIVITY + 0.01
    assert OperatingTable(points).threshold_at(RECOMMENDED_SENSITIVITY) == points.recommended


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


def test_a_handful_of_films_parted_perfectly_proves_little() -> None:
    ill = np.arange(18) % 18 < 9
    scores = np.where(ill, 0.9, 0.1)
    for measure in (auc, average_precision):
        alone = by_patient(ill, scores, np.arange(18).astype(str), measure)
        assert (alone.value, alone.high) == (1.0, 1.0)
        assert alone.low == pytest.approx(wilson(9, 9).low)
        threefold = by_patient(ill, scores, (np.arange(18) // 3).astype(str), measure)
        assert threefold.low == pytest.approx(wilson(3, 3).low), "three patients of each kind"
    many = np.repeat(ill, 100)
    assert by_patient(many, np.where(many, 0.9, 0.1), np.arange(1800).astype(str), auc).low > 0.99
    wrong = by_patient(ill, -scores, np.arange(18).astype(str), auc)
    assert (wrong.value, wrong.low) == (0.0, 0.0)
    assert wrong.high == pytest.approx(wilson(0, 9).high)


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
