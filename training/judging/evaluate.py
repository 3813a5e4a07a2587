"""How a model does on labelled films that it is not taught with: every measure with its 95 % interval by patient.

Shares (accuracy, sensitivity, specificity, precision) have Wilson intervals over patients
(`metrics.share_by_patient`); AUC, average precision, F1 and the calibration error, for which there is no such formula,
have the bootstrap over patients that cards have too (`metrics.by_patient`, which says what becomes of perfect ones).
Which measure has which never depends on the films otherwise. A measure that the films do not define (no ill or no
healthy film among them) is None, and so is a bootstrapped interval over one patient.
"""

from __future__ import annotations

import dataclasses
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from imaging.ahead import ordered_map
from imaging.progress import CancelToken
from imaging.read.packed.source import film_sha256
from imaging.study import ImageRef
from inference.bundles.card import Measure, ModelCard, OperatingPoints
from inference.scoring.local_table import DESCRIBED, LocalFinding, LocalTable
from inference.scoring.operating import recommended_points
from inference.scoring.pipeline import Analyser, LoadedFilm
from inference.screening.screen import Analysed, Lanes, Refusal, analysed, load_film
from training.films.labelled_set import SetFilm
from training.films.patients import joined_patients
from training.judging.metrics import (
    Vector,
    auc,
    average_precision,
    by_patient,
    calibration_error,
    calibration_error_by_chance,
    f1,
    reliability,
    share_by_patient,
)
from training.sealing.calibrate import operating_points

SCHEMA = 1
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Judged:
    """One film of the set: its truth, and calibrated probabilities by finding, empty unless it was scored.

    `digest` is the sha256 of the file's bytes, '' where it could not be read. `ref` names the film for a list of those
    that went wrong; it is written to no report.
    """

    state: Literal["scored", "gated", "refused"]
    findings: frozenset[str]
    patient: str
    digest: str
    probabilities: dict[str, float]
    ref: ImageRef | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Scored:
    """The scored films of one finding: ill bool [N], probabilities float64 [N], patients text [N]."""

    ill: Bools
    probabilities: Vector
    patients: npt.NDArray[np.str_]

    @property
    def is_both(self) -> bool:
        """Whether there are ill and healthy films."""
        return bool(self.ill.any() and not self.ill.all())


def judge(
    analyser: Analyser, films: Iterable[SetFilm], threads: int, token: CancelToken, *, lanes: int = 0
) -> list[Judged]:
    """Analyse every film as `screen` does, decoding and the network overlapping; the network in so many threads, or (0)
    in the caller's alone. Raises Cancelled.
    """
    taken: deque[SetFilm] = deque()

    def noted() -> Iterator[ImageRef | Refusal]:
        for film in films:
            taken.append(film)
            yield film.film

    pool = ThreadPoolExecutor(threads, thread_name_prefix="evaluate")
    networks = ThreadPoolExecutor(lanes, thread_name_prefix="evaluate-network") if lanes else None
    judged = []
    try:
        loaded = ordered_map(pool, partial(_load, analyser), noted(), 2 * threads)
        for outcome in analysed(analyser, loaded, Lanes(networks, lanes) if networks else None):
            token.check()
            judged.append(_judged(taken.popleft(), outcome))
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
        if networks is not None:
            networks.shutdown(cancel_futures=True)
        pool.shutdown()
    return with_twins_joined(judged)


def report(card: ModelCard, weights_sha256: str, judged: Sequence[Judged], known: frozenset[str]) -> dict[str, Any]:
    """The JSON of the contract. `films` are all films of the set, the gated and refused ones too; `patients` are those
    of the films that were scored, and every measure is about these films. `known` holds the sha256 of the files that
    the model was trained on (`inference.scoring.similar.trained_on`).
    """
    states = Counter(film.state for film in judged)
    points = recommended_points(card)
    return {
        "schema": SCHEMA,
        "model": card.id,
        "weights_sha256": weights_sha256,
        "films": len(judged),
        "patients": len({film.patient for film in judged if film.state == "scored"}),
        "gated": states["gated"],
        "refused": states["refused"],
        "trained_on": sum(film.digest in known for film in judged),
        "labels": {label: measures_of(scored_films(judged, label), points[label]) for label in card.findings},
    }


def local_check(
    card: ModelCard, weights_sha256: str, judged: Sequence[Judged], known: frozenset[str], date: str
) -> LocalTable:
    """What these films say of a model at the reader's own site, less those that it is known to be trained on.

    `date` is the day in ISO 8601. Without ill and healthy films a finding has no operating points: nothing could be
    recommended.
    """
    states = Counter(film.state for film in judged)
    unseen = [film for film in judged if film.state == "scored" and film.digest not in known]
    points = recommended_points(card)
    return LocalTable(
        model=card.id,
        weights_sha256=weights_sha256,
        date=date,
        films=len(unseen),
        patients=len({film.patient for film in unseen}),
        gated=states["gated"],
        refused=states["refused"],
        trained_on=sum(film.digest in known for film in judged),
        findings={
            label: _local_finding(scored_films(unseen, label), points[label], card.operating[label])
            for label in card.findings
        },
    )


def _local_finding(films: Scored, point: float, card: OperatingPoints) -> LocalFinding:
    """The own table is counted at the card's thresholds too: while those are in force, it is read at them."""
    found, patients = label_measures(films, point), len(np.unique(films.patients))
    ill = int(films.ill.sum())
    return LocalFinding(
        films=len(films.ill),
        patients=patients,
        ill=ill,
        healthy=len(films.ill) - ill,
        operating_point=point,
        sensitivity=found["sensitivity"],
        specificity=found["specificity"],
        auc=found["auc"] if patients > 1 else None,
        calibration_error=found["calibration_error"] if patients > 1 else None,
        calibration_by_chance=calibration_error_by_chance(films.probabilities) if len(films.ill) else None,
        reliability=reliability(films.ill, films.probabilities),
        operating=_own_points(films, patients, (point, *(row.threshold for row in card.rows))),
    )


def _own_points(films: Scored, patients: int, also: Sequence[float]) -> OperatingPoints | None:
    if not films.is_both:
        return None
    return operating_points(films.ill, films.probabilities, patients, DESCRIBED, also)


def scored_films(judged: Sequence[Judged], label: str) -> Scored:
    """The films with a score, as the arrays that measures are made of."""
    films = [film for film in judged if film.state == "scored"]
    return Scored(
        np.array([label in film.findings for film in films], dtype=bool),
        np.array([film.probabilities[label] for film in films], dtype=np.float64),
        np.array([film.patient for film in films], dtype=np.str_),
    )


def label_measures(films: Scored, point: float) -> dict[str, Measure | None]:
    """Every measure of one label at one operating point; None where the films do not define it."""
    called = films.probabilities >= point

    def share(holds: Bools, among: Bools) -> Measure | None:
        return share_by_patient(holds[among], films.patients[among]) if among.any() else None

    def drawn(measure: Callable[[Bools, Vector], float], defined: bool) -> Measure | None:
        return by_patient(films.ill, films.probabilities, films.patients, measure) if defined else None

    return {
        "auc": drawn(auc, films.is_both),
        "average_precision": drawn(average_precision, films.is_both),
        "accuracy": share(called == films.ill, np.ones_like(called)),
        "sensitivity": share(called, films.ill),
        "specificity": share(~called, ~films.ill),
        "precision": share(films.ill, called),
        "f1": drawn(lambda ill, scores: f1(ill, scores >= point), bool(films.ill.any())),
        "calibration_error": drawn(calibration_error, len(films.ill) > 0),
    }


def measures_of(films: Scored, point: float) -> dict[str, Any]:
    """Every measure of one label with its interval, the point and the confusion counts, as the contract has them."""
    found = label_measures(films, point)
    one_patient = len(np.unique(films.patients)) < 2
    drawn = {"auc", "average_precision", "f1", "calibration_error"}
    called = films.probabilities >= point
    counts = [[int(((films.ill == ill) & (called == flag)).sum()) for flag in (False, True)] for ill in (False, True)]
    return {
        **{name: _as_json(measure, known=not (one_patient and name in drawn)) for name, measure in found.items()},
        "operating_point": point,
        "confusion": counts,
    }


def _as_json(measure: Measure | None, *, known: bool) -> dict[str, float | None]:
    """`known`: whether the interval is."""
    if measure is None:
        return {"value": None, "low": None, "high": None}
    return dataclasses.asdict(measure) if known else {"value": measure.value, "low": None, "high": None}


def _load(analyser: Analyser, film: ImageRef | Refusal) -> LoadedFilm | Refusal:
    """As `screen` does, and the digest of the file. What can't be read is refused by the decoder, with its reason."""
    if isinstance(film, ImageRef):
        with suppress(OSError):
            film = dataclasses.replace(film, digest=film_sha256(film.path))
    loaded = load_film(analyser, film)
    if isinstance(loaded, LoadedFilm) and isinstance(film, ImageRef):
        return dataclasses.replace(loaded, ref=dataclasses.replace(loaded.ref, digest=film.digest))
    return loaded


def _judged(film: SetFilm, outcome: Analysed | Refusal) -> Judged:
    if isinstance(outcome, Refusal):
        return Judged("refused", film.findings, film.patient, outcome.ref.digest or "", {}, outcome.ref)
    result = outcome.result
    digest = result.ref.digest or ""
    if not result.gate.accepted:
        return Judged("gated", film.findings, film.patient, digest, {}, result.ref)
    scores = {finding.label: finding.probability for finding in result.findings}
    return Judged("scored", film.findings, film.patient, digest, scores, result.ref)


def with_twins_joined(judged: Sequence[Judged]) -> list[Judged]:
    """Films with equal bytes are one patient's; files that could not be read (no digest) are nobody's twins."""
    joined = joined_patients((film.patient, film.digest or f"unread {place}") for place, film in enumerate(judged))
    return [dataclasses.replace(film, patient=patient) for film, patient in zip(judged, joined, strict=True)]
