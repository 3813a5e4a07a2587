"""DICOMDIR, the table of contents of a disc (PS3.3 F, PS3.10 8): the images that it names, none outside its folder."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from imaging.read.dataset import open_dicom
from imaging.read.limits import Limits
from imaging.read.values import items, text, texts

_NamesIn = Callable[[Path], dict[str, str]]


def listed_files(path: Path, limits: Limits) -> Iterator[Path | None]:
    """The files of the IMAGE records in their order, each once; None for a record that points out of the folder.

    A file may be missing: whoever opens it says so. Raises FilmError, OSError.
    """
    with open_dicom(path, limits) as table:
        records = items(table.dataset, "DirectoryRecordSequence")
        named = [
            texts(record, "ReferencedFileID") for record in records if _is_image(text(record, "DirectoryRecordType"))
        ]
    root = os.path.realpath(path.parent)
    names_in = functools.cache(_names_in)  # a folder of thousands of films is listed once, on a slow disc too
    for parts in dict.fromkeys(parts for parts in named if parts):
        yield _contained(path.parent, root, parts, names_in)


def _is_image(record_type: str) -> bool:
    return record_type.upper() == "IMAGE"


def _contained(folder: Path, root: str, parts: Sequence[str], names_in: _NamesIn) -> Path | None:
    """The file below `folder` that the components name; None where they, or links on the way, lead out of `root`.

    `root` is the folder's real path.
    """
    if not all(_is_plain(part) for part in parts):
        return None
    path = folder
    for part in parts:
        path = _as_on_disk(path, part, names_in)
    real = os.path.realpath(path)
    return path if os.path.commonpath([root, real]) == root else None


def _is_plain(part: str) -> bool:
    """Whether a component is the name of one file or folder, on any system."""
    return part not in ("", ".", "..") and not any(sign in part for sign in "/\\:\0")


def _as_on_disk(folder: Path, part: str, names_in: _NamesIn) -> Path:
    """Discs name their files in capitals; copies of them, and some mounts, do not, or add a version (ISO 9660)."""
    exact = folder / part
    if os.path.lexists(exact):
        return exact
    return folder / names_in(folder).get(part.casefold().rstrip("."), part)


def _names_in(folder: Path) -> dict[str, str]:
    """The names in a folder by how a disc would call them; none where it cannot be listed. The first of equal ones."""
    try:
        names = sorted(os.listdir(folder), reverse=True)  # noqa: PTH208 - names, not paths
    except OSError:
        return {}
    return {name.casefold().partition(";")[0].rstrip("."): name for name in names}
