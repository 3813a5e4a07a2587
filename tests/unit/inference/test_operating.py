from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference.bundles.card import OperatingPoints, OperatingRow
from inference.scoring.operating import OperatingTable, points_for_sensitivity, recommended_points, wilson
from tests.bundles import card_of, multi_label_card

TABLE = OperatingTable(card_of().operating["OPACITY"])


def table_of(ill: list[float], healthy: list[float]) -> OperatingTable:
    """A table of every distinct score, as calibration makes it."""
    cuts = sorted({0.0, *ill, *healthy, 1.0})
    rows = tuple(OperatingRow(cut, sum(s >= cut for s in ill), sum(s >= cut for s in healthy)) for cut in cuts)
    films = len(ill) + len(healthy)
    points = OperatingPoints(0.5, films, films, "films", len(ill), len(healthy), rows)
    return OperatingTable(points)


@pytest.mark.parametrize(
    ("sensitivity", "threshold"),
    [(0.0, 1.0), (0.01, 0.6), (0.75, 0.6), (0.76, 0.4), (0.95, 0.4), (0.951, 0.0), (1.0, 0.0)],
)
def test_sensitivity_names_the_highest_threshold_that_reaches_it(sensitivity: float, threshold: float) -> None:
    assert TABLE.threshold_at(sensitivity) == threshold


@pytest.mark.parametrize(("threshold", "found"), [(0.0, 20), (0.2, 19), (0.4, 19), (0.41, 15), (0.7, 0), (1.0, 0)])
def test_a_threshold_has_the_counts_of_the_next_row(threshold: float, found: int) -> None:
    assert TABLE.row_at(threshold).true_positive == found


scores = st.lists(st.floats(0, 1).map(lambda score: round(score, 3)), min_size=1, max_size=30)


@given(scores, scores, st.floats(0, 1))
def test_the_slider_keeps_its_promise(ill: list[float], healthy: list[float], wanted: float) -> None:
    table = table_of(ill, healthy)
    threshold = table.threshold_at(wanted)
    found = np.mean([score >= threshold for score in ill])
    assert found >= wanted - 1e-9
    assert table.sensitivity(threshold).value == pytest.approx(found)
    assert 1 - table.specificity(threshold).value == pytest.approx(np.mean([score >= threshold for score in healthy]))


@given(scores, scores, st.floats(0, 1), st.floats(0, 1))
def test_more_sensitivity_never_raises_the_threshold(
    ill: list[float], healthy: list[float], one: float, other: float
) -> None:
    table = table_of(ill, healthy)
    low, high = sorted((one, other))
    assert table.threshold_at(high) <= table.threshold_at(low)


@given(scores, scores, st.floats(0, 1))
def test_a_wanted_specificity_is_kept_at_the_best_sensitivity(
    ill: list[float], healthy: list[float], wanted: float
) -> None:
    table = table_of(ill, healthy)
    threshold = table.threshold_at_specificity(wanted)
    point = table.point_at(threshold)
    if threshold < 1.0:
        assert point.specificity.value >= wanted - 1e-9
    lower = [cut for cut in {0.0, *ill, *healthy, 1.0} if cut < threshold]
    assert all(table.specificity(cut).value < wanted for cut in lower), "a lower threshold would have done"
    slider = table.threshold_at(table.sensitivity_for(wanted))
    assert table.specificity(slider).value >= point.specificity.value - 1e-9


def test_a_point_names_the_counts_behind_it() -> None:
    point = TABLE.point_at(0.4)
    assert (point.found, point.ill, point.spared, point.healthy) == (19, 20, 24, 30)
    alone = dataclasses.replace(point, patients_a_film=1.0)
    assert (alone.sensitivity, alone.specificity) == (wilson(19, 20), wilson(24, 30))
    bare = OperatingTable(dataclasses.replace(TABLE.points, rows=())).point_at(0.4)
    assert (bare.is_counted, point.is_counted) == (False, True)


def test_films_of_one_patient_do_not_narrow_the_interval() -> None:
    points = dataclasses.replace(TABLE.points, patients=25)
    of_pairs, of_singles = OperatingTable(points).point_at(0.4), TABLE.point_at(0.4)
    assert of_pairs.sensitivity.value == of_singles.sensitivity.value
    assert of_pairs.sensitivity.low < of_singles.sensitivity.low
    assert of_pairs.specificity == dataclasses.replace(wilson(12, 15), value=0.8)


def test_films_of_ones_own_warn_of_no_films_elsewhere() -> None:
    own = OperatingTable(TABLE.points, own=True).sentence(0.95)
    assert own.endswith("calls 20 of 100 healthy films ill.")


def test_without_a_table_the_recommended_point_stands() -> None:
    bare = OperatingTable(dataclasses.replace(TABLE.points, rows=()))
    assert bare.threshold_at(0.1) == TABLE.points.recommended
    assert "brings no counts" in bare.sentence(0.9)


def test_the_sentence_names_its_films() -> None:
    assert TABLE.sentence(0.95) == (
        "On 50 validation films of the same hospital it finds 95 of 100 and calls 20 of 100 healthy films ill; "
        "on films from elsewhere often more."
    )


def test_the_intervals_are_wilsons_and_leave_the_sentence_alone() -> None:
    patients_a_film = 48 / 50
    found, spared = (wilson(count * patients_a_film, total * patients_a_film) for count, total in ((19, 20), (24, 30)))
    assert [round(100 * value) for value in (found.low, found.high)] == [76, 99]
    assert [round(100 * (1 - value)) for value in (spared.high, spared.low)] == [9, 38]
    assert TABLE.intervals_at(TABLE.threshold_at(0.95)) == "95 % intervals: 76–99 and 9–38 of 100"


def test_without_counts_there_are_no_intervals() -> None:
    bare = OperatingTable(dataclasses.replace(TABLE.points, rows=()))
    assert bare.intervals_at(0.5) == ""


def test_the_sentence_never_rounds_to_all_or_nothing() -> None:
    rows = (OperatingRow(0.2, 999, 1),)
    points = OperatingPoints(0.2, 2000, 2000, "films", 1000, 1000, rows)
    sentence = OperatingTable(points).sentence_at(0.2)
    assert "finds more than 99 of 100" in sentence
    assert "calls fewer than 1 of 100" in sentence
    assert "On 2,000 films" in sentence


@pytest.mark.parametrize(
    ("successes", "total", "low", "high"),
    # Newcombe 1998, Statistics in Medicine 17:857, table I, method 3
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson_intervals_are_those_of_the_literature(successes: int, total: int, low: float, high: float) -> None:
    found = wilson(successes, total)
    assert found.value == successes / total
    assert (found.low, found.high) == pytest.approx((low, high), abs=5e-5)


def test_of_nothing_nothing_is_known() -> None:
    assert (wilson(0, 0).low, wilson(0, 0).high) == (0.0, 1.0)


def test_points_go_by_finding() -> None:
    assert recommended_points(card_of()) == {"OPACITY": 0.4}
    assert points_for_sensitivity(multi_label_card(), 0.5) == {"EFFUSION": 0.6, "MASS": 0.6, "NODULE": 0.6}
