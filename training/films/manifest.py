"""A labelled folder, or a CSV, as a list of films, each with its labels and the patient it belongs to."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from imaging.errors import Code
from imaging.image import Header
from imaging.progress import CancelToken, Progress, no_progress
from imaging.read.look import Found, Refused
from imaging.read.packed.source import film_sha256
from imaging.read.scan import scan
from training.films.class_folders import Part, lies_in_masks
from training.films.data_error import DataError, amount
from training.films.label_names import check_names, in_order, is_normal
from training.films.patients import Traces, joined_patients, patient_of, whose
from training.films.source import Place, Source, Subject, read_source

__all__ = ["DataError", "LabelledFilm", "Manifest", "Part", "Subject", "joined_patients", "patient_of"]

_FEW_LABELS = 8  # so many may be meant even where they have a film each


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
    `remarks` are sentences on what was understood otherwise than it lies there; `unknown_patients` files have nothing
    but a name of their own to tell the patient by.
    """

    films: tuple[LabelledFilm, ...]
    labels: tuple[str, ...]
    normal_label: str | None = None
    refused: tuple[tuple[Path, str], ...] = ()
    set_aside: tuple[LabelledFilm, ...] = ()
    remarks: tuple[str, ...] = ()
    unknown_patients: int = 0

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


def read_manifest(
    source: Path,
    normal_label: str = "",
    pattern: str = "",
    token: CancelToken | None = None,
    progress: Progress = no_progress,
) -> Manifest:
    """Read class folders (`class_folders` says how they may lie) or a CSV.

    Whose film it is, `patients.whose` tells: the CSV, else a DICOM file's PatientID, else what the file's name says
    (`pattern`, or the known ones). Films with equal bytes are joined to one patient, so that no split can part them.
    `normal_label` '' takes a class called normal, clear or the like. Raises DataError in one sentence, Cancelled.
    """
    named = read_source(source, normal_label, token)
    read = _read(named, pattern, token, progress)
    labels = in_order((label for film in read.films for label in film.labels), normal_label)
    _check_read(read, labels)
    check_names(labels)
    return Manifest(
        _with_twins_joined(read.films),
        labels,
        labels[0] if is_normal(labels[0], normal_label) else None,
        read.refused,
        remarks=(*named.remarks, *read.remarks),
        unknown_patients=read.unknown_patients,
    )


def _check_read(read: _Read, labels: Sequence[str]) -> None:
    """Raise DataError where there is nothing to tell apart."""
    films, refused = read.films, read.refused
    if not films and refused:
        raise DataError(f"None of the {len(refused):,} files can be read as films. The first of them: {refused[0][1]}")
    if len(labels) > _FEW_LABELS and 2 * len(labels) > len(films):
        raise DataError(
            f"Nearly every film has a label of its own ({len(labels):,} labels, {len(films):,} films): "
            "do the labels stand in another column or folder?"
        )
    if len(labels) < 2:
        raise DataError("There are not two classes of films in this place: name a folder for each class, or a CSV.")


def read_class_folders(roots: Sequence[Path], labels: tuple[str, ...]) -> Manifest:
    """The class folders of several roots as one material, whose first label is the normal one. Raises DataError."""
    read = [_read(read_source(root), "", None, no_progress) for root in roots]
    films = [film for found in read for film in found.films if film.labels[0] in labels]
    for label in labels:
        if not any(label in film.labels for film in films):
            raise DataError(f"There are no films of the class {label} in the folder.")
    refused = tuple(item for found in read for item in found.refused)
    return Manifest(_with_twins_joined(films), labels, labels[0], refused)


@dataclass(frozen=True, slots=True)
class _Read:
    """The films of a source with their labels, what is refused with its sentence, and what is to be said of it."""

    films: tuple[LabelledFilm, ...]
    refused: tuple[tuple[Path, str], ...]
    remarks: tuple[str, ...]
    unknown_patients: int


def _read(source: Source, pattern: str, token: CancelToken | None, progress: Progress) -> _Read:
    files: list[tuple[tuple[LabelledFilm, ...], Traces]] = []
    refused: list[tuple[Path, str]] = []
    masks: set[Path] = set()
    for place in source.places:

        def wanted(path: Path, below: Path = place.path) -> bool | None:
            if lies_in_masks(path, below):
                masks.add(path)
                return None
            return True

        for item in scan([place.path], token or CancelToken(), wanted):
            if isinstance(item, Refused):
                is_empty_class = item.error.code is Code.NOT_A_FILM and item.path == place.path and place.is_folder
                if not is_empty_class:
                    refused.append((item.path, item.error.message))
                continue
            try:
                files.append((tuple(_frames(item, place)), _traces(item, place, source.root)))
            except OSError:
                refused.append((item.ref.path, "The file can't be read any more."))
            progress(len(files))
    remarks = [f"Left out, as they lie in folders for masks: {amount(len(masks), 'file')}."] if masks else []
    found = whose([traces for _, traces in files], pattern)
    films = (
        dataclasses.replace(film, patient=patient)
        for (frames, _), patient in zip(files, found.patients, strict=True)
        for film in frames
    )
    return _Read(tuple(films), tuple(refused), (*remarks, *found.remarks), found.unknown)


def _traces(item: Found, place: Place, root: Path) -> Traces:
    header, path = item.header or Header(), item.ref.path
    inside = _below(path, place.path if place.is_folder else root)
    return Traces(place.patient, header.patient_id, header.study_uid, _below(path, root), inside, not place.is_folder)


def _below(path: Path, folder: Path) -> str:
    """The way from a folder to a file, with '/'; the whole path of a file that lies elsewhere."""
    return (path.relative_to(folder) if path.is_relative_to(folder) else path).as_posix()


def _with_twins_joined(films: Sequence[LabelledFilm]) -> tuple[LabelledFilm, ...]:
    joined = joined_patients((film.patient, film.digest) for film in films)
    return tuple(dataclasses.replace(film, patient=patient) for film, patient in zip(films, joined, strict=True))


def _frames(item: Found, place: Place) -> Iterator[LabelledFilm]:
    """The frames of a file, whose patient is told later, when all files are known."""
    digest = film_sha256(item.ref.path)
    subject = _subject(place.subject, item.header)
    for frame in range(item.frames):
        yield LabelledFilm(item.ref.path, place.labels, "", digest, frame, place.part, subject=subject)


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
