"""What holds films without being a folder: ZIP archives, and the table of contents of a disc."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from imaging.errors import FilmError
from imaging.read import refuse
from imaging.read.limits import Limits, limits_in_force
from imaging.read.packed.source import check_status

Container = Literal["zip", "dicomdir"]

ARCHIVE_SUFFIX = ".zip"
_HEAD_BYTES = 1024
_ZIPS = (b"PK\x03\x04", b"PK\x05\x06")  # the second is an empty one
_DIRECTORY_CLASS = b"1.2.840.10008.1.3.10"


def container_kind(path: Path, limits: Limits | None = None) -> Container | None:
    """Whether a file holds films as a folder does, by its first bytes. Raises FilmError, OSError."""
    check_status(path.stat(), limits or limits_in_force())
    with path.open("rb") as stream:
        head = stream.read(_HEAD_BYTES)
    if head.startswith(_ZIPS):
        return "zip"
    return "dicomdir" if head[128:132] == b"DICM" and _DIRECTORY_CLASS in head else None


def contents(path: Path, kind: Container, limits: Limits) -> Iterator[Path | FilmError]:
    """The films' paths in their order, and behind them one error for all entries that point outside.

    One, as there is nothing to be told of each: none is opened, and their names are not repeated. Raises FilmError,
    OSError.
    """
    outside = 0
    for film in _listed(path, kind, limits):
        if film is None:
            outside += 1
        else:
            yield film
    if outside:
        yield refuse.outside("archive" if kind == "zip" else "folder", outside)


def _listed(path: Path, kind: Container, limits: Limits) -> Iterator[Path | None]:
    if kind == "zip":
        from imaging.read.packed.zips import members

        return members(path, limits)
    from imaging.read.packed.dicomdir import listed_files

    return listed_files(path, limits)
