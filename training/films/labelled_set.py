"""Labelled films to judge a model by: class folders, or a CSV. Nothing is learnt from them."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from imaging.errors import Code
from imaging.progress import CancelToken
from imaging.read import refuse
from imaging.read.look import Found, Refused
from imaging.read.scan import scan
from imaging.study import ImageRef
from inference.bundles.card import ModelCard
from inference.screening.screen import Refusal
from training.films.class_folders import folders_in, lies_in_masks
from training.films.data_error import NOT_THERE, DataError
from training.films.labelled_csv import read_csv
from training.films.patients import known_id, patient_of


@dataclass(frozen=True, slots=True)
class Entry:
    """A labelled file, or a class folder with all below it. `findings` are those of the card that are true of it.

    `patient` is '' where the set does not name one.
    """

    path: Path
    findings: frozenset[str]
    patient: str = ""
    is_folder: bool = False


@dataclass(frozen=True, slots=True)
class SetFilm:
    """One frame of the set, or a file refused before it was decoded, with its truth and its patient."""

    film: ImageRef | Refusal
    findings: frozenset[str]
    patient: str


def read_set(source: Path, card: ModelCard) -> tuple[Entry, ...]:
    """The entries of `DIR/LABEL`, `DIR/*/LABEL` or a CSV, labels as in the card.

    Films that lie beside the class folders have no label and are passed over. Raises DataError in one sentence: for
    a label that the model does not know, for a set without any, and for a CSV that is damaged.
    """
    try:
        entries = tuple(_class_folders(source, card) if source.is_dir() else _rows(source, card))
    except OSError as error:
        raise DataError(NOT_THERE, detail=type(error).__name__) from error
    if not entries:
        raise DataError(f"There are no labelled films; the model knows {_known(card)}.")
    return entries


def read_dropped(paths: Sequence[Path], card: ModelCard) -> tuple[Entry, ...]:
    """The entries of what a reader drops: a set as `read_set` takes it, or the class folders themselves.

    Raises DataError in one sentence.
    """
    if len(paths) == 1 and not _is_class_folder(paths[0], card):
        return read_set(paths[0], card)
    stray = next((path for path in paths if not path.is_dir()), None)
    if stray is not None or not paths:
        raise DataError(
            f"Films need labels: folders named after them, or one CSV file. The model knows {_known(card)}."
        )
    return tuple(_class_folder(path, card) for path in paths)


def _is_class_folder(path: Path, card: ModelCard) -> bool:
    return (
        path.name in card.labels and path.is_dir() and not any(inner.name in card.labels for inner in folders_in(path))
    )


def films_of(entries: Sequence[Entry], out: Path | None, token: CancelToken) -> Iterator[SetFilm]:
    """Every frame of every film, and every file that is refused, less `out`, which may lie among them.

    The patient is the one that the set names, else a DICOM file's PatientID, else what the file name says.
    """
    own = os.path.realpath(out) if out is not None else ""
    for entry in entries:
        for item in _looked_at(entry, token):
            if isinstance(item, Refused):
                if os.path.realpath(item.path) != own:
                    refusal = Refusal(ImageRef(item.path), item.error)
                    yield SetFilm(refusal, entry.findings, entry.patient or patient_of(item.path.as_posix()))
                continue
            inside = known_id(item.header.patient_id) if item.header else ""
            patient = entry.patient or inside or patient_of(item.ref.path.as_posix())
            for frame in range(item.frames):
                yield SetFilm(ImageRef(item.ref.path, frame, item.ref.uid), entry.findings, patient)


def _looked_at(entry: Entry, token: CancelToken) -> Iterator[Found | Refused]:
    if entry.is_folder:
        # A class without films is no film that was refused.
        met = scan([entry.path], token, lambda path: None if lies_in_masks(path, entry.path) else True)
        yield from (item for item in met if not _is_empty_class(item, entry))
    elif os.path.isdir(entry.path):  # noqa: PTH112 - Path.is_dir raises where a folder above may not be entered
        yield Refused(entry.path, refuse.not_a_film("a folder"))  # never walked for a CSV that anyone may have written
    else:
        yield from scan([entry.path], token)


def _is_empty_class(item: Found | Refused, entry: Entry) -> bool:
    return isinstance(item, Refused) and item.path == entry.path and item.error.code is Code.NOT_A_FILM


def _class_folders(root: Path, card: ModelCard) -> Iterator[Entry]:
    """Class folders of `root` and of its part folders (train, val, test, whatever they are called)."""
    for folder in folders_in(root):
        inside = [] if folder.name in card.labels else folders_in(folder)
        if any(inner.name in card.labels for inner in inside):
            yield from (_class_folder(inner, card) for inner in inside)
        else:
            yield _class_folder(folder, card)


def _class_folder(folder: Path, card: ModelCard) -> Entry:
    return Entry(folder, _findings((folder.name,), card, "The folder"), is_folder=True)


def _rows(source: Path, card: ModelCard) -> Iterator[Entry]:
    listed = read_csv(source)
    for row in listed.rows:
        where = f"Line {row.line} of the CSV file"
        is_unmarked = bool(listed.marks) and not row.labels
        findings = frozenset[str]() if is_unmarked else _findings(row.labels, card, where)
        yield Entry(row.path, findings, known_id(row.patient))


def _findings(labels: Sequence[str], card: ModelCard, where: str) -> frozenset[str]:
    """The findings among the labels, capitals aside. No label at all means no finding where the card has no normal
    class.
    """
    spelt = {label.casefold(): label for label in card.labels}
    labels = [label if label in card.labels else spelt.get(label.casefold(), label) for label in labels]
    unknown = next((label for label in labels if label not in card.labels), None)
    if unknown is not None:
        shown = "".join(sign if sign.isprintable() else "?" for sign in unknown[:64])
        raise DataError(f"{where} has the label “{shown}”, which the model does not know; it knows {_known(card)}.")
    if card.normal_label is not None and not labels:
        raise DataError(f"{where} has no label; the model knows {_known(card)}.")
    if card.normal_label in labels and len(set(labels)) > 1:
        raise DataError(f"{where} has the label “{card.normal_label}” together with a finding.")
    return frozenset(labels) - {card.normal_label}


def _known(card: ModelCard) -> str:
    return ", ".join(card.labels)
