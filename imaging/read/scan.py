"""Files, folders, archives and discs to references, streamed, told by content."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal

from imaging.errors import Code, FilmError
from imaging.progress import CancelToken
from imaging.read import refuse
from imaging.read.limits import limits_in_force
from imaging.read.look import Found, Looks, Refused, look_at
from imaging.read.packed.containers import ARCHIVE_SUFFIX, Container, container_kind, contents
from imaging.study import natural_key

# Ours, and what operating systems and discs leave behind: nobody means these when opening a folder.
_PASSED_OVER = frozenset({"negatoscope.json", "truth.json", "dicomdir", "thumbs.db", "desktop.ini"})
_NO_FILMS = {
    "folder": "There are no films in this folder.",
    "zip": "There are no films in this archive.",
    "dicomdir": "This disc's table of contents lists no films.",
}


def everything(path: Path) -> bool:
    """What a scan wants unless it is told otherwise."""
    return True


def scan(
    paths: Sequence[Path], token: CancelToken, wanted: Callable[[Path], bool | None] = everything
) -> Generator[Found | Refused]:
    """Find the films in files, folders, ZIP archives and discs, one by one as they are found, in the order of `paths`.

    A folder is walked in natural order, folders before files, links to folders followed but none entered twice;
    hidden files in it are passed over. ZIP archives are walked likewise, where they are named and where they are met;
    the table of contents of a disc (DICOMDIR) where it is named. Everything else is either found or refused. What
    should hold films and holds none is refused as a whole too. Raises Cancelled.

    What is not `wanted` is no result and is not looked at, but has its place: several programs that want different
    parts of an archive see the same places. (As long as no film was met in a folder, everything in it is looked at.)
    Where `wanted` says None, the file is as if it were not there.
    """
    place = 0
    for path in paths:
        token.check()
        with contextlib.closing(_results(path, wanted, token)) as results:
            for asked, result in results:
                if asked and result is not None:
                    yield replace(result, place=place)
                place += asked is not None


def _results(
    path: Path, wanted: Callable[[Path], bool | None], token: CancelToken
) -> Generator[tuple[bool | None, Found | Refused | None]]:
    """Of one input, and of everything in it, whether it is wanted, and what it is where that counts."""
    holder = _holder_kind(path)
    if holder is None:
        asked = wanted(path)
        yield asked, look_at(path) if asked else None
        return
    looks = Looks(wanted)
    yield from looks.at(_walk(path, token) if holder == "folder" else _listed_in(path, holder, token))
    if not looks.met_film:
        yield bool(wanted(path)), Refused(path, FilmError(Code.NOT_A_FILM, _NO_FILMS[holder]))


def _holder_kind(path: Path) -> Literal["folder", "zip", "dicomdir"] | None:
    """What kind of thing that holds films a path names; None for a film, and for what cannot be looked at."""
    if os.path.isdir(path):  # noqa: PTH112 - Path.is_dir raises where a folder above may not be entered
        return "folder"
    try:
        return container_kind(path, limits_in_force())
    except (FilmError, OSError):
        return None


def _listed_in(path: Path, kind: Container, token: CancelToken) -> Iterator[Path | Refused]:
    """What an archive or a table of contents lists, refused as a whole where it can't be read."""
    try:
        for met in contents(path, kind, limits_in_force()):
            token.check()
            yield Refused(path, met) if isinstance(met, FilmError) else met
    except FilmError as error:
        yield Refused(path, refuse.noted(error))
    except OSError as error:
        yield Refused(path, refuse.from_os_error(error))


def _walk(folder: Path, token: CancelToken) -> Iterator[Path | Refused]:
    """All files below a folder, those in ZIP archives too, and the folders that can't be entered.

    A stack instead of recursion: trees may be deeper than Python allows. It holds the names of the folders that are
    being walked, some 90 bytes a file, and no more: a folder may have a million of them.
    """
    waiting = [iter([folder])]
    entered: set[tuple[int, int]] = set()
    while waiting:
        token.check()
        path = next(waiting[-1], None)
        if path is None:
            waiting.pop()
            continue
        try:
            status = path.stat()
        except OSError as error:
            yield Refused(path, refuse.from_os_error(error))
            continue
        if not stat.S_ISDIR(status.st_mode):
            if path.suffix.lower() == ARCHIVE_SUFFIX and _holder_kind(path) == "zip":
                yield from _listed_in(path, "zip", token)
            else:
                yield path
            continue
        if _is_known(status, entered):
            continue
        try:
            waiting.append(_listed(path))
        except OSError as error:
            yield Refused(path, refuse.from_os_error(error, "folder"))


def _is_known(status: os.stat_result, entered: set[tuple[int, int]]) -> bool:
    """Whether this folder was entered before, by whichever name; notes it. Loops of links end here."""
    identity = (status.st_dev, status.st_ino)
    if identity in entered:
        return True
    entered.add(identity)
    return False


def _listed(folder: Path) -> Iterator[Path]:
    """What is in one folder, without the hidden: folders, then files, each in natural order. Raises OSError."""
    folders: list[str] = []
    files: list[str] = []
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith(".") or entry.name.lower() in _PASSED_OVER:
                continue
            (folders if _is_folder(entry) else files).append(entry.name)
    folders.sort(key=natural_key)
    files.sort(key=natural_key)
    return (folder / name for names in (folders, files) for name in names)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    """Whether a folder or a link to one; what cannot be followed counts as a file, and is refused when looked at."""
    try:
        return entry.is_dir()
    except OSError:
        return False
