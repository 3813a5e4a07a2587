"""What a finished run left of its result, read back: each judged film with its scores, and the points of the model."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from imaging.errors import NegatoscopeError
from inference.bundles.card import Measure
from training.films.manifest import Subject
from training.judging.against import verdict
from training.judging.evaluate import Scored
from training.judging.result import PREDICTIONS, RESULT, SCHEMA

_LARGEST_BYTES = 512 << 20
_NAMES = ("auc", "average_precision", "calibration_error", "f1")  # those that take a bootstrap


class ResultError(NegatoscopeError):
    """The result of a run can't be shown; the message says why in one sentence."""


@dataclass(frozen=True, slots=True)
class JudgedFilm:
    """A film that the run did not learn from, with its calibrated probabilities by finding."""

    path: Path
    frame: int
    digest: str
    patient: str
    labels: frozenset[str]
    probabilities: dict[str, float]
    subject: Subject


@dataclass(frozen=True, slots=True)
class JudgedPart:
    """One part of the films. `points` are the model's own operating points by finding, `measures` what was
    counted there: by finding and measure, None where the films do not define it or its interval.
    """

    name: str
    films: tuple[JudgedFilm, ...]
    points: dict[str, float]
    measures: dict[str, dict[str, Measure | None]] = field(default_factory=dict)

    def scored(self, label: str) -> Scored:
        """The arrays that measures of one finding are made of."""
        return Scored(
            np.array([label in film.labels for film in self.films], dtype=bool),
            np.array([film.probabilities[label] for film in self.films], dtype=np.float64),
            np.array([film.patient for film in self.films], dtype=np.str_),
        )

    @property
    def patients(self) -> int:
        return len({film.patient for film in self.films})


@dataclass(frozen=True, slots=True)
class AgainstRow:
    """A run's model and the one that it started from, on the films of one part that neither has learnt from.

    `new` and `old` are the AUCs, `difference` is the new one's less the old one's with its interval (DeLong) and `p`;
    `calls_p` is that of the calls at each one's recommended point (McNemar).
    """

    part: str
    label: str
    films: int
    new: float
    old: float
    difference: Measure
    p: float
    calls_p: float


@dataclass(frozen=True, slots=True)
class Against:
    """What the comparison with the model `old` (its id) came to. `worse` is what speaks against the new one, or ''."""

    old: str
    rows: tuple[AgainstRow, ...]
    worse: str


@dataclass(frozen=True, slots=True)
class RunResult:
    """The validation part, and the test part where the run had one, by name and in this order.

    `against` is None where the run started from no model, or from one that tells other findings.
    """

    model: str
    weights_sha256: str
    parts: dict[str, JudgedPart]
    against: Against | None = None


@dataclass(frozen=True, slots=True)
class Mistake:
    """A film on the wrong side of a point. `missed`: it is ill and was not called so. `gap`: how far, 0 to 1."""

    film: JudgedFilm
    probability: float
    missed: bool
    gap: float


def read_result(folder: Path) -> RunResult:
    """Raises ResultError where the run is not finished, or its files are not whole."""
    try:
        body = json.loads(_bytes(folder / RESULT))
        if int(body["schema"]) > SCHEMA:
            raise ResultError("This result was written by a newer Negatoscope; update the program to see it.")
        films = list(_films(folder / PREDICTIONS))
        parts = {
            str(name): JudgedPart(
                str(name), tuple(film for part, film in films if part == name), _points(of), _measures(of)
            )
            for name, of in body["parts"].items()
        }
        for part in parts.values():
            _check(part)
        return RunResult(str(body["model"]), str(body["weights_sha256"]), parts, _against(body.get("against")))
    except FileNotFoundError as error:
        raise ResultError("This run has no result yet.") from error
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ResultError("The result of this run is damaged and can't be shown.", detail=repr(error)) from error


def mistakes(part: JudgedPart, label: str, point: float) -> tuple[Mistake, ...]:
    """The films on the wrong side of the point, those furthest from it first."""
    found = []
    for film in part.films:
        probability, ill = film.probabilities[label], label in film.labels
        if (probability >= point) != ill:
            found.append(Mistake(film, probability, ill, abs(probability - point)))
    return tuple(sorted(found, key=lambda of: (-of.gap, of.film.path.as_posix())))


def cell(part: JudgedPart, label: str, point: float, *, ill: bool, called: bool) -> tuple[JudgedFilm, ...]:
    """The films of one cell of the confusion matrix, by falling probability."""
    inside = [
        film for film in part.films if (label in film.labels) == ill and (film.probabilities[label] >= point) == called
    ]
    return tuple(sorted(inside, key=lambda film: -film.probabilities[label]))


def _bytes(path: Path) -> bytes:
    if path.stat().st_size > _LARGEST_BYTES:
        raise ResultError("The result of this run is too long to be one.")
    return path.read_bytes()


def _films(path: Path) -> Iterator[tuple[str, JudgedFilm]]:
    for line in _bytes(path).decode("utf-8").splitlines():
        row = json.loads(line)
        yield (
            str(row["part"]),
            JudgedFilm(
                path=Path(row["path"]),
                frame=int(row["frame"]),
                digest=str(row["digest"]),
                patient=str(row["patient"]),
                labels=frozenset(map(str, row["labels"])),
                probabilities={str(label): float(value) for label, value in row["probabilities"].items()},
                subject=_subject(row.get("subject", {})),
            ),
        )


def _subject(body: dict[str, Any]) -> Subject:
    """Runs of earlier versions say nothing of it."""
    return Subject(*(str(body.get(name, "")) for name in ("sex", "age", "view", "source")))


def _points(of: dict[str, Any]) -> dict[str, float]:
    return {str(label): float(found["operating_point"]) for label, found in of["labels"].items()}


def _measures(of: dict[str, Any]) -> dict[str, dict[str, Measure | None]]:
    return {str(label): {name: _measure(found[name]) for name in _NAMES} for label, found in of["labels"].items()}


def _measure(body: dict[str, Any]) -> Measure | None:
    if body["value"] is None or body["low"] is None:
        return None
    return Measure(float(body["value"]), float(body["low"]), float(body["high"]))


def _against(body: dict[str, Any] | None) -> Against | None:
    if body is None:
        return None
    rows = tuple(
        AgainstRow(
            part=str(part),
            label=str(label),
            films=int(of["films"]),
            new=float(row["new"]["auc"]["value"]),
            old=float(row["old"]["auc"]["value"]),
            difference=Measure(*(float(row["auc"][name]) for name in ("value", "low", "high"))),
            p=float(row["auc"]["p"]),
            calls_p=float(row["calls_p"]),
        )
        for part, of in body["parts"].items()
        for label, row in of["labels"].items()
    )
    return Against(str(body["model"]), rows, verdict(body)) if rows else None


def _check(part: JudgedPart) -> None:
    """Raise ValueError where a part has no film, or a film no score of a finding."""
    if not part.films or not part.points:
        raise ValueError("a part without films or findings")
    if any(label not in film.probabilities for film in part.films for label in part.points):
        raise ValueError("a film without a score")
