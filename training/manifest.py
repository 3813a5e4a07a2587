"""A labelled folder as a list of films, each with the patient it belongs to."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from imaging.errors import NegatoscopeError
from imaging.study import natural_key

# `person1000_bacteria_2931` holds a patient number, `IM-0115-0001` and `NORMAL2-IM-0383-0001` a series number.
PATIENT_PATTERNS = (r"^(person\d+)_", r"^((?:NORMAL2-)?IM-\d+)-")


class DataError(NegatoscopeError):
    """The labelled folder cannot be trained on as it is."""


@dataclass(frozen=True, slots=True)
class LabelledFilm:
    """One film of the training material. `digest` is the sha256 of the file's bytes."""

    path: Path
    label: str
    patient: str
    digest: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """The films of a labelled folder in natural order, and the labels, the normal class first where there is one."""

    films: tuple[LabelledFilm, ...]
    labels: tuple[str, ...]

    def without_patients(self, patients: Iterable[str]) -> Manifest:
        """The same material less every film of these patients."""
        kept_out = frozenset(patients)
        return Manifest(tuple(film for film in self.films if film.patient not in kept_out), self.labels)

    @property
    def patients(self) -> frozenset[str]:
        return frozenset(film.patient for film in self.films)


def patient_of(name: str, patterns: Sequence[str] = PATIENT_PATTERNS) -> str:
    """The patient that a file name speaks of; the whole stem where no pattern fits, a patient of its own."""
    for pattern in patterns:
        found = re.match(pattern, name)
        if found:
            return found.group(1)
    return Path(name).stem


def read_class_folders(roots: Sequence[Path], labels: tuple[str, ...]) -> Manifest:
    """Read `root/LABEL/*` of each root. Films with equal bytes are joined to one patient, so no split can part them.

    Raises DataError where a label has no film at all.
    """
    films = [
        LabelledFilm(path, label, patient_of(path.name), hashlib.sha256(path.read_bytes()).hexdigest())
        for root in roots
        for label in labels
        for path in sorted((root / label).glob("*"), key=lambda found: natural_key(found.name))
        if path.is_file()
    ]
    for label in labels:
        if not any(film.label == label for film in films):
            raise DataError(f"There are no films of the class {label} in the folder.")
    return Manifest(tuple(_join_twins(films)), labels)


def joined_patients(films: Iterable[tuple[str, str]]) -> list[str]:
    """The patient of each (patient, digest), in their order: films with equal digests get the patient of the first of
    them, and so on along every chain of twins.
    """
    parent: dict[str, str] = {}

    def root_of(patient: str) -> str:
        while parent.setdefault(patient, patient) != patient:
            patient = parent[patient]
        return patient

    pairs = list(films)
    first_patient: dict[str, str] = {}
    for patient, digest in pairs:
        twin = first_patient.setdefault(digest, patient)
        parent[root_of(patient)] = root_of(twin)
    return [root_of(patient) for patient, _ in pairs]


def _join_twins(films: Sequence[LabelledFilm]) -> Iterable[LabelledFilm]:
    joined = joined_patients((film.patient, film.digest) for film in films)
    return (
        LabelledFilm(film.path, film.label, patient, film.digest) for film, patient in zip(films, joined, strict=True)
    )
