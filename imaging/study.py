"""References to films, and the studies they belong to."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from imaging.image import Header


Stamp = tuple[int, int]  # the nanosecond of a file's last change, and its bytes


@dataclass(frozen=True, slots=True)
class ImageRef:
    """One frame of one file.

    `uid` is the SOP Instance UID of a DICOM file, else None. `digest` is the sha256 of the file's bytes where
    it is known already, else None. `stamp` is what the file was when it was listed, where anybody noted it: a file that
    has changed since is not decoded. Two references to the same frame of the same path are equal.
    """

    path: Path
    frame: int = 0
    uid: str | None = field(default=None, compare=False)
    digest: str | None = field(default=None, compare=False)
    stamp: Stamp | None = field(default=None, compare=False)

    @property
    def key(self) -> str:
        """A text that names this frame within a session: the path, and the frame from the second on."""
        return path_key(self.path) if self.frame == 0 else f"{path_key(self.path)}#{self.frame}"


def path_key(path: Path) -> str:
    """A path as text that Qt hands on unchanged. The stray bytes of a name that is no valid UTF-8 are spelt out: Qt
    drops them, and two films would have one key.
    """
    return path.as_posix().encode(errors="backslashreplace").decode()


class FoundFilm(Protocol):
    """What `group` needs to know of a file; `imaging.read.scan.Found` is one."""

    @property
    def ref(self) -> ImageRef: ...
    @property
    def header(self) -> Header | None: ...
    @property
    def frames(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Study:
    """The films of one examination, in reading order, every frame of a multi-frame file on its own.

    `uid` is the Study Instance UID, or for pictures without one the folder that they lie in. `date` is '2026-11-21'
    or ''.
    """

    uid: str
    title: str
    date: str
    refs: tuple[ImageRef, ...]


def natural_key(text: str) -> str:
    """A sorting key by which film 2 comes before film 10, the same on every system; case decides last.

    One text and no nest of tuples: sorting a folder of a million films holds a million keys for a moment.
    """
    parts = re.findall(r"[0-9]+|[^0-9]+", text)
    return "".join([*(_part_key(part) for part in parts), _END, text])


# The signs before a number, before a text and before the end; a text is closed by the lowest sign there is, so that a
# shorter one comes before what goes on.
_END, _DIGITS, _TEXT = "\0", "\1", "\2"


def _part_key(part: str) -> str:
    """Digits by their number, without converting them: a name may hold more of them than `int` takes."""
    if part[0] in "0123456789":
        digits = part.lstrip("0")
        return f"{_DIGITS}{chr(len(digits))}{digits}"
    return f"{_TEXT}{part.casefold()}{_END}"


def group(founds: Iterable[FoundFilm]) -> list[Study]:
    """Gather films into studies, in the order in which the studies were first met.

    DICOM films belong together by Study Instance UID, everything else by folder. Within a study: by series and
    instance number, then by path in natural order.
    """
    gathered: dict[str, list[FoundFilm]] = {}
    for found in founds:
        gathered.setdefault(_study_uid(found), []).append(found)
    return [_study(uid, films) for uid, films in gathered.items()]


def _study_uid(found: FoundFilm) -> str:
    if found.header is not None and found.header.study_uid:
        return found.header.study_uid
    return found.ref.path.parent.as_posix()


def _study(uid: str, films: list[FoundFilm]) -> Study:
    header = films[0].header
    ordered = sorted(films, key=_reading_order)
    refs = tuple(
        ImageRef(film.ref.path, frame, film.ref.uid, film.ref.digest)
        for film in ordered
        for frame in range(film.frames)
    )
    named = " · ".join(part for part in (header.patient_name, header.study_description) if part) if header else ""
    return Study(uid, named or films[0].ref.path.parent.name, header.study_date if header else "", refs)


def _reading_order(found: FoundFilm) -> tuple[object, ...]:
    header = found.header
    numbers = (header.series_number, header.instance_number) if header else ("", "")
    return (*(natural_key(number) for number in numbers), natural_key(found.ref.path.as_posix()))
