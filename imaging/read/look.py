"""What one file is, and what many are: several at a time where each keeps one waiting."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from imaging.ahead import ordered_map
from imaging.errors import Code, FilmError
from imaging.image import Header
from imaging.read import refuse
from imaging.read.limits import limits_in_force
from imaging.read.packed.source import open_film
from imaging.read.sniff import Kind, sniff_stream
from imaging.study import ImageRef

if TYPE_CHECKING:
    from imaging.read.values import Elements

_PACED_LOOKS = 8  # before the pace of a folder is known
SLOW_S = 0.002  # of waiting for a file: a local disk takes a tenth of it
_AT_ONCE = 8  # files that are waited for together


@dataclass(frozen=True, slots=True)
class Found:
    """A film file. `ref` is its first frame; `header` is None for rasters.

    `place` is its number, from 0, among all files that the scan met, and all folders that it refused.
    """

    ref: ImageRef
    kind: Kind
    header: Header | None
    frames: int = 1
    place: int = 0

    @property
    def path(self) -> Path:
        return self.ref.path


@dataclass(frozen=True, slots=True)
class Refused:
    """A file or folder that cannot be opened, and why. `place` as that of `Found`."""

    path: Path
    error: FilmError
    place: int = 0


@dataclass(slots=True)
class _Pace:
    """How long files keep one waiting who looks at them one after the other: hardly on a disk of this computer, for
    some trips there and back on a network drive.
    """

    looks: int = 0
    waited_s: float = 0.0

    @property
    def is_slow(self) -> bool:
        return self.looks >= _PACED_LOOKS and self.waited_s > SLOW_S * self.looks

    def paced(self, met: Path | Refused) -> Found | Refused:
        clock, busy = time.perf_counter(), time.thread_time()
        result = look_at(met)
        self.looks += 1
        self.waited_s += time.perf_counter() - clock - (time.thread_time() - busy)
        return result


class Looks:
    """What everything in one folder, archive or disc is. `met_film`: whether a film was among it so far."""

    def __init__(self, wanted: Callable[[Path], bool | None]) -> None:
        self._wanted = wanted
        self.met_film = False

    def at(self, met: Iterator[Path | Refused]) -> Generator[tuple[bool | None, Found | Refused | None]]:
        """Of everything met whether it is wanted, and what it is where that counts; several files at a time where each
        is waited for. Until a film was met everything counts, so that all programs see whether there are any.
        """
        pace = _Pace()
        asked_of = ((item, self._wanted(item if isinstance(item, Path) else item.path)) for item in met)
        for item, asked in asked_of:
            result = pace.paced(item) if asked or (asked is not None and not self.met_film) else None
            self.met_film = self.met_film or _is_film(result)
            yield asked, result
            if self.met_film and pace.is_slow:
                break
        pool = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="scan")
        try:
            yield from ordered_map(pool, _looked_at, asked_of, _AT_ONCE)
        finally:
            pool.shutdown(cancel_futures=True)


def _looked_at(item: tuple[Path | Refused, bool | None]) -> tuple[bool | None, Found | Refused | None]:
    met, asked = item
    return asked, look_at(met) if asked else None


def _is_film(result: Found | Refused | None) -> bool:
    """Whether it is one, or would be if it could be read."""
    return isinstance(result, Found) or (result is not None and result.error.code is not Code.NOT_A_FILM)


def look_at(path: Path | Refused) -> Found | Refused:
    """One file: its kind by content, the header of a DICOM file, the pages of a TIFF."""
    if isinstance(path, Refused):
        return path
    try:
        with open_film(path) as stream:
            if sniff_stream(stream) == "dicom":
                return _look_at_dicom(path, stream)
            from imaging.read.raster import count_frames

            frames = count_frames(stream, limits_in_force())
        return Found(ImageRef(path), "raster", None, frames)
    except FilmError as error:
        return Refused(path, refuse.noted(error))
    except OSError as error:
        return Refused(path, refuse.noted(refuse.from_os_error(error)))


def _look_at_dicom(path: Path, stream: BinaryIO) -> Found:
    """By our own reader where the file is an ordinary one, else by pydicom."""
    from imaging.read.ordinary import read_listed

    listed = read_listed(stream)
    if listed is not None:
        return _found_dicom(path, listed.elements, listed.transfer_syntax)
    from imaging.read.dataset import open_dicom
    from imaging.read.dicom import missing_pixels
    from imaging.read.tables import LISTED

    with open_dicom(path, limits_in_force(), tuple(LISTED)) as film:
        if film.pixels is None:
            raise missing_pixels(film.dataset)
        return _found_dicom(path, film.dataset, film.transfer_syntax)


def _found_dicom(path: Path, elements: Elements, transfer_syntax: str) -> Found:
    from imaging.read.header import read_header
    from imaging.read.layout import frame_count
    from imaging.read.values import text

    ref = ImageRef(path, uid=text(elements, "SOPInstanceUID") or None)
    frames = frame_count(elements, limits_in_force())
    return Found(ref, "dicom", read_header(elements, transfer_syntax), frames)
