"""Files and folders to references, streamed, told by content."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from imaging.errors import Code, FilmError
from imaging.image import Header
from imaging.progress import CancelToken
from imaging.read import refuse
from imaging.read.limits import DEFAULT_LIMITS
from imaging.read.sniff import Kind, sniff
from imaging.study import ImageRef, natural_key

# Ours, and what operating systems and discs leave behind: nobody means these when opening a folder.
_PASSED_OVER = frozenset({"negatoscope.json", "truth.json", "dicomdir", "thumbs.db", "desktop.ini"})
_NO_FILMS = "There are no films in this folder."


@dataclass(frozen=True, slots=True)
class Found:
    """A film file. `ref` is its first frame; `header` is None for rasters."""

    ref: ImageRef
    kind: Kind
    header: Header | None
    frames: int = 1


@dataclass(frozen=True, slots=True)
class Refused:
    """A file or folder that cannot be opened, and why."""

    path: Path
    error: FilmError


def scan(paths: Sequence[Path], token: CancelToken) -> Iterator[Found | Refused]:
    """Find the films in files and folders, one by one as they are found, in the order of `paths`.

    A folder is walked in natural order, folders before files, links to folders followed but none entered twice;
    hidden files in it are passed over. Everything else is either found or refused. A folder in which nothing is a
    film is refused as a whole too. Raises Cancelled.
    """
    for path in paths:
        token.check()
        if not os.path.isdir(path):  # noqa: PTH112 - Path.is_dir raises where a folder above may not be entered
            yield _look_at(path)
            continue
        films = False
        for result in _walk(path, token):
            films = films or isinstance(result, Found) or result.error.code is not Code.NOT_A_FILM
            yield result
        if not films:
            yield Refused(path, FilmError(Code.NOT_A_FILM, _NO_FILMS))


def _walk(folder: Path, token: CancelToken) -> Iterator[Found | Refused]:
    """All files below a folder. A stack instead of recursion: trees may be deeper than Python allows."""
    waiting = [folder]
    entered: set[tuple[int, int]] = set()
    while waiting:
        token.check()
        path = waiting.pop()
        try:
            status = path.stat()
        except OSError as error:
            yield Refused(path, refuse.from_os_error(error))
            continue
        if not stat.S_ISDIR(status.st_mode):
            yield _look_at(path)
            continue
        if _is_known(status, entered):
            continue
        try:
            folders, files = _listed(path)
        except OSError as error:
            yield Refused(path, refuse.from_os_error(error, "folder"))
            continue
        waiting.extend(reversed([*folders, *files]))


def _is_known(status: os.stat_result, entered: set[tuple[int, int]]) -> bool:
    """Whether this folder was entered before, by whichever name; notes it. Loops of links end here."""
    identity = (status.st_dev, status.st_ino)
    if identity in entered:
        return True
    entered.add(identity)
    return False


def _listed(folder: Path) -> tuple[list[Path], list[Path]]:
    """The folders and files of one folder, each in natural order, without the hidden ones. Raises OSError."""
    folders: list[Path] = []
    files: list[Path] = []
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith(".") or entry.name.lower() in _PASSED_OVER:
                continue
            (folders if _is_folder(entry) else files).append(Path(entry.path))
    return sorted(folders, key=_name_key), sorted(files, key=_name_key)


def _name_key(path: Path) -> tuple[tuple[int, int, str], ...]:
    return natural_key(path.name)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    """Whether a folder or a link to one; what cannot be followed counts as a file, and is refused when looked at."""
    try:
        return entry.is_dir()
    except OSError:
        return False


def _look_at(path: Path) -> Found | Refused:
    """One file: its kind by content, the header of a DICOM file, the pages of a TIFF."""
    try:
        if sniff(path) == "dicom":
            return _look_at_dicom(path)
        from imaging.read.raster import count_frames

        with path.open("rb") as stream:
            frames = count_frames(stream)
        refuse.check_frames(frames, DEFAULT_LIMITS)
        return Found(ImageRef(path), "raster", None, frames)
    except FilmError as error:
        return Refused(path, error)
    except OSError as error:
        return Refused(path, refuse.from_os_error(error))


def _look_at_dicom(path: Path) -> Found:
    from imaging.read.dataset import open_dicom
    from imaging.read.dicom import missing_pixels
    from imaging.read.header import LISTED_KEYWORDS, read_header
    from imaging.read.layout import frame_count
    from imaging.read.values import text

    with open_dicom(path, DEFAULT_LIMITS, LISTED_KEYWORDS) as film:
        if film.pixels is None:
            raise missing_pixels(film.dataset)
        ref = ImageRef(path, uid=text(film.dataset, "SOPInstanceUID") or None)
        frames = frame_count(film.dataset, DEFAULT_LIMITS)
        return Found(ref, "dicom", read_header(film.dataset, film.transfer_syntax), frames)
