"""Films as network input, decoded once and kept on disk for every run that sees them the same way."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from imaging.errors import Code, FilmError
from imaging.paths import user_data_dir
from imaging.progress import CancelToken, Progress, no_progress
from imaging.read import refuse
from imaging.read.packed.source import film_sha256
from imaging.study import ImageRef
from inference.scoring.preprocess import Grey, PreprocessSpec, load_grey
from inference.scoring.records import RecordError, from_json, to_json
from training.films.data_error import DataError
from training.films.manifest import LabelledFilm

_FILMS, _FACTS, _UNREADABLE = "films.npy", "facts.npy", "unreadable.json"
_GONE = (Code.MISSING, Code.NO_PERMISSION, Code.UNREADABLE)
_MOVED = "A film can't be opened any more since the films were listed: has it moved, or is its drive away?"
_TOLD = 64  # films between two words on how far it is
_CHUNK_BYTES = 1 << 24


@dataclass(frozen=True, slots=True)
class Unread:
    """Why a film is neither learnt from nor judged by. `is_cut`: its file ends early, and may be whole elsewhere."""

    sentence: str
    is_cut: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class CachedFilms:
    """`films` is uint8 [N, S, S], mapped from the disk, in the order asked for; `readable` is bool [N].

    `sizes_px` are (height, width) of the films themselves, int32 [N, 2]; `inverted`, bool [N], is True for MONOCHROME1.
    What can't be decoded whole is black and not readable; `why` says by position why. `place` is their folder.
    """

    films: Grey
    readable: npt.NDArray[np.bool_]
    sizes_px: npt.NDArray[np.int32]
    inverted: npt.NDArray[np.bool_]
    why: dict[int, Unread]
    place: Path


def cached_films(
    films: Sequence[LabelledFilm],
    spec: PreprocessSpec,
    token: CancelToken,
    progress: Progress = no_progress,
    folder: Path | None = None,
) -> CachedFilms:
    """The films as the network sees them, from the cache where they were decoded before. Raises DataError, Cancelled.

    The cache goes by the bytes of the files and by the preprocess, so that a changed file is decoded anew. `folder`
    is the user's data folder's `cache` where none is given.
    """
    place = (folder or user_data_dir() / "cache") / _key(films, spec)
    shape = (len(films), spec.size_px, spec.size_px)
    found = _stored(place, shape)
    if found is None:
        shutil.rmtree(place, ignore_errors=True)  # a power cut may have left it half on the disk
        _fill(place, films, spec, token, progress)
        found = _stored(place, shape)
    if found is None:
        raise DataError("The cache of decoded films can't be read.", detail=place.name)
    return found


def _stored(place: Path, shape: tuple[int, ...]) -> CachedFilms | None:
    """What lies in the cache; None where nothing does, or it is damaged."""
    try:
        stored = np.load(place / _FILMS, mmap_mode="r", allow_pickle=False)
        facts = np.load(place / _FACTS, allow_pickle=False)
        noted = from_json(dict[str, Unread], json.loads((place / _UNREADABLE).read_bytes()))
        why = {int(at): unread for at, unread in noted.items()}
        if stored.shape != shape or stored.dtype != np.uint8 or facts.shape != (len(stored), 3):
            return None
        readable = np.ones(len(stored), bool)
        readable[list(why)] = False
    except (OSError, EOFError, ValueError, IndexError, RecordError):
        return None
    return CachedFilms(stored, readable, facts[:, :2], facts[:, 2] > 0, why, place)


def _key(films: Sequence[LabelledFilm], spec: PreprocessSpec) -> str:
    whole = hashlib.sha256(json.dumps(to_json(spec), sort_keys=True).encode("utf-8"))
    for film in films:
        whole.update(f"{film.digest} {film.frame}\n".encode())
    return whole.hexdigest()[:32]


def _fill(
    place: Path, films: Sequence[LabelledFilm], spec: PreprocessSpec, token: CancelToken, progress: Progress
) -> None:
    """Decode every film into a folder beside the place, then put it there: a killed run leaves no half cache."""
    beside = place.with_name(f".{place.name}.{os.getpid()}")
    shape = (len(films), spec.size_px, spec.size_px)
    try:
        beside.mkdir(parents=True, exist_ok=True)
        if shutil.disk_usage(beside).free < 1.05 * np.prod(shape, dtype=np.int64):
            raise DataError("The disk has no room for the decoded films.")
        out = np.lib.format.open_memmap(beside / _FILMS, mode="w+", dtype=np.uint8, shape=shape)
        _take_room(beside / _FILMS, out.nbytes)
        facts = np.zeros((len(films), 3), np.int32)
        last = frozenset({film.path: at for at, film in enumerate(films)}.values())
        why = _decode(Decoding(out, facts, films, spec, last), token, progress)
        out.flush()
        del out
        np.save(beside / _FACTS, facts)
        (beside / _UNREADABLE).write_text(json.dumps(to_json(why)), encoding="utf-8")
        if not place.exists():
            beside.rename(place)
    except OSError as error:
        raise DataError("The decoded films can't be written: the disk may be full.", detail=str(error)) from error
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def _take_room(path: Path, count: int) -> None:
    """Have the disk set the last `count` bytes of a file aside: a mapped file with holes ends the process (SIGBUS)
    where one of them can't be filled. Raises OSError.
    """
    with path.open("r+b", buffering=0) as stream:
        begin = stream.seek(-count, os.SEEK_END)
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(stream.fileno(), begin, count)
            return
        for start in range(0, count, _CHUNK_BYTES):
            stream.write(bytes(min(_CHUNK_BYTES, count - start)))


@dataclass(frozen=True, slots=True, eq=False)
class Decoding:
    """Films on their way into the cache: `out` is uint8 [N, S, S], `facts` int32 [N, 3]: height, width, MONOCHROME1.

    `last` are the positions after which a file is looked at no more.
    """

    out: Grey
    facts: npt.NDArray[np.int32]
    films: Sequence[LabelledFilm]
    spec: PreprocessSpec
    last: frozenset[int]

    def decode(self, position: int) -> Unread | None:
        """Put one film into its place; why it can't be, or None.

        Raises DataError where it is not the film any more that was listed: under the old one's name it would be found
        in the cache for ever.
        """
        complaint = self._decode(position)
        if position in self.last:
            self._check_same(self.films[position])
        return complaint

    def _check_same(self, film: LabelledFilm) -> None:
        try:
            is_same = film_sha256(film.path) == film.digest
        except OSError as error:
            raise DataError(_MOVED, detail=type(error).__name__) from error
        if not is_same:
            raise DataError(
                "A film was written anew while the films were being read: begin again when nobody changes the folder."
            )

    def _decode(self, position: int) -> Unread | None:
        film = self.films[position]
        try:
            self.out[position], image = load_grey(ImageRef(film.path, film.frame), self.spec)
        except FilmError as error:
            if error.code in _GONE:  # a drive that is away must not leave black films in the cache for ever
                raise DataError(_MOVED, detail=error.code) from error
            return Unread(error.message, is_cut=error.code is Code.TRUNCATED)
        if image.complete < 1.0:  # for a reader it is better than nothing; nothing is to be learnt from it
            self.out[position] = 0
            return Unread(refuse.incomplete(image.complete).message, is_cut=True)
        self.facts[position] = (*image.full_size_px, image.inverted)
        return None


def _decode(work: Decoding, token: CancelToken, progress: Progress) -> dict[int, Unread]:
    """Decode every film, and say by position why some can't be."""
    why: dict[int, Unread] = {}
    total = len(work.films)

    def decode(position: int) -> Unread | None:
        token.check()
        return work.decode(position)

    pool = ThreadPoolExecutor()
    try:
        for position, complaint in enumerate(pool.map(decode, range(total))):
            if complaint is not None:
                why[position] = complaint
            if (position + 1) % _TOLD == 0 or position + 1 == total:
                progress(position + 1, total)
    finally:
        pool.shutdown(cancel_futures=True)  # one film that is gone ends it: thousands may wait behind it
    return why
