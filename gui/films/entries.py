"""One row of the list: a film, or a file that was refused, and what is said about it in words."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from gui.frame.plain import one_line
from imaging.study import path_key

if TYPE_CHECKING:
    from imaging.image import Header
    from imaging.study import ImageRef


class Stage(StrEnum):
    """How far the chosen model is with a film."""

    IDLE = "idle"  # no model is chosen, or the model could not be read
    WAITING = "waiting"
    ANALYSING = "analysing"
    DONE = "done"
    STOPPED = "stopped"  # the reader cancelled the queue
    FAILED = "failed"


class Tone(StrEnum):
    """How loudly a row speaks; the words say the same without the colour."""

    QUIET = "quiet"
    BUSY = "busy"
    FLAG = "flag"
    OUTSIDE = "outside"  # the model may not speak about the film
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Entry:
    """A row. `ref` is None for what could not even be named as a film; `refusal` is the sentence that says why, which
    may pass where `may_return`: the file is not there, or its drive does not answer.

    `key` is the film's, or the path; it is kept because every row is asked for it while a slider moves.
    """

    path: Path
    ref: ImageRef | None = None
    header: Header | None = None
    refusal: str = ""
    frames: int = 1
    may_return: bool = False
    key: str = field(init=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "key", self.ref.key if self.ref is not None else path_key(self.path))

    @property
    def is_film(self) -> bool:
        return self.ref is not None and not self.refusal

    @property
    def frame(self) -> int:
        return self.ref.frame if self.ref is not None else 0

    @property
    def study(self) -> str:
        """Its study's UID where the file has one; else every file is a study of its own."""
        return (self.header.study_uid if self.header is not None else "") or self.path.as_posix()


@dataclass(frozen=True, slots=True)
class RowWords:
    """What a row says below its name, and how. `mark` is the part of the text that must not be elided."""

    text: str
    tone: Tone
    mark: str = ""


KINDS = frozenset({"bmp", "dcm", "dicom", "gif", "jpe", "jpeg", "jpg", "jp2", "png", "tif", "tiff", "txt", "zip"})

CLOSEST = 1e-6  # to 0 or 1, of an operating point in words

GATE_WORDS = {
    "not_frontal_chest": "not a frontal chest film",
    "exposure": "unusable exposure",
    "quality": "a picture too poor to judge",
    "unlike_training": "unlike the films it was trained on",
}


def title(entry: Entry, row: int, *, hide_patient: bool) -> str:
    """The name of a row: the patient where the file names one, else the file; a number when patients are hidden."""
    if hide_patient:
        return f"Film {row + 1}"
    name = entry.header.patient_name if entry.header is not None else ""
    text = one_line(name or (entry.path.stem if entry.is_film else entry.path.name))
    return text if entry.frames == 1 else f"{text} · frame {entry.frame + 1}"


def details(entry: Entry) -> str:
    """'2026-11-12 · DX' for DICOM, the kind of file for the others.

    What follows the last dot of any other name may be part of a patient's, and is not said.
    """
    header = entry.header
    parts = [header.study_date, header.modality] if header is not None else []
    known = [part for part in parts if part]
    ending = entry.path.suffix.removeprefix(".").lower()
    return " · ".join(known) or (ending.upper() if ending in KINDS else "File")


def label_name(label: str) -> str:
    """'PNEUMONIA' as 'Pneumonia', 'pleural_effusion' as 'Pleural effusion'."""
    return label.replace("_", " ").strip().capitalize()


def score_words(probability: float) -> str:
    """A score with two digits, never rounded to certainty: '0.87', '> 0.99', '< 0.01'."""
    if probability < 0.005:
        return "< 0.01"
    return "> 0.99" if probability >= 0.995 else f"{probability:.2f}"


def point_figure(point: float) -> str:
    """An operating point with two digits, and with as many more as keep it from reading as certainty: '0.94', '0.9987'.

    Beside a score of '> 0.99', '1.00' would say that no film can reach it.
    """
    away = min(point, 1 - point)
    if away >= 0.005 or away <= 0:
        return f"{point:.2f}"
    shown = min(max(point, CLOSEST), 1 - CLOSEST)
    return f"{shown:.{1 - math.floor(math.log10(max(away, CLOSEST)))}f}".rstrip("0")


def study_row(entries: Sequence[Entry], row: int, step: int) -> int:
    """The first row of the study after (1) or before (-1) that of `row`; -1 where there is none."""
    at = row
    while 0 <= at < len(entries) and entries[at].study == entries[row].study:
        at += step
    if not 0 <= at < len(entries):
        return -1
    while at > 0 and entries[at - 1].study == entries[at].study:
        at -= 1
    return at
