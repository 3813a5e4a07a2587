"""What a file is, told by its first bytes and never by its name."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO, Literal

from imaging.read import refuse
from imaging.read.limits import Limits
from imaging.read.packed.source import open_film

Kind = Literal["dicom", "raster"]

HEAD_BYTES = 512

_RASTERS = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+")
_OTHERS = (
    (b"PK\x03\x04", "a ZIP archive"),
    (b"%PDF", "a PDF document"),
    (b"GIF8", "a GIF picture"),
    (b"BM", "a BMP picture"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"7z\xbc\xaf", "a 7-Zip archive"),
    (b"Rar!", "a RAR archive"),
)
# Value representations of PS3.5 6.2 that the first elements of a data set without a preamble can have.
_FIRST_VRS = frozenset({b"UI", b"UL", b"CS", b"SH", b"LO", b"DA", b"TM", b"OB", b"UN", b"SQ", b"DT", b"IS", b"US"})


def sniff(path: Path, limits: Limits | None = None) -> Kind:
    """Tell DICOM from raster by content. Raises FilmError for whatever is neither, or cannot be read."""
    try:
        with open_film(path, limits) as stream:
            return sniff_stream(stream)
    except OSError as error:
        raise refuse.from_os_error(error) from error


def sniff_stream(stream: BinaryIO) -> Kind:
    """As `sniff`, of an open film; leaves it at its start."""
    head = stream.read(HEAD_BYTES)
    stream.seek(0)
    if not head:
        raise refuse.empty()
    return kind_of(head)


def kind_of(head: bytes) -> Kind:
    """The kind of a file by its first bytes; raises FilmError NOT_A_FILM with what it is instead, where known."""
    if head[128:132] == b"DICM":
        return "dicom"
    if head.startswith(_RASTERS):
        return "raster"
    if _starts_like_a_data_set(head):
        return "dicom"
    for magic, what in _OTHERS:
        if head.startswith(magic):
            raise refuse.not_a_film(what)
    if _is_text(head):
        raise refuse.not_a_film("a text file")
    raise refuse.not_a_film()


def _starts_like_a_data_set(head: bytes) -> bool:
    """Whether a data set without preamble stands here: a first element of group 2 or 8 with a believable length."""
    return _is_first_element(head, "little") or _is_first_element(head, "big")


def _is_first_element(head: bytes, order: Literal["little", "big"]) -> bool:
    if len(head) < 16:
        return False
    group, element = int.from_bytes(head[0:2], order), int.from_bytes(head[2:4], order)
    if group not in (0x0002, 0x0008) or element > 0x0100:
        return False
    if head[4:6] in _FIRST_VRS:
        return True
    length = int.from_bytes(head[4:8], order)  # implicit VR
    return length % 2 == 0 and length < 256


def _is_text(head: bytes) -> bool:
    return b"\x00" not in head and sum(byte < 9 for byte in head) == 0
