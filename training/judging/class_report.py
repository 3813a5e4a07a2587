"""A class report: precision, sensitivity and F1 of every class, the normal one too, at each finding's point."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from inference.bundles.card import Measure
from training.judging.metrics import by_patient, f1, share_by_patient
from training.judging.run_result import JudgedPart

NO_FINDING = "no finding"


@dataclass(frozen=True, slots=True)
class ClassRow:
    """One class; a measure is None where the films do not define it. `films` are those that are of the class."""

    name: str
    films: int
    precision: Measure | None
    sensitivity: Measure | None
    f1: Measure | None


def class_report(part: JudgedPart, points: Mapping[str, float]) -> tuple[ClassRow, ...]:
    """The findings in their order, then the films without any: those are called normal whose every score is below its
    point.
    """
    patients = np.array([film.patient for film in part.films])
    called = {
        label: np.array([film.probabilities[label] >= at for film in part.films], dtype=bool)
        for label, at in points.items()
    }
    truth = {label: np.array([label in film.labels for film in part.films], dtype=bool) for label in points}
    rows = [_row(label, truth[label], called[label], patients) for label in points]
    normal = ~np.any(list(truth.values()), axis=0)
    return (*rows, _row(_normal_name(part), normal, ~np.any(list(called.values()), axis=0), patients))


def _row(
    name: str, truth: np.ndarray[tuple[int], np.dtype[np.bool_]], called: np.ndarray, patients: np.ndarray
) -> ClassRow:
    many = len(np.unique(patients)) > 1
    return ClassRow(
        name=name,
        films=int(truth.sum()),
        precision=share_by_patient(truth[called], patients[called]) if called.any() else None,
        sensitivity=share_by_patient(called[truth], patients[truth]) if truth.any() else None,
        f1=by_patient(truth, called.astype(np.float64), patients, lambda ill, p: f1(ill, p > 0.5))
        if truth.any() and many
        else None,
    )


def _normal_name(part: JudgedPart) -> str:
    """What the films without a finding are called, where they have one name."""
    others = {label for film in part.films for label in film.labels if label not in part.points}
    return others.pop() if len(others) == 1 else NO_FINDING
