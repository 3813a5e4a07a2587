"""Opening a DICOM file up to its pixel data, with bounds: the module through which pydicom is used.

An ordinary film is read without it (`ordinary`, ADR 31), which takes a fifth of the time.
"""

from __future__ import annotations

import logging
import struct
import time
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

from imaging.read import refuse
from imaging.read.header_bounds import HeaderBounds
from imaging.read.limits import Limits
from imaging.read.ordinary import read_shown
from imaging.read.packed.inflated import RAW, Inflated
from imaging.read.packed.source import open_film, unpack
from imaging.read.values import Elements, items, pydicom_failures

if TYPE_CHECKING:
    from pydicom.dataset import Dataset, FileMetaDataset
    from pydicom.tag import BaseTag

DEFLATED = "1.2.840.10008.1.2.1.99"
_GE_BIG_ENDIAN = "1.2.840.113619.5.2"  # private: a little endian data set with big endian pixels
_NATIVE_SYNTAXES = frozenset(
    {"", "1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2", DEFLATED, _GE_BIG_ENDIAN}
)
_PIXEL_TAGS = {0x7FE00010: "PixelData", 0x7FE00009: "DoubleFloatPixelData", 0x7FE00008: "FloatPixelData"}
_LUT_SEQUENCES = ("ModalityLUTSequence", "VOILUTSequence")
_UNDEFINED_LENGTH = 0xFFFFFFFF
_LONG_VRS = frozenset({b"OB", b"OW", b"OF", b"OD", b"OL", b"OV", b"UN", b"SQ", b"UT"})


@dataclass(frozen=True, slots=True)
class PixelElement:
    """Where the pixel data stand in the stream. `length` is None for encapsulated frames of undefined length."""

    keyword: str
    vr: str
    offset: int
    length: int | None


@dataclass(frozen=True, slots=True, eq=False)
class DicomFile:
    """A data set read up to its pixel data, and the open stream that holds these.

    `transfer_syntax` is '' where the file does not name one. `little_endian` is about the pixel data.
    """

    dataset: Elements
    transfer_syntax: str
    little_endian: bool
    stream: BinaryIO
    pixels: PixelElement | None

    @property
    def is_compressed(self) -> bool:
        """Whether frames are encapsulated; every syntax but the four that PS3.5 A.1 to A.5 leave as they are."""
        return self.transfer_syntax not in _NATIVE_SYNTAXES


@contextmanager
def open_dicom(path: Path, limits: Limits, keywords: Sequence[str] | None = None) -> Iterator[DicomFile]:
    """Open a DICOM file, with or without preamble. `keywords` restricts what is read, for speed.

    Raises FilmError: the operating system's reasons, CORRUPT, TOO_LARGE for a deflated file beyond the bounds.
    """
    try:
        with open_film(path, limits) as stream:
            yield dicom_in(stream, limits, keywords)
    except OSError as error:  # the disk or network drive fails, now or while the caller reads the pixels
        raise refuse.from_os_error(error) from error


def dicom_in(stream: BinaryIO, limits: Limits, keywords: Sequence[str] | None = None) -> DicomFile:
    """The film in an open file. Raises FilmError as `open_dicom` does; OSError."""
    if keywords is not None:
        return read_by_pydicom(stream, limits, keywords)
    unpack(stream)
    return read_ordinary(stream, limits) or read_by_pydicom(stream, limits)


def read_ordinary(stream: BinaryIO, limits: Limits) -> DicomFile | None:
    """An ordinary film, else None: pydicom has to look. Raises OSError.

    A header that may be beyond the bounds is left to it too, which says so: an element of eight bytes takes it three
    reads at most.
    """
    deadline = time.monotonic() + limits.timeout_s
    film = read_shown(stream)
    most_bytes = min(limits.max_header_bytes, limits.max_header_reads // 3 * 8)
    if film is None or film.pixels_at > most_bytes or time.monotonic() > deadline:
        return None
    stream.seek(film.pixels_at)
    pixels = _pixel_element(stream, film.implicit, little=True)
    return DicomFile(film.elements, film.transfer_syntax, True, stream, pixels)


def read_by_pydicom(stream: BinaryIO, limits: Limits, keywords: Sequence[str] | None = None) -> DicomFile:
    """Any film. Raises FilmError CORRUPT, TOO_LARGE, TIMEOUT; OSError."""
    silence_pydicom()
    stream.seek(0)
    try:
        if DEFLATED.encode() in stream.read(1024):
            return _read_deflated(stream, limits)
        stream.seek(0)
        from pydicom import dcmread

        dataset = dcmread(
            HeaderBounds(stream, limits),
            force=True,
            stop_before_pixels=True,
            specific_tags=None if keywords is None else list(keywords),
        )
        implicit, little = dataset.original_encoding
        if not little:
            _swap_words(dataset)
    except pydicom_failures() as error:
        if refuse.is_of_system(error):
            raise
        raise refuse.corrupt(f"{type(error).__name__} while reading the header") from error
    syntax = str(getattr(dataset.file_meta, "TransferSyntaxUID", ""))
    pixels = _pixel_element(stream, bool(implicit), bool(little))
    return DicomFile(dataset, syntax, bool(little) and syntax != _GE_BIG_ENDIAN, stream, pixels)


def _swap_words(dataset: Dataset) -> None:
    """Make the words of LUTs and palettes little endian, as which they are read; pydicom leaves OW as it is."""
    tables = [item for keyword in _LUT_SEQUENCES for item in items(dataset, keyword)]
    for holder in (dataset, *tables):
        for element in holder:
            if element.VR == "OW" and isinstance(element.value, bytes):
                element.value = _swapped(element.value[: len(element.value) // 2 * 2])


def _swapped(data: bytes) -> bytes:
    swapped = bytearray(data)
    swapped[0::2], swapped[1::2] = data[1::2], data[0::2]
    return bytes(swapped)


def silence_pydicom() -> None:
    """Keep pydicom's remarks on odd values out of the log and off the terminal: they quote the patient's data.

    The filter is set again on each call, because whoever saves and restores the filters (pytest does) loses it.
    """
    from pydicom import config

    config.settings.reading_validation_mode = config.IGNORE
    logging.getLogger("pydicom").propagate = False
    warnings.filterwarnings("ignore", module=r"pydicom(\.|$)")


def _read_deflated(stream: BinaryIO, limits: Limits) -> DicomFile:
    """Read a Deflated Explicit VR Little Endian file (PS3.5 A.5), inflating no more than the bound."""
    from pydicom.dataset import FileDataset
    from pydicom.filereader import read_dataset

    meta, start = _file_meta(stream)
    stream.seek(start)
    inflated = cast(BinaryIO, Inflated(stream, wbits=RAW, most_bytes=limits.max_inflated_bytes))
    bounded = cast(BinaryIO, HeaderBounds(inflated, limits))
    dataset = read_dataset(bounded, is_implicit_VR=False, is_little_endian=True, stop_when=_at_pixels)
    whole = FileDataset(BytesIO(), dataset, file_meta=meta, is_implicit_VR=False, is_little_endian=True)
    return DicomFile(whole, DEFLATED, True, inflated, _pixel_element(inflated, implicit=False, little=True))


def _file_meta(stream: BinaryIO) -> tuple[FileMetaDataset, int]:
    """The file meta information, and the offset behind it by its own group length."""
    from pydicom.dataset import FileMetaDataset
    from pydicom.filereader import read_dataset

    stream.seek(132)
    group_length = stream.read(12)
    if group_length[:6] != b"\x02\x00\x00\x00UL":
        raise refuse.corrupt("deflated file without group length")
    length = min(int.from_bytes(group_length[8:], "little"), 1 << 16)
    meta = read_dataset(BytesIO(stream.read(length)), is_implicit_VR=False, is_little_endian=True)
    return FileMetaDataset(meta), 144 + length


def _at_pixels(tag: BaseTag, _vr: str | None, _length: int) -> bool:
    return int(tag) in _PIXEL_TAGS


def _pixel_element(stream: BinaryIO, implicit: bool, little: bool) -> PixelElement | None:
    """Read the element header at which pydicom stopped; None where the data set ended without pixel data."""
    order = "<" if little else ">"
    head = stream.read(12)
    if len(head) < 8:
        return None
    group, element = struct.unpack(f"{order}HH", head[:4])
    keyword = _PIXEL_TAGS.get(group << 16 | element)
    if keyword is None:
        return None
    start = stream.tell() - len(head)
    vr = head[4:6]
    if implicit or vr not in _LONG_VRS:
        (length,) = struct.unpack(f"{order}I", head[4:8])
        return PixelElement(keyword, "OW", start + 8, None if length == _UNDEFINED_LENGTH else length)
    if len(head) < 12:
        return None
    (length,) = struct.unpack(f"{order}I", head[8:12])
    return PixelElement(keyword, vr.decode("ascii"), start + 12, None if length == _UNDEFINED_LENGTH else length)
