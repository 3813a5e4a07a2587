"""Splitting by patient: no patient stands on both sides."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from training.manifest import Manifest


@dataclass(frozen=True, slots=True, eq=False)
class Split:
    """Positions in `Manifest.films`: int64 arrays, sorted, disjoint."""

    train: npt.NDArray[np.int64]
    validation: npt.NDArray[np.int64]


def split_by_patient(manifest: Manifest, validation_share: float, seed: int) -> Split:
    """Put about `validation_share` of each label's patients into the validation part.

    A patient counts for the label of their first film. The same manifest and seed give the same split.
    """
    rng = np.random.default_rng(seed)
    label_of: dict[str, str] = {}
    for film in manifest.films:
        label_of.setdefault(film.patient, film.label)
    held_out: set[str] = set()
    for label in manifest.labels:
        patients = sorted(patient for patient, own in label_of.items() if own == label)
        order = rng.permutation(len(patients))
        held_out.update(patients[i] for i in order[: round(validation_share * len(patients))])
    is_validation = np.array([film.patient in held_out for film in manifest.films])
    return Split(np.flatnonzero(~is_validation), np.flatnonzero(is_validation))
