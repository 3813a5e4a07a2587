"""The file of lines that `screen` writes, and reads again on `--resume`."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from io import RawIOBase
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np

from imaging.errors import FilmError, NegatoscopeError
from imaging.read.sniff import sniff
from imaging.study import ImageRef
from inference.screening.screen_rows import Row, Tally, Terms, fits, parsed

_BEGIN = b'{"schema": '  # of every line, a torn one too
_LONGEST_LINE = 1 << 20  # bytes; what is longer is no file of ours, and may have no end
_KEY_BYTES = 16


class Line(NamedTuple):
    """A line as it stands in a file: `place` is the film's in the archive where the file says it, else 0."""

    place: int
    row: Row
    raw: bytes


class Known:
    """The films that have their lines already: 17 bytes a film, however long its name. `keys` are those of `film_key`,
    one after another. A film that was named twice has two lines, and each of them counts once.
    """

    def __init__(self, keys: bytes | bytearray = b"") -> None:
        self._keys = np.sort(np.frombuffer(keys, f"S{_KEY_BYTES}"))
        self._taken = np.zeros(len(self._keys), np.bool_)

    @property
    def nbytes(self) -> int:
        return int(self._keys.nbytes + self._taken.nbytes)

    def take(self, ref: ImageRef) -> bool:
        """Whether this film has a line that was not asked for before."""
        key = np.frombuffer(film_key(ref.path.as_posix(), ref.frame), f"S{_KEY_BYTES}")[0]
        index = int(np.searchsorted(self._keys, key))
        while index < len(self._keys) and self._keys[index] == key:
            if not self._taken[index]:
                self._taken[index] = True
                return True
            index += 1
        return False


def film_key(path: str, frame: int) -> bytes:
    """A short hash that stands for a frame of a film."""
    return hashlib.blake2b(f"{frame} {path}".encode(errors="surrogatepass"), digest_size=_KEY_BYTES).digest()


@dataclass(slots=True)
class Lines:
    """The file of lines being written. With `places` each begins with the film's place, as in the part of a shard."""

    stream: RawIOBase
    known: Known = field(default_factory=Known)
    tally: Tally = field(default_factory=Tally)
    places: bool = False

    def passes(self, ref: ImageRef) -> bool:
        """Whether this film has its line already."""
        return self.known.take(ref)

    def write(self, row: Row, place: int = 0) -> None:
        """Append one line, past any buffer. Raises NegatoscopeError where the disk does not take it."""
        # A file name that is no valid UTF-8 keeps its stray bytes as JSON escapes, and can be matched on resuming.
        text = json.dumps(row, ensure_ascii=False, allow_nan=False) + "\n"
        rest = (f"{place} " if self.places else "").encode() + text.encode("utf-8", errors="backslashreplace")
        try:
            while rest:
                rest = rest[self.stream.write(rest) or 0 :]
        except OSError as error:
            raise NegatoscopeError("The results can't be written any further.", detail=str(error)) from error
        self.tally.count(row)


def check_output(path: Path) -> None:
    """Raise NegatoscopeError where the results would be written over a film."""
    try:
        sniff(path)
    except FilmError:
        return
    raise NegatoscopeError(f"{path} is a film; the results are not written over it.")


def open_lines(path: Path, terms: Terms, *, resume: bool, places: bool = False, keys: bytes = b"") -> Lines:
    """Begin a file of lines, or go on with one: its complete lines stay, a torn last one is cut off.

    `keys` are those of films that have lines elsewhere. Raises NegatoscopeError where the file can't be written, is a
    film or belongs to another run.
    """
    check_output(path)
    going_on = resume and os.path.isfile(path)  # noqa: PTH113 - Path.is_file raises where a folder may not be entered
    lines = Lines(_opened(path, "r+b" if going_on else "wb"), places=places)
    found, end = bytearray(keys), 0
    try:
        if going_on:
            for line in read_lines(path, terms, places=places):
                found += film_key(line.row["path"], line.row["frame"])
                lines.tally.count(line.row)
                end += len(line.raw)
            lines.stream.seek(end)
            lines.stream.truncate()
        lines.known = Known(found)
    except BaseException:
        lines.stream.close()
        raise
    return lines


def read_lines(path: Path, terms: Terms, *, places: bool) -> Iterator[Line]:
    """The complete lines of a file, one by one; a torn last one is left out.

    Raises NegatoscopeError for lines of another run and for what is no line, OSError.
    """
    with path.open("rb") as earlier:
        while raw := earlier.readline(_LONGEST_LINE):
            place, text = _split(raw) if places else (b"0", raw)
            if not raw.endswith(b"\n") and len(raw) < _LONGEST_LINE and text[: len(_BEGIN)] == _BEGIN[: len(text)]:
                return
            row = parsed(text)
            if row is None or not place.isdigit() or not fits(row, terms):
                raise NegatoscopeError("The results to resume come from another model or from other options.")
            yield Line(int(place), row, raw)


def keys_of(path: Path, terms: Terms, *, places: bool, wanted: Callable[[Path], bool]) -> bytes:
    """The keys of the wanted films in a file, one after another. Raises as `read_lines` does."""
    keys = bytearray()
    for line in read_lines(path, terms, places=places):
        if wanted(Path(line.row["path"])):
            keys += film_key(line.row["path"], line.row["frame"])
    return bytes(keys)


def _split(raw: bytes) -> tuple[bytes, bytes]:
    place, _, text = raw.partition(b" ")
    return place, text


def _opened(path: Path, mode: Literal["r+b", "wb"]) -> RawIOBase:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return path.open(mode, buffering=0)
    except OSError as error:
        raise NegatoscopeError(f"The results can't be written to {path}.", detail=str(error)) from error
