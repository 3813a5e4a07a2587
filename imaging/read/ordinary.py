"""What an ordinary DICOM file says, read without pydicom: a folder may hold ten thousand of them, and the first film
of a start, or a quick decoder, would wait for it.

Ordinary is a file with preamble and file meta information, little endian and not deflated, whose elements are what the
dictionary says and hold plain values. Of anything else nothing is said here, and pydicom reads it: the two never
differ on what both read, and a damaged file is refused in one place alone.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from struct import Struct
from sys import intern
from typing import BinaryIO, NamedTuple

from imaging.read.tables import LEFT, LISTED, SEVERAL, SHOWN

CHUNK_BYTES = 1 << 14  # most headers have 2 to 8 KB
MOST_CHUNKS = 16  # elements larger than a chunk are stepped over
MOST_VALUE_BYTES = 1024
MOST_DEPTH = 8  # of sequences in sequences

_IMPLICIT, _EXPLICIT = "1.2.840.10008.1.2", "1.2.840.10008.1.2.1"
_DEFLATED = b"1.2.840.10008.1.2.1.99"
_COMPRESSED = ("1.2.840.10008.1.2.4.", "1.2.840.10008.1.2.5", "1.2.840.10008.1.2.8.1")  # explicit little endian
_UNDEFINED = 0xFFFFFFFF
_LONG_VRS = frozenset({b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV"})
_SHORT_VRS = frozenset(
    {b"AE", b"AS", b"AT", b"CS", b"DA", b"DS", b"DT", b"FD", b"FL", b"IS", b"LO", b"LT", b"PN"}
    | {b"SH", b"SL", b"SS", b"ST", b"TM", b"UI", b"UL", b"US"}
)
_explicit, _implicit, _length = Struct("<I2sH").unpack_from, Struct("<II").unpack_from, Struct("<I").unpack_from


def _key(group: int, element: int) -> int:
    """A tag as its four bytes read as one little endian number."""
    return element << 16 | group


class _Wanted(NamedTuple):
    """An element that is read. `vrs` are those that it may have, b"" where the transfer syntax leaves it to the
    dictionary; a file that has it in another is left to pydicom.
    """

    keyword: str
    vr: str
    vrs: frozenset[bytes]


def _wanted(table: Mapping[str, tuple[int, int, str]]) -> dict[int, _Wanted]:
    """US or SS is the former where a file says so; else it is for pydicom to find out."""
    return {
        _key(group, element): _Wanted(keyword, vr[:2], frozenset({vr.encode()[:2], b""} if len(vr) == 2 else {b"US"}))
        for keyword, (group, element, vr) in table.items()
    }


_IN_LIST = _wanted({keyword: row for keyword, row in LISTED.items() if row[2] != "US"})
_IN_FILM = _wanted(SHOWN) | {_key(*tag): _Wanted("", "", frozenset()) for tag in LEFT}
_CHARACTER_SET = _key(0x0008, 0x0005)
_PIXELS = frozenset(_key(0x7FE0, element) for element in (0x0008, 0x0009, 0x0010))
_NUMBERS = {
    "DS": re.compile(r" *[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)? *", re.ASCII),
    "IS": re.compile(r" *\d+ *", re.ASCII),
}
_SYNTAX = _key(0x0002, 0x0010)
_ITEM, _ITEM_END, _SEQUENCE_END = _key(0xFFFE, 0xE000), _key(0xFFFE, 0xE00D), _key(0xFFFE, 0xE0DD)

# Character sets of one byte, and UTF-8 (PS3.3 C.12.1.1.2); '' and ISO_IR 6 are ASCII.
_CODECS = {"": "ascii", "ISO_IR 6": "ascii", "ISO_IR 192": "utf_8", "ISO_IR 100": "latin_1"} | {
    f"ISO_IR {number}": f"iso8859_{part}"
    for number, part in ((101, 2), (109, 3), (110, 4), (144, 5), (127, 6), (126, 7), (138, 8), (148, 9))
}
_IN_CHARACTER_SET = frozenset({"LO", "PN"})
_OWN = frozenset({"SOPInstanceUID", "InstanceNumber"})  # differ from film to film; all else is kept once for many

Value = str | int | tuple[str, ...]


class _OutOfOrdinary(Exception):
    """The file is left to pydicom."""


@dataclass(frozen=True, slots=True)
class Ordinary:
    """Values by keyword, as `imaging.read.values` takes them. `pixels_at` is where the pixel data element begins."""

    elements: dict[str, Value]
    transfer_syntax: str
    pixels_at: int

    @property
    def implicit(self) -> bool:
        return self.transfer_syntax == _IMPLICIT


def read_listed(stream: BinaryIO) -> Ordinary | None:
    """The elements of `LISTED` in an ordinary DICOM file with pixel data; None where pydicom has to look.

    Reads no more than `MOST_CHUNKS` chunks, whatever the file claims. Raises OSError.
    """
    return _read_ordinary(stream, _IN_LIST)


def read_shown(stream: BinaryIO) -> Ordinary | None:
    """Likewise those of `SHOWN`; None too where there is any of `LEFT`, or a palette."""
    found = _read_ordinary(stream, _IN_FILM)
    has_palette = found is not None and "PALETTE" in str(found.elements.get("PhotometricInterpretation")).upper()
    return None if has_palette else found


def _read_ordinary(stream: BinaryIO, wanted: Mapping[int, _Wanted]) -> Ordinary | None:
    try:
        return _read(_Chunks(stream), wanted)
    except (_OutOfOrdinary, UnicodeDecodeError):
        return None


class _Chunks:
    """The part of a file that is at hand: `data` stands at `start`."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._left = MOST_CHUNKS
        self.start = 0
        self.data = b""
        self.move(0)

    def move(self, start: int) -> None:
        """Have what stands from `start` on. Raises _OutOfOrdinary at the end of the file, and of patience."""
        self._left -= 1
        self._stream.seek(start)
        data = self._stream.read(CHUNK_BYTES)
        if self._left < 0 or len(data) < 12:
            raise _OutOfOrdinary
        self.start, self.data = start, data


def _read(chunks: _Chunks, wanted: Mapping[int, _Wanted]) -> Ordinary:
    data = chunks.data
    if data[128:132] != b"DICM" or _DEFLATED in data[:1024]:
        raise _OutOfOrdinary
    syntax, at = _file_meta(data)
    if syntax not in (_IMPLICIT, _EXPLICIT) and not syntax.startswith(_COMPRESSED):
        raise _OutOfOrdinary
    walk = _Walk(wanted, syntax == _IMPLICIT, {})
    while (further := walk.through(chunks.data, at)) >= 0:
        chunks.move(chunks.start + further)
        at = 0
    return Ordinary(_values(walk.found, wanted), syntax, chunks.start + walk.pixels_at)


def _file_meta(data: bytes) -> tuple[str, int]:
    """The transfer syntax and where the data set begins; the file meta information lies in the first chunk."""
    at, syntax = 132, ""
    while data[at : at + 2] == b"\x02\x00" and at + 12 <= len(data):
        key, vr, length = _explicit(data, at)
        at += 8
        if vr in _LONG_VRS:
            (length,) = _length(data, at)
            at += 4
        elif vr not in _SHORT_VRS:
            raise _OutOfOrdinary
        if key == _SYNTAX:
            syntax = data[at : at + length].rstrip(b"\0 ").decode("ascii")
        at += length
    if at + 12 > len(data) or int.from_bytes(data[at : at + 2], "little") < 0x0008:
        raise _OutOfOrdinary
    letters = data[at + 4 : at + 6]
    if (syntax == _IMPLICIT) == (letters in _SHORT_VRS or letters in _LONG_VRS):  # not what the syntax says
        raise _OutOfOrdinary
    return syntax, at


@dataclass(slots=True)
class _Walk:
    """Through a data set up to its pixel data. `found` are the wanted values by key; the last one counts, as it does
    for pydicom.
    """

    wanted: Mapping[int, _Wanted]
    implicit: bool
    found: dict[int, bytes]
    pixels_at: int = 0

    def through(self, data: bytes, at: int) -> int:
        """Note the wanted elements that lie wholly in `data`. Returns where to go on, -1 at the pixel data."""
        end, wanted, implicit = len(data), self.wanted, self.implicit
        while at + 12 <= end:
            key, vr, length, value_at = _element(data, at, implicit)
            if key in wanted:
                if length > MOST_VALUE_BYTES or vr not in wanted[key].vrs:
                    raise _OutOfOrdinary
                if value_at + length > end:
                    break
                self.found[key] = data[value_at : value_at + length]
            elif key in _PIXELS:
                self.pixels_at = at
                return -1
            if length != _UNDEFINED:
                at = value_at + length
            elif (past := _past_sequence(data, key, vr, value_at, 0)) >= 0:
                at = past
            else:
                break
        return at


def _element(data: bytes, at: int, implicit: bool) -> tuple[int, bytes, int, int]:
    """Key, VR (b"" where it is implicit), length and the place of the value. There are twelve bytes."""
    if implicit:
        key, length = _implicit(data, at)
        if key & 0xFFFF == _ITEM & 0xFFFF:  # ends what was never begun
            raise _OutOfOrdinary
        return key, b"", length, at + 8
    key, vr, length = _explicit(data, at)
    if vr in _SHORT_VRS:
        return key, vr, length, at + 8
    if vr in _LONG_VRS:
        return key, vr, _length(data, at + 8)[0], at + 12
    raise _OutOfOrdinary


def _past_sequence(data: bytes, key: int, vr: bytes, at: int, depth: int) -> int:
    """Where a sequence of undefined length ends, its first item being at `at`; -1 where it goes on beyond `data`."""
    if depth == MOST_DEPTH or not (vr == b"SQ" or (not vr and _is_sequence(key))):
        raise _OutOfOrdinary
    while at + 8 <= len(data):
        item, length = _implicit(data, at)
        at += 8
        if item == _SEQUENCE_END:
            return at
        if item != _ITEM:
            raise _OutOfOrdinary
        at = _past_item(data, at, length, not vr, depth)
        if at < 0:
            break
    return -1


def _past_item(data: bytes, at: int, length: int, implicit: bool, depth: int) -> int:
    """Likewise for one item of it, whose elements have to fill it exactly."""
    stop = None if length == _UNDEFINED else at + length
    while stop is None or at < stop:
        if at + 12 > len(data):
            return -1
        if stop is None and _length(data, at)[0] == _ITEM_END:
            return at + 8
        key, vr, length, value_at = _element(data, at, implicit)
        at = value_at + length if length != _UNDEFINED else _past_sequence(data, key, vr, value_at, depth + 1)
        if at < 0:
            return -1
    if at != stop:
        raise _OutOfOrdinary
    return at


def _is_sequence(key: int) -> bool:
    """Whether an element without a VR may be a sequence: what is in no dictionary is one if it begins with an item."""
    from pydicom.datadict import dictionary_VR

    try:
        return dictionary_VR((key & 0xFFFF) << 16 | key >> 16) == "SQ"
    except KeyError:
        return True


def _values(found: Mapping[int, bytes], wanted: Mapping[int, _Wanted]) -> dict[str, Value]:
    """Bytes to text and numbers, where this is without doubt. Raises _OutOfOrdinary, UnicodeDecodeError."""
    codec = _CODECS.get(found.get(_CHARACTER_SET, b"").decode("ascii").strip())
    if codec is None:
        raise _OutOfOrdinary
    values: dict[str, Value] = {}
    for key, raw in found.items():
        keyword, vr, _ = wanted[key]
        if vr == "US":
            if len(raw) != 2:
                raise _OutOfOrdinary
            values[keyword] = raw[0] | raw[1] << 8
            continue
        text = raw.rstrip(b"\0 ").decode(codec if vr in _IN_CHARACTER_SET else "ascii")
        parts = tuple(text.split("\\")) if "\\" in text else (text,)
        if (
            not text.isprintable()
            or (vr == "PN" and "=" in text)
            or (len(parts) > 1 and keyword not in SEVERAL)
            or (vr in _NUMBERS and text and not all(map(_NUMBERS[vr].fullmatch, parts)))
        ):
            raise _OutOfOrdinary
        values[keyword] = parts if len(parts) > 1 else text if keyword in _OWN else intern(text)
    return values
