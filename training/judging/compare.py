"""Runs and reports side by side: their measures in one table, and whether they differ by more than chance."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from imaging.errors import NegatoscopeError
from training.judging.result import PREDICTIONS, RESULT
from training.judging.tests_of_difference import Difference, delong, mcnemar

MEASURES = ("auc", "accuracy", "sensitivity", "specificity", "precision", "f1", "calibration_error")
HEADINGS = ("AUC", "Accuracy", "Sensitivity", "Specificity", "Precision", "F1", "Calibration error")
_LARGEST_BYTES = 512 << 20


class CompareError(NegatoscopeError):
    """A run or report can't be compared; the message says why in one sentence."""


@dataclass(frozen=True, slots=True)
class Compared:
    """One model on one set of films. `name` is the row's; `scores` are probabilities by film, where they are known.

    `measures` go by finding, each as the contract has it; a film is its digest and frame.
    """

    name: str
    films: int
    patients: int
    measures: dict[str, dict[str, Any]]
    scores: dict[str, dict[str, float]]
    truth: dict[str, frozenset[str]]

    def point(self, label: str) -> float:
        return float(self.measures[label]["operating_point"])


@dataclass(frozen=True, slots=True)
class Versus:
    """A model against the baseline, for one finding on the same films."""

    name: str
    label: str
    films: int
    auc: Difference
    calls_p: float


def read_compared(path: Path) -> Compared:
    """A run's folder, by its test part where it has one, else by its validation part; or a report of `evaluate`.

    Raises CompareError.
    """
    if path.is_dir():
        return _of_run(path)
    report = _json(path)
    return Compared(str(report["model"]), report["films"], report["patients"], report["labels"], {}, {})


def told_apart(rows: Sequence[Compared], paths: Sequence[Path]) -> list[Compared]:
    """The rows, those of one name with where they come from behind it: one model on the films of two hospitals."""
    names = [row.name for row in rows]
    return [
        replace(row, name=f"{row.name} · {path.as_posix()}") if names.count(row.name) > 1 else row
        for row, path in zip(rows, paths, strict=True)
    ]


def against_baseline(rows: Sequence[Compared]) -> list[Versus]:
    """Every row but the first against the first, for findings of both, on the films that both have scores of."""
    baseline, *others = rows
    found = []
    for other in others:
        for label in baseline.measures.keys() & other.measures.keys():
            versus = _versus(baseline, other, label)
            if versus is not None:
                found.append(versus)
    return sorted(found, key=lambda versus: ([row.name for row in rows].index(versus.name), versus.label))


def _versus(baseline: Compared, other: Compared, label: str) -> Versus | None:
    shared = sorted(baseline.scores.keys() & other.scores.keys())
    ill = np.array([label in baseline.truth[film] for film in shared], dtype=bool)
    if not shared or ill.all() or not ill.any():
        return None
    scores = [np.array([model.scores[film][label] for film in shared]) for model in (other, baseline)]
    right = [(score >= model.point(label)) == ill for score, model in zip(scores, (other, baseline), strict=True)]
    return Versus(other.name, label, len(shared), delong(ill, *scores), mcnemar(*right))


def _of_run(folder: Path) -> Compared:
    result = _json(folder / RESULT)
    part = "test" if "test" in result["parts"] else "validation"
    found = result["parts"][part]
    scores, truth = {}, {}
    try:
        with (folder / PREDICTIONS).open(encoding="utf-8") as lines:
            for line in lines:
                row = json.loads(line)
                if row["part"] == part:
                    film = f"{row['digest']} {row['frame']}"
                    scores[film] = {str(label): float(value) for label, value in row["probabilities"].items()}
                    truth[film] = frozenset(row["labels"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise CompareError(f"The predictions of the run {folder.name} can't be read.", detail=str(error)) from error
    return Compared(f"{result['model']} ({part})", found["films"], found["patients"], found["labels"], scores, truth)


def _json(path: Path) -> dict[str, Any]:
    """The JSON of a result or report, with all that is read of it. Raises CompareError."""
    try:
        if path.stat().st_size > _LARGEST_BYTES:
            raise CompareError(f"{path.name} is too long for a report.")
        body = json.loads(path.read_bytes())
        for part in body["parts"].values() if "parts" in body else (body,):
            _check_part(part)
        str(body["model"])
    except FileNotFoundError as error:
        name = path.parent.name if path.name == RESULT else path.name
        raise CompareError(f"There is no finished run or report at {name}.") from error
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise CompareError(f"{path.name} is no report of this program.", detail=str(error)) from error
    return dict(body)


def _check_part(part: dict[str, Any]) -> None:
    int(part["films"]), int(part["patients"])
    for measures in part["labels"].values():
        float(measures["operating_point"])
        for name in MEASURES:
            _ = measures[name]["value"], measures[name]["low"], measures[name]["high"]
