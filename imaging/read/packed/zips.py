"""ZIP archives as folders. Nothing is unpacked to a disk: a member is a path that goes on behind the archive's own."""

from __future__ import annotations

import functools
import struct
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from typing import BinaryIO, cast

from imaging.errors import Code, FilmError
from imaging.read import refuse
from imaging.read.limits import Limits
from imaging.read.packed.inflated import RAW, Inflated
from imaging.study import natural_key

_METHODS = {zipfile.ZIP_STORED: None, zipfile.ZIP_DEFLATED: RAW}
_LOCAL_HEADER = struct.Struct("<4s5H3I2H")
_ENCRYPTED = 0x1
_OF_SYSTEMS = frozenset({"__MACOSX"})
# What zipfile raises on damaged archives.
_ZIP_FAILURES = (zipfile.BadZipFile, ArithmeticError, LookupError, NotImplementedError, ValueError, struct.error)


@dataclass(frozen=True, slots=True)
class Member:
    """A file in an archive: where its local header stands, and what the directory says of it."""

    offset: int
    packed_bytes: int
    method: int
    flags: int
    crc: int


class _Bounded:
    """A stream with a bound on single reads: zipfile reads the whole directory at once, however long."""

    def __init__(self, stream: BinaryIO, most_bytes: int) -> None:
        self._stream, self._most_bytes = stream, most_bytes
        self.seek, self.tell = stream.seek, stream.tell

    def read(self, size: int = -1) -> bytes:
        if size > self._most_bytes:
            raise _too_many()
        return self._stream.read(size)


def directory(path: Path, limits: Limits) -> MappingProxyType[str, Member]:
    """The members by name ('folder/film.dcm'), folders left out. Raises FilmError, OSError.

    Kept for the few archives that were asked for last, for as long as the file is the same.
    """
    status = path.stat()
    return _directory(path, status.st_mtime_ns, status.st_size, limits)


@functools.lru_cache(maxsize=4)
def _directory(path: Path, _mtime_ns: int, _size: int, limits: Limits) -> MappingProxyType[str, Member]:
    with path.open("rb") as stream:
        try:
            listed = zipfile.ZipFile(cast(BinaryIO, _Bounded(stream, limits.max_directory_bytes))).infolist()
        except (*_ZIP_FAILURES, OSError) as error:
            if refuse.is_of_system(error):
                raise
            raise refuse.corrupt_archive(type(error).__name__) from error
    if len(listed) > limits.max_members:
        raise _too_many()
    members = (
        (
            _tidy(info.filename),
            Member(info.header_offset, info.compress_size, info.compress_type, info.flag_bits, info.CRC),
        )
        for info in listed
        if not info.is_dir()
    )
    return MappingProxyType(dict(members))


def _tidy(name: str) -> str:
    """The name as a path has it: some programs write backslashes, or './' before everything."""
    return PurePosixPath(name.replace("\\", "/")).as_posix()


def is_inside(name: str) -> bool:
    """Whether a member's name stays in its archive. A name never reaches a disk here; yet none is to look as if."""
    parts = name.split("/")
    return not (name.startswith("/") or ".." in parts or "\0" in name or parts[0][1:2] == ":")


def members(path: Path, limits: Limits) -> Iterator[Path | None]:
    """The files of an archive in natural order, folders before files, without the hidden; None for what points out.

    Raises FilmError, OSError.
    """
    for name in sorted(directory(path, limits), key=_order):
        if not is_inside(name):
            yield None
        elif not any(part.startswith(".") or part in _OF_SYSTEMS for part in name.split("/")):
            yield path / name


def _order(name: str) -> tuple[tuple[int, str], ...]:
    """As a walk through unpacked folders meets the files."""
    *folders, file = name.split("/")
    return (*((0, natural_key(folder)) for folder in folders), (1, natural_key(file)))


def open_member(stream: BinaryIO, member: Member, limits: Limits) -> Inflated:
    """A member's plain bytes; `stream` is the open archive. Raises FilmError, OSError."""
    if member.flags & _ENCRYPTED:
        raise FilmError(Code.UNSUPPORTED, "This film is locked with a password; unpack the archive first.")
    if member.method not in _METHODS:
        raise refuse.unsupported("part of an archive by a method that is seldom used", detail=f"ZIP {member.method}")
    if member.offset < 0:
        raise refuse.corrupt_archive("a member before the archive")
    stream.seek(member.offset)
    head = stream.read(_LOCAL_HEADER.size)
    if len(head) < _LOCAL_HEADER.size or head[:4] != b"PK\x03\x04":
        raise refuse.corrupt_archive("no local header")
    *_, name_bytes, extra_bytes = _LOCAL_HEADER.unpack(head)
    stream.seek(name_bytes + extra_bytes, 1)
    return Inflated(
        stream,
        wbits=_METHODS[member.method],
        most_bytes=limits.max_inflated_bytes,
        packed_bytes=member.packed_bytes,
        crc=member.crc,
    )


def _too_many() -> FilmError:
    return FilmError(Code.TOO_LARGE, "This archive lists more files than can be opened; unpack it first.")
