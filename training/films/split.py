"""Splitting by patient: no patient stands on both sides."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from training.films.manifest import DataError, LabelledFilm, Manifest, Part
from training.plan import DataPlan

FEWEST = 2  # films of each class in each part that teaches or judges
FEWEST_HELD_OUT = 10  # films of each label in a cluster that judges
ENOUGH_HELD_OUT = 100  # with so many of each label a sensitivity of 95 % is told to within 4 %
Positions = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Split:
    """Positions in `Manifest.films`: int64 arrays, sorted, disjoint.

    `left_out` are films of the source's own parts whose patient stands in a part that judges too: training, or
    choosing an epoch, with them would leak. `seen` are films of the parts that judge whose patient taught the model
    that the run goes on from; there are none where others were enough. `apart` are the films of the validation part
    that belong to a cluster of which no film is trained on; none where the plan does not hold out both.
    """

    train: Positions
    validation: Positions
    test: Positions
    left_out: Positions
    seen: Positions
    apart: Positions


def split_films(
    manifest: Manifest,
    plan: DataPlan,
    seed: int,
    taught: frozenset[str] = frozenset(),
    clusters: npt.NDArray[np.int64] | None = None,
) -> Split:
    """Part the films as a plan says: the parts that the source names where they are kept, the rest by patient.

    Where the source names no validation part, or is not followed, about `validation_share` and `test_share` of each
    label's patients are drawn. Where the plan holds out clusters, the validation part is the one of `clusters`, int64
    [N], the same for all films of a patient, that comes nearest to that share and can judge; where it holds out both,
    the smallest one with enough films goes from the training part into it. `taught` are patients who can't judge, for
    the model that the run goes on from knows them: they are left out of the parts that judge where those have enough
    films of others. Raises DataError where a part would have no films.
    """
    named = [film.part if plan.keep_parts else "" for film in manifest.films]
    parts = np.array(named, dtype="<U10")
    parts[parts == ""] = "train"
    rng = np.random.default_rng(seed)
    for part, share in (("test", plan.test_share), ("validation", plan.validation_share)):
        if share > 0 and not (parts == part).any():
            among = parts == "train"
            if part == "validation" and clusters is not None and holds_out_cluster(manifest, plan):
                parts[among & (clusters == _held_out(manifest, among, share, clusters))] = part
            else:
                parts[_drawn(manifest, among, share, rng, taught)] = part
    apart = np.zeros(len(parts), dtype=bool)
    if plan.hold_out == "both" and clusters is not None:
        cluster = _held_out_beside(manifest, parts == "train", plan.validation_share, clusters)
        apart = clusters == cluster
        parts[(parts == "train") & apart] = "validation"
    known = np.array([film.patient in taught for film in manifest.films], dtype=bool)
    for part in ("validation", "test"):
        strangers = (parts == part) & ~known
        if _has_enough(manifest, strangers):
            parts[(parts == part) & known] = ""
    parts[_leaking(manifest.films, parts)] = ""
    found: dict[Part, Positions] = {part: np.flatnonzero(parts == part) for part in ("train", "validation", "test")}
    if not len(found["train"]) or not len(found["validation"]):
        raise DataError("There are too few patients to keep some of them apart for validation.")
    judging = (parts == "validation") | (parts == "test")
    left_out, seen = np.flatnonzero(parts == ""), np.flatnonzero(judging & known)
    judged_apart = np.flatnonzero(apart & (parts == "validation"))
    return Split(found["train"], found["validation"], found["test"], left_out, seen, judged_apart)


def holds_out_cluster(manifest: Manifest, plan: DataPlan) -> bool:
    """Whether the validation part is a cluster: asked for, and the source's own one is not kept."""
    names_its_own = plan.keep_parts and any(film.part == "validation" for film in manifest.films)
    return plan.hold_out == "clusters" and not names_its_own


def split_by_patient(manifest: Manifest, validation_share: float, seed: int) -> Split:
    """Put about `validation_share` of each label's patients into the validation part, whatever the source says."""
    return split_films(manifest, DataPlan("", keep_parts=False, validation_share=validation_share), seed)


def _has_enough(manifest: Manifest, among: npt.NDArray[np.bool_]) -> bool:
    """Whether these films can judge: some with each label, and some without."""
    own = [film.labels for film, taken in zip(manifest.films, among, strict=True) if taken]
    counts = [sum(label in labels for labels in own) for label in manifest.labels]
    return all(min(count, len(own) - count) >= FEWEST for count in counts)


def _drawn(
    manifest: Manifest,
    among: npt.NDArray[np.bool_],
    share: float,
    rng: np.random.Generator,
    taught: frozenset[str],
) -> Positions:
    """The films of a share of each label's patients, strangers where there are any. A patient counts for the rarest of
    their labels: counted for the first one, rare findings of a list would be left to chance.
    """
    label_of = _rarest_labels([film for film, taken in zip(manifest.films, among, strict=True) if taken])
    held_out: set[str] = set()
    for label in manifest.labels:
        patients = sorted(patient for patient, own in label_of.items() if own == label)
        strangers = [patient for patient in patients if patient not in taught]
        candidates = strangers if len(strangers) >= FEWEST else patients
        order = rng.permutation(len(candidates))
        fewest = FEWEST if len(candidates) >= 2 * FEWEST else 1
        held_out.update(candidates[i] for i in order[: max(fewest, round(share * len(patients)))])
    held = [among[i] and film.patient in held_out for i, film in enumerate(manifest.films)]
    return np.flatnonzero(held)


def _rarest_labels(films: Sequence[LabelledFilm]) -> dict[str, str]:
    """Of each patient, in the order of the films, the label that the fewest patients have."""
    labels_of: dict[str, dict[str, None]] = {}
    for film in films:
        labels_of.setdefault(film.patient, {}).update(dict.fromkeys(film.labels))
    patients = Counter(label for own in labels_of.values() for label in own)
    return {patient: min(own, key=lambda label: patients[label]) for patient, own in labels_of.items()}


def _held_out(manifest: Manifest, among: npt.NDArray[np.bool_], share: float, clusters: npt.NDArray[np.int64]) -> int:
    """The cluster whose share comes nearest, of those that can judge."""
    shares = _shares(manifest, among, clusters, FEWEST_HELD_OUT)
    if not shares:
        raise DataError(
            f"No cluster of films that were collected alike has {FEWEST_HELD_OUT} films of every label, and leaves as "
            "many to learn from: hold out patients instead."
        )
    return min(shares, key=lambda cluster: abs(shares[cluster] - share))


def _held_out_beside(
    manifest: Manifest, among: npt.NDArray[np.bool_], share: float, clusters: npt.NDArray[np.int64]
) -> int:
    """The cluster that costs the training part least, of those with films enough to judge well; else as above."""
    shares = _shares(manifest, among, clusters, ENOUGH_HELD_OUT)
    return min(shares, key=lambda cluster: shares[cluster]) if shares else _held_out(manifest, among, share, clusters)


def _shares(
    manifest: Manifest, among: npt.NDArray[np.bool_], clusters: npt.NDArray[np.int64], fewest: int
) -> dict[int, float]:
    """The share of each cluster that has so many films of every label, and leaves as many outside."""
    has = np.array([[label in film.labels for label in manifest.labels] for film in manifest.films])
    found: dict[int, float] = {}
    for cluster in np.unique(clusters[among]).tolist():
        inside = among & (clusters == cluster)
        if min(has[inside].sum(axis=0).min(), has[among & ~inside].sum(axis=0).min()) >= fewest:
            found[cluster] = float(inside.sum() / among.sum())
    return found


def _leaking(films: Sequence[LabelledFilm], parts: npt.NDArray[np.str_]) -> Positions:
    """Training films of patients who stand in validation or test, and validation films of patients of the test."""
    patients = np.array([film.patient for film in films])
    tested = np.isin(patients, patients[parts == "test"])
    judged = tested | np.isin(patients, patients[parts == "validation"])
    return np.flatnonzero(((parts == "train") & judged) | ((parts == "validation") & tested))
