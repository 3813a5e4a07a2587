"""What a source of labelled films names, before any film is opened: class folders, or the rows of a CSV."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from imaging.progress import CancelToken
from training.films.class_folders import Part, class_folders, part_named
from training.films.data_error import NOT_THERE, DataError, amount
from training.films.label_names import NO_FINDING, is_normal, only_findings, said_of_spellings, spelt_alike
from training.films.labelled_csv import CsvRow, LabelledRows, read_csv


@dataclass(frozen=True, slots=True)
class Subject:
    """What is known of whom a film shows and how it was made, for results by group; '' where nothing is."""

    sex: str = ""
    age: str = ""
    view: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """A labelled file, or a class folder."""

    path: Path
    labels: tuple[str, ...]
    part: Part = ""
    patient: str = ""
    subject: Subject = field(default_factory=Subject)
    is_folder: bool = False


@dataclass(frozen=True, slots=True)
class Source:
    """The places of a source in their order. `root` is the folder that paths go from; `remarks` are sentences on what
    was understood otherwise than it stands there.
    """

    root: Path
    places: tuple[Place, ...]
    remarks: tuple[str, ...] = ()


def read_source(path: Path, normal: str = "", token: CancelToken | None = None) -> Source:
    """A folder of class folders, or a CSV. `normal` is the label of healthy films, '' for the usual names. Raises
    DataError in one sentence, Cancelled.
    """
    try:
        if path.is_dir():
            found = class_folders(path, lambda name: is_normal(name, normal))
            places = [Place(folder.path, (folder.label,), folder.part, is_folder=True) for folder in found.folders]
            return _tidied(Source(path, tuple(places), found.remarks), normal)
        listed = read_csv(path, token)
        return _tidied(Source(path.parent, tuple(_rows(listed)), listed.remarks), normal)
    except OSError as error:
        raise DataError(NOT_THERE, detail=type(error).__name__) from error


def _rows(listed: LabelledRows) -> Iterator[Place]:
    own = next((name for name in listed.marks if is_normal(name)), NO_FINDING)
    for row in listed.rows:
        if os.path.isdir(row.path):  # noqa: PTH112 - Path.is_dir raises where a folder above may not be entered
            raise DataError(f"Line {row.line} of the CSV file names a folder.")
        labels = row.labels or ((own,) if listed.marks else ())
        if not labels:
            raise DataError(f"Line {row.line} of the CSV file has no label.")
        subject = Subject(row.sex, row.age, row.view, row.source)
        yield Place(row.path, labels, _part(row), row.patient, subject)


def _part(row: CsvRow) -> Part:
    part = part_named(row.split)
    if row.split and not part:
        raise DataError(f"Line {row.line} of the CSV file has a split that is none of train, val and test.")
    return part


def _tidied(source: Source, normal: str) -> Source:
    """The source with each class in one spelling, without the normal label beside a finding, and each row once."""
    remarks = list(source.remarks)
    spelling = spelt_alike((label for place in source.places for label in place.labels), normal)
    remarks += said_of_spellings(spelling)
    places: list[Place] = []
    contradicting = 0
    for place in source.places:
        spelt = tuple(dict.fromkeys(spelling[label] for label in place.labels))
        labels = only_findings(spelt, normal)
        contradicting += labels != spelt
        places.append(_with_labels(place, labels))
    if contradicting:
        remarks.append(f"Labelled healthy and ill at once, and taken for ill: {amount(contradicting, 'film')}.")
    once = list(_once(places))
    again = len(places) - len(once)
    if again:
        remarks.append(f"Naming a film again with the same labels, and passed over: {amount(again, 'row')}.")
    return Source(source.root, tuple(once), tuple(remarks))


def _with_labels(place: Place, labels: tuple[str, ...]) -> Place:
    return Place(place.path, labels, place.part, place.patient, place.subject, place.is_folder)


def _once(places: Iterable[Place]) -> Iterator[Place]:
    """Rows that say the same of the same film come once: lists of marked places have a row for each place."""
    met: set[tuple[Path, frozenset[str], Part, str]] = set()
    for place in places:
        row = (place.path, frozenset(place.labels), place.part, place.patient)
        if row not in met:
            met.add(row)
            yield place
