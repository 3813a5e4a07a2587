"""Curves, groups, the class report and mistakes, against scikit-learn and by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from training.films.source import Subject
from training.judging.class_report import NO_FINDING, class_report
from training.judging.curves import points_of
from training.judging.evaluate import Scored
from training.judging.run_result import JudgedFilm, JudgedPart, cell, mistakes
from training.judging.subgroups import FEW, UNKNOWN, group_name, groups_of


def scored(count: int = 200) -> Scored:
    rng = np.random.default_rng(3)
    ill = rng.random(count) < 0.4
    scores = np.round(np.clip(rng.normal(0.4 + 0.25 * ill, 0.2), 0, 1), 2).astype(np.float64)  # with ties
    return Scored(ill, scores, np.array([f"p{place // 2}" for place in range(count)]))


def part(films: list[tuple[float, tuple[str, ...]]]) -> JudgedPart:
    made = tuple(
        JudgedFilm(Path(f"f{n}.png"), 0, str(n), f"p{n}", frozenset(labels), {"A": score}, Subject())
        for n, (score, labels) in enumerate(films)
    )
    return JudgedPart("validation", made, {"A": 0.5})


def test_points_are_those_of_scikit_learn() -> None:
    from sklearn.metrics import precision_recall_curve, roc_curve

    films = scored()
    points = points_of(films.ill, films.probabilities)
    alarms, found, at = roc_curve(films.ill, films.probabilities, drop_intermediate=False)
    assert np.allclose([point.found / films.ill.sum() for point in points], found)
    assert np.allclose([point.alarms / (~films.ill).sum() for point in points], alarms)
    assert np.allclose([point.threshold for point in points[1:]], at[1:])
    precision, recall, _ = precision_recall_curve(films.ill, films.probabilities)
    assert np.allclose([point.found / (point.found + point.alarms) for point in points[1:]][::-1], precision[:-1])
    assert np.allclose([point.found / films.ill.sum() for point in points[1:]][::-1], recall[:-1])


def test_mistakes_are_the_worst_first_and_cells_hold_the_rest() -> None:
    films = part([(0.9, ("A",)), (0.1, ("A",)), (0.4, ("A",)), (0.95, ("N",)), (0.2, ("N",)), (0.5, ("N",))])
    found = mistakes(films, "A", 0.5)
    assert [(mistake.film.path.name, mistake.missed) for mistake in found] == [
        ("f3.png", False),
        ("f1.png", True),
        ("f2.png", True),
        ("f5.png", False),
    ]
    assert [film.path.name for film in cell(films, "A", 0.5, ill=False, called=True)] == ["f3.png", "f5.png"]
    sizes = [len(cell(films, "A", 0.5, ill=ill, called=called)) for ill in (True, False) for called in (True, False)]
    assert sum(sizes) == len(films.films)


def test_class_report_equals_scikit_learn() -> None:
    from sklearn.metrics import precision_recall_fscore_support

    films = scored()
    made = part([(float(p), ("A",) if ill else ("N",)) for p, ill in zip(films.probabilities, films.ill, strict=True)])
    rows = class_report(made, made.points)
    expected = precision_recall_fscore_support(films.ill, films.probabilities >= 0.5, labels=[True, False])
    assert [row.name for row in rows] == ["A", "N"]
    for place, row in enumerate(rows):
        assert row.precision is not None
        assert row.sensitivity is not None
        assert row.f1 is not None
        assert row.precision.value == pytest.approx(expected[0][place])
        assert row.sensitivity.value == pytest.approx(expected[1][place])
        assert row.f1.value == pytest.approx(expected[2][place])
        assert row.films == expected[3][place]
        assert row.f1.low < row.f1.value < row.f1.high


def test_films_without_any_label_are_called_so() -> None:
    assert (
        class_report(part([(0.9, ("A",)), (0.1, ()), (0.2, ("B",)), (0.3, ("C",))]), {"A": 0.5})[-1].name == NO_FINDING
    )


@pytest.mark.parametrize(
    ("trait", "value", "name"),
    [
        ("age", "045Y", "40 to 64"),
        ("age", "018M", "under 18"),
        ("age", "18", "18 to 39"),
        ("age", "65", "65 and over"),
        ("age", "old", UNKNOWN),
        ("sex", "F", "female"),
        ("sex", "", UNKNOWN),
        ("view", "pa", "PA"),
        ("source", " St. Mary ", "St. Mary"),
    ],
)
def test_group_names(trait: str, value: str, name: str) -> None:
    assert group_name(trait, value) == name  # type: ignore[arg-type]


def test_groups_hold_every_film_once_and_say_when_they_are_few() -> None:
    films = scored()
    subjects = [Subject(sex="F" if place < 150 else "M" if place < 190 else "", age="50") for place in range(200)]
    groups = groups_of(films, subjects, 0.5)
    assert [group.name for group in groups] == ["female", "male", UNKNOWN], "one age is no group"
    assert sum(group.films for group in groups) == 200
    female = groups[0]
    ill, scores = films.ill[:150], films.probabilities[:150]
    assert female.sensitivity is not None
    assert female.sensitivity.value == pytest.approx(float((scores[ill] >= 0.5).mean()))
    assert female.auc is not None
    assert female.auc.low < female.auc.value < female.auc.high
    assert [group.is_small for group in groups] == [min(g.ill, g.healthy) < FEW for g in groups] == [False, True, True]
