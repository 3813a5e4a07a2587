"""What the list shows of an ordinary DICOM file, read without pydicom: a folder may hold ten thousand of them.

Ordinary is a file with preamble and file meta information, little endian and not deflated, whose elements are what the
dictionary says and hold plain values. Of anything else nothing is said here, and pydicom reads it: the two never
differ on what both read, and a damaged file is refused in one place alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from struct import Struct
from sys import intern
from typing import BinaryIO

# Enough for the list and for telling whether there is a picture: keyword to group, element and VR (PS3.6).
LISTED = {
    "SpecificCharacterSet": (0x0008, 0x0005, "CS"),
    "SOPClassUID": (0x0008, 0x0016, "UI"),
    "SOPInstanceUID": (0x0008, 0x0018, "UI"),
    "StudyDate": (0x0008, 0x0020, "DA"),
    "Modality": (0x0008, 0x0060, "CS"),
    "InstitutionName": (0x0008, 0x0080, "LO"),
    "StudyDescription": (0x0008, 0x1030, "LO"),
    "SeriesDescription": (0x0008, 0x103E, "LO"),
    "PatientName": (0x0010, 0x0010, "PN"),
    "PatientID": (0x0010, 0x0020, "LO"),
    "PatientBirthDate": (0x0010, 0x0030, "DA"),
    "PatientSex": (0x0010, 0x0040, "CS"),
    "PatientAge": (0x0010, 0x1010, "AS"),
    "BodyPartExamined": (0x0018, 0x0015, "CS"),
    "ViewPosition": (0x0018, 0x5101, "CS"),
    "StudyInstanceUID": (0x0020, 0x000D, "UI"),
    "SeriesInstanceUID": (0x0020, 0x000E, "UI"),
    "SeriesNumber": (0x0020, 0x0011, "IS"),
    "InstanceNumber": (0x0020, 0x0013, "IS"),
    "PatientOrientation": (0x0020, 0x0020, "CS"),
    "Laterality": (0x0020, 0x0060, "CS"),
    "ImageLaterality": (0x0020, 0x0062, "CS"),
    "NumberOfFrames": (0x0028, 0x0008, "IS"),
    "Rows": (0x0028, 0x0010, "US"),
    "Columns": (0x0028, 0x0011, "US"),
    "LossyImageCompression": (0x0028, 0x2110, "CS"),
    "LossyImageCompressionRatio": (0x0028, 0x2112, "DS"),
}

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


_WANTED = {
    _key(group, element): (keyword, vr.encode()) for keyword, (group, element, vr) in LISTED.items() if vr != "US"
}
_CHARACTER_SET = _key(0x0008, 0x0005)
_PIXELS = frozenset(_key(0x7FE0, element) for element in (0x0008, 0x0009, 0x0010))
_SYNTAX = _key(0x0002, 0x0010)
_ITEM, _ITEM_END, _SEQUENCE_END = _key(0xFFFE, 0xE000), _key(0xFFFE, 0xE00D), _key(0xFFFE, 0xE0DD)

# Character sets of one byte, and UTF-8 (PS3.3 C.12.1.1.2); '' and ISO_IR 6 are ASCII.
_CODECS = {"": "ascii", "ISO_IR 6": "ascii", "ISO_IR 192": "utf_8", "ISO_IR 100": "latin_1"} | {
    f"ISO_IR {number}": f"iso8859_{part}"
    for number, part in ((101, 2), (109, 3), (110, 4), (144, 5), (127, 6), (126, 7), (138, 8), (148, 9))
}
_IN_CHARACTER_SET = frozenset({b"LO", b"PN"})
_OWN = frozenset({"SOPInstanceUID", "InstanceNumber"})  # differ from film to film; all else is kept once for many
_SEVERAL = frozenset({"PatientOrientation", "LossyImageCompressionRatio"})  # that may have several values

Value = str | tuple[str, ...]


class _OutOfOrdinary(Exception):
    """The file is left to pydicom."""


@dataclass(frozen=True, slots=True)
class ListedElements:
    """Values by keyword, as `imaging.read.values` takes them, and the transfer syntax. There are pixel data too."""

    elements: Mapping[str, Value]
    transfer_syntax: str


def read_listed(stream: BinaryIO) -> ListedElements | None:
    """The elements of `LISTED` in an ordinary DICOM file with pixel data; None where pydicom has to look.

    Reads no more than `MOST_CHUNKS` chunks, whatever the file claims. Raises OSError.
    """
    try:
        return _read(_Chunks(stream))
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


def _read(chunks: _Chunks) -> ListedElements:
    data = chunks.data
    if data[128:132] != b"DICM" or _DEFLATED in data[:1024]:
        raise _OutOfOrdinary
    syntax, at = _file_meta(data)
    if syntax == _IMPLICIT:
        found = _elements(chunks, at, implicit=True)
    elif syntax == _EXPLICIT or syntax.startswith(_COMPRESSED):
        found = _elements(chunks, at, implicit=False)
    else:
        raise _OutOfOrdinary
    return ListedElements(_values(found), syntax)


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


def _elements(chunks: _Chunks, at: int, *, implicit: bool) -> dict[int, bytes]:
    """The wanted values between `at` and the pixel data, by key; the last one counts, as it does for pydicom."""
    found: dict[int, bytes] = {}
    while (further := _go_through(chunks.data, at, found, implicit)) >= 0:
        chunks.move(chunks.start + further)
        at = 0
    return found


def _go_through(data: bytes, at: int, found: dict[int, bytes], implicit: bool) -> int:
    """Note the wanted elements that lie wholly in `data`. Returns where to go on, -1 at the pixel data."""
    end = len(data)
    while at + 12 <= end:
        key, vr, length, value_at = _element(data, at, implicit)
        if key in _WANTED:
            if length > MOST_VALUE_BYTES or (_WANTED[key][1] != vr and not implicit):
                raise _OutOfOrdinary
            if value_at + length > end:
                break
            found[key] = data[value_at : value_at + length]
        elif key in _PIXELS:
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


def _values(found: Mapping[int, bytes]) -> dict[str, Value]:
    """Bytes to text, where this is without doubt. Raises _OutOfOrdinary, UnicodeDecodeError."""
    codec = _CODECS.get(found.get(_CHARACTER_SET, b"").decode("ascii").strip())
    if codec is None:
        raise _OutOfOrdinary
    values: dict[str, Value] = {}
    for key, raw in found.items():
        keyword, vr = _WANTED[key]
        text = raw.rstrip(b"\0 ").decode(codec if vr in _IN_CHARACTER_SET else "ascii")
        if (
            not text.isprintable()
            or (vr == b"PN" and "=" in text)
            or (vr == b"IS" and text and not text.strip().isdigit())
        ):
            raise _OutOfOrdinary
        if "\\" not in text:
            values[keyword] = text if keyword in _OWN else intern(text)
        elif keyword in _SEVERAL:
            values[keyword] = tuple(text.split("\\"))
        else:
            raise _OutOfOrdinary
    return values
