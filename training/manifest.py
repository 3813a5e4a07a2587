"""A labelled folder, or a CSV, as a list of films, each with its labels and the patient it belongs to."""

from __future__ import annotations

import dataclasses
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from imaging.errors import Code, NegatoscopeError
from imaging.image import Header
from imaging.progress import CancelToken, Progress, no_progress
from imaging.read.look import Found, Refused
from imaging.read.packed.source import film_sha256
from imaging.read.scan import scan
from imaging.study import natural_key
from inference.card import MOST_LABEL_SIGNS, is_label

# `person1000_bacteria_2931` holds a patient number, `IM-0115-0001` and `NORMAL2-IM-0383-0001` a series number,
# `00000013_005` (ChestX-ray14) a patient number and a follow-up.
PATIENT_PATTERNS = (r"^(person\d+)_", r"^((?:NORMAL2-)?IM-\d+)-", r"^(\d{8})_\d{3}\.")
NORMAL_NAMES = frozenset({"normal", "clear", "healthy", "no finding", "no_finding", "none", "negative"})
Part = Literal["", "train", "validation", "test"]
NOT_THERE = "The labelled films can't be found or read: have they moved, or is their drive away?"
_FEW_LABELS = 8  # so many may be meant even where they have a film each
_PARTS: dict[str, Part] = {
    "train": "train",
    "training": "train",
    "val": "validation",
    "valid": "validation",
    "validation": "validation",
    "test": "test",
    "testing": "test",
}


class DataError(NegatoscopeError):
    """The labelled films cannot be trained on, or judged with, as they are."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What is known of whom a film shows and how it was made, for results by group; '' where nothing is."""

    sex: str = ""
    age: str = ""
    view: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True)
class LabelledFilm:
    """One frame of the training material. `digest` is the sha256 of the file's bytes, `part` what the source names."""

    path: Path
    labels: tuple[str, ...]
    patient: str
    digest: str
    frame: int = 0
    part: Part = ""
    subject: Subject = field(default_factory=Subject)


@dataclass(frozen=True, slots=True)
class Manifest:
    """The films of a source in its order, and the labels, the normal class first where there is one.

    `refused` are the files that can't be read, each with its sentence; `set_aside` are films that a plan leaves out.
    """

    films: tuple[LabelledFilm, ...]
    labels: tuple[str, ...]
    normal_label: str | None = None
    refused: tuple[tuple[Path, str], ...] = ()
    set_aside: tuple[LabelledFilm, ...] = ()

    def without_patients(self, patients: Iterable[str]) -> Manifest:
        """The same material less every film of these patients."""
        kept_out = frozenset(patients)
        return dataclasses.replace(self, films=tuple(film for film in self.films if film.patient not in kept_out))

    @property
    def patients(self) -> frozenset[str]:
        return frozenset(film.patient for film in self.films)

    @property
    def is_multi_label(self) -> bool:
        """Whether any film has several findings at once."""
        return any(len(film.labels) > 1 for film in self.films)


@dataclass(frozen=True, slots=True)
class _Place:
    """A labelled file, or a class folder, before anything of it was opened."""

    path: Path
    labels: tuple[str, ...]
    part: Part = ""
    patient: str = ""
    subject: Subject = field(default_factory=Subject)
    is_folder: bool = False


def patient_of(name: str, patterns: Sequence[str] = PATIENT_PATTERNS) -> str:
    """The patient that a file name speaks of; the whole stem where no pattern fits, a patient of its own."""
    for pattern in patterns:
        found = re.match(pattern, name)
        if found:
            return found.group(1)
    return Path(name).stem


def read_manifest(
    source: Path,
    normal_label: str = "",
    pattern: str = "",
    token: CancelToken | None = None,
    progress: Progress = no_progress,
) -> Manifest:
    """Read class folders (`LABEL/*`, or `PART/LABEL/*` with parts such as train, val, test) or a CSV.

    The patient of a film is the one that the CSV names, else a DICOM file's PatientID, else what the file's name says
    (`pattern`, or the known ones). Films with equal bytes are joined to one patient, so that no split can part them.
    `normal_label` '' takes a class called normal, clear or the like. Raises DataError in one sentence, Cancelled.
    """
    films, refused = _read(source, (checked_pattern(pattern),) if pattern else PATIENT_PATTERNS, token, progress)
    labels = _labels(films, normal_label)
    if not films and refused:
        raise DataError(f"None of the {len(refused):,} files can be read as films. The first of them: {refused[0][1]}")
    if len(labels) > _FEW_LABELS and 2 * len(labels) > len(films):
        raise DataError(
            f"Nearly every film has a label of its own ({len(labels):,} labels, {len(films):,} films): "
            "do the labels stand in another column or folder?"
        )
    if len(labels) < 2:
        raise DataError("There are not two classes of films in this place: name a folder for each class, or a CSV.")
    _check_names(labels)
    normal = labels[0] if _is_normal(labels[0], normal_label) else None
    return Manifest(_with_twins_joined(films), labels, normal, tuple(refused))


def read_class_folders(roots: Sequence[Path], labels: tuple[str, ...]) -> Manifest:
    """The class folders of several roots as one material, whose first label is the normal one. Raises DataError."""
    read = [_read(root, PATIENT_PATTERNS, None, no_progress) for root in roots]
    films = [film for found, _ in read for film in found if film.labels[0] in labels]
    for label in labels:
        if not any(label in film.labels for film in films):
            raise DataError(f"There are no films of the class {label} in the folder.")
    return Manifest(
        _with_twins_joined(films), labels, labels[0], tuple(item for _, refused in read for item in refused)
    )


def _read(
    source: Path, patterns: Sequence[str], token: CancelToken | None, progress: Progress
) -> tuple[list[LabelledFilm], list[tuple[Path, str]]]:
    """The films of a source with their labels, and what is refused with its sentence."""
    films: list[LabelledFilm] = []
    refused: list[tuple[Path, str]] = []
    for place in _places(source):
        for item in scan([place.path], token or CancelToken()):
            if isinstance(item, Refused):
                is_empty_class = item.error.code is Code.NOT_A_FILM and item.path == place.path and place.is_folder
                if not is_empty_class:
                    refused.append((item.path, item.error.message))
                continue
            try:
                films.extend(_frames(item, place, patterns))
            except OSError:
                refused.append((item.ref.path, "The file can't be read any more."))
            progress(len(films))
    return films, refused


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


def _with_twins_joined(films: Sequence[LabelledFilm]) -> tuple[LabelledFilm, ...]:
    joined = joined_patients((film.patient, film.digest) for film in films)
    return tuple(dataclasses.replace(film, patient=patient) for film, patient in zip(films, joined, strict=True))


def _places(source: Path) -> Iterator[_Place]:
    try:
        if source.is_dir():
            yield from _class_folders(source)
        else:
            yield from _rows(source)
    except OSError as error:
        raise DataError(NOT_THERE, detail=type(error).__name__) from error


def _class_folders(root: Path) -> Iterator[_Place]:
    for folder in folders_in(root):
        part = _PARTS.get(folder.name.casefold(), "")
        classes = folders_in(folder) if part else []
        yield from (_Place(inner, (inner.name,), part, is_folder=True) for inner in classes)
        if not classes:
            yield _Place(folder, (folder.name,), is_folder=True)


def folders_in(folder: Path) -> list[Path]:
    """The folders in a folder, less the hidden ones and those of macOS archives (__MACOSX). Raises OSError."""
    found = (entry for entry in folder.iterdir() if entry.is_dir() and not entry.name.startswith((".", "__")))
    return sorted(found, key=lambda entry: natural_key(entry.name))


def _rows(source: Path) -> Iterator[_Place]:
    from training.labelled_csv import read_csv

    for row in read_csv(source):
        if os.path.isdir(row.path):  # noqa: PTH112 - Path.is_dir raises where a folder above may not be entered
            raise DataError(f"Line {row.line} of the CSV file names a folder.")
        if not row.labels:
            raise DataError(f"Line {row.line} of the CSV file has no label.")
        subject = Subject(row.sex, row.age, row.view, row.source)
        part = _PARTS.get(row.split.casefold(), "")
        if row.split and not part:
            raise DataError(f"Line {row.line} of the CSV file has a split that is none of train, val and test.")
        yield _Place(row.path, row.labels, part, row.patient, subject)


def _frames(item: Found, place: _Place, patterns: Sequence[str]) -> Iterator[LabelledFilm]:
    path, header = item.ref.path, item.header
    patient = place.patient or (header.patient_id if header else "") or patient_of(path.name, patterns)
    subject = _subject(place.subject, header)
    digest = film_sha256(path)
    for frame in range(item.frames):
        yield LabelledFilm(path, place.labels, patient, digest, frame, place.part, subject=subject)


def _subject(said: Subject, header: Header | None) -> Subject:
    """What the CSV says, else the DICOM header."""
    if header is None:
        return said
    return Subject(
        said.sex or header.sex,
        said.age or header.age,
        said.view or header.view_position,
        said.source or header.institution,
    )


def _check_names(labels: Iterable[str]) -> None:
    """Raise DataError for what no model's card takes for a label: the model could not be sealed after its training."""
    wrong = next((label for label in labels if not is_label(label)), None)
    if wrong is not None:
        said = "".join(sign for sign in wrong if sign.isprintable())[:24]
        raise DataError(
            f"The class “{said}…” needs another name: at most {MOST_LABEL_SIGNS} signs, and none that cannot be shown."
        )


def _labels(films: Sequence[LabelledFilm], normal: str) -> tuple[str, ...]:
    """All labels in natural order, the normal one first."""
    found = sorted({label for film in films for label in film.labels}, key=natural_key)
    return tuple(sorted(found, key=lambda label: not _is_normal(label, normal)))


def _is_normal(label: str, normal: str) -> bool:
    return label == normal if normal else label.casefold() in NORMAL_NAMES


def checked_pattern(text: str) -> str:
    """A pattern that the user wrote. Raises DataError where it is none, or marks no patient."""
    try:
        if re.compile(text).groups < 1:
            raise DataError("The pattern for patients needs a pair of brackets round the patient's part of the name.")
    except re.error as error:
        raise DataError("The pattern for patients is no regular expression.", detail=str(error)) from error
    return text
