"""The one way from the path of a film to its bytes, wherever they lie: in a file, in a gzip file, in a ZIP archive."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from imaging.errors import Code, FilmError
from imaging.read import refuse
from imaging.read.limits import Limits, limits_in_force
from imaging.read.packed.inflated import GZIP, Inflated
from imaging.study import ImageRef, Stamp

_GZIP_MAGIC = b"\x1f\x8b"
_PIECE = 1 << 20


@contextmanager
def open_film(path: Path, limits: Limits | None = None) -> Iterator[BinaryIO]:
    """The plain bytes of a film, seekable. `path` is a file, a gzip file, or goes on behind a ZIP archive.

    What is packed is unpacked as far as it is read. Raises OSError as opening a file does, and FilmError for what is
    no file, for archives and for bounds.
    """
    limits = limits or limits_in_force()
    try:
        status = path.stat()
    except (NotADirectoryError, FileNotFoundError):
        archive = archive_of(path)
        if archive is None:
            raise
        with _opened_member(archive, path, limits) as inflated:
            yield cast(BinaryIO, inflated)
        return
    check_status(status, limits)
    with path.open("rb") as stream:
        magic = stream.read(2)
        stream.seek(0)
        if magic == _GZIP_MAGIC:
            yield cast(BinaryIO, Inflated(stream, wbits=GZIP, most_bytes=limits.max_inflated_bytes))
        else:
            yield stream


def unpack(stream: BinaryIO) -> None:
    """Have a film that is packed unpacked at once, and held against its checksum. Raises FilmError, OSError."""
    stream.seek(0, os.SEEK_END)
    stream.seek(0)


def check_status(status: os.stat_result, limits: Limits) -> None:
    """Refuse folders, and pipes and devices, which would wait for ever when they are opened."""
    if stat.S_ISDIR(status.st_mode):
        raise refuse.not_a_film("a folder")
    if not stat.S_ISREG(status.st_mode):
        raise refuse.not_a_film("a device or a pipe, not a file")
    if status.st_size > limits.max_file_bytes:
        raise refuse.needs_too_much_memory(f"file of {status.st_size} bytes")


def archive_of(path: Path) -> Path | None:
    """The file that a path goes on behind, as in 'films.zip/left/1.dcm'; None where it has none."""
    for above in path.parents:
        try:
            mode = above.stat().st_mode
        except (NotADirectoryError, FileNotFoundError):
            continue
        return above if stat.S_ISREG(mode) else None
    return None


@contextmanager
def _opened_member(archive: Path, path: Path, limits: Limits) -> Iterator[Inflated]:
    from imaging.read.packed import zips

    check_status(archive.stat(), limits)
    member = zips.directory(archive, limits).get(path.relative_to(archive).as_posix())
    if member is None:
        raise FilmError(Code.MISSING, "The archive has no such file any more, or its name is misspelt.")
    with archive.open("rb") as stream:
        yield zips.open_member(stream, member, limits)


def stamp_of(path: Path) -> Stamp | None:
    """When the file was changed last, and its length; of the archive where the film lies in one. None where that can't
    be told: whoever opens the file will learn why.
    """
    try:
        try:
            status = path.stat()
        except (NotADirectoryError, FileNotFoundError):
            archive = archive_of(path)
            if archive is None:
                return None
            status = archive.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size


def has_changed(ref: ImageRef) -> bool:
    """Whether the file is there and is not what it was when it was listed."""
    now = stamp_of(ref.path) if ref.stamp is not None else None
    return now is not None and now != ref.stamp


def film_sha256(path: Path, limits: Limits | None = None) -> str:
    """The sha256 of a film's plain bytes in hex: the same whether it is packed or not. Raises OSError alone."""
    try:
        with open_film(path, limits) as stream:
            digest = hashlib.sha256()
            while piece := stream.read(_PIECE):
                digest.update(piece)
            return digest.hexdigest()
    except FilmError as error:
        raise OSError(error.message) from error
