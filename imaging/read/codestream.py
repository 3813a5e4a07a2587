"""What a compressed frame says of itself: its own size, depth and colours, read without decoding it.

Corruption seldom raises an error in a decoder, and a header of twenty bytes can claim sixty thousand rows. So the
codestream's own figures are held against the DICOM header before any decoder sees the data.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Family = Literal["jpeg", "jpeg_ls", "jpeg_2000", "jpeg_xl", "rle", "deflate"]

_JP2_SIGNATURE = b"\x00\x00\x00\x0cjP  \r\n\x87\n"
_ADOBE_TRANSFORMS = {0: False, 1: True}
_HEADER_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Codestream:
    """Sizes in pixels. `bits` is the precision of a sample, `signed` whether the codestream calls them signed.

    `ybr` says whether three samples are luminance and chrominance; None leaves that to the DICOM header.
    """

    family: Family
    rows: int
    columns: int
    samples: int
    bits: int
    signed: bool = False
    ybr: bool | None = None


def describe(data: bytes) -> Codestream | None:
    """Tell JPEG, JPEG-LS and JPEG 2000 by their first bytes and read their headers; None for anything else.

    Raises ValueError where a header is damaged or cut short.
    """
    head = data[:_HEADER_BYTES]
    if head[:2] == b"\xff\xd8":
        return _describe_jpeg(head)
    if head[:4] == b"\xff\x4f\xff\x51":
        return _describe_jpeg_2000(head)
    if head.startswith(_JP2_SIGNATURE):
        start = head.find(b"\xff\x4f\xff\x51")
        if start < 0:
            raise ValueError("JP2 without codestream")
        return _describe_jpeg_2000(head[start:])
    return None


def has_end(data: bytes) -> bool:
    """Whether the End Of Image marker stands at the end, but for padding.

    Without it libjpeg fills in what is missing and raises nothing, so that half a film would look like a film with a
    grey lower half, and CharLS spends up to 45 seconds on a frame of 200 x 200 pixels before it raises.
    """
    return b"\xff\xd9" in data[-64:]


def without_trailing_comment(data: bytes) -> bytes:
    """A JPEG 2000 codestream without a comment segment between its last tile and its end.

    Comments are not allowed there (ISO 15444-1 A.9.2), some devices pad with them, and OpenJPEG takes them for picture.
    """
    end = data.rfind(b"\xff\xd9")
    start = data.rfind(b"\xff\x64", max(end - 256, 0), end)
    if start < 0 or start + 2 + int.from_bytes(data[start + 2 : start + 4], "big") != end:
        return data
    return data[:start] + data[end:]


def is_high_throughput(data: bytes) -> bool:
    """Whether a JPEG 2000 codestream is HTJ2K: bit 14 of its capabilities, Rsiz (ISO 15444-15 A.2)."""
    start = max(data.find(b"\xff\x4f\xff\x51"), 0)
    return bool(int.from_bytes(data[start + 6 : start + 8], "big") & 0x4000)


def padded_to_its_end(data: bytes) -> bytes:
    """A JPEG 2000 codestream that was cut short, filled up to the length that its last tile-part claims.

    Zeros stand for empty packets (ISO 15444-1 B.10.3): OpenJPEG, which refuses a tile that ends early, then shows the
    packets that are there. Raises ValueError where no tile-part has begun, or none says how long it is.
    """
    at = data.find(b"\xff\x4f\xff\x51")
    at = data.find(b"\xff\x90\x00\x0a", max(at, 0))
    if at < 0:
        raise ValueError("no tile-part")
    while True:
        length = int.from_bytes(data[at + 6 : at + 10], "big")
        if length < 14 or len(data) < at + 14 or length > 64 * len(data):
            raise ValueError("a tile-part without a length")
        if at + length >= len(data):
            return data + bytes(at + length - len(data)) + b"\xff\xd9"
        at += length
        if not data.startswith(b"\xff\x90\x00\x0a", at):  # the last one is whole
            return data + b"\xff\xd9"


def _describe_jpeg(data: bytes) -> Codestream:
    """Walk the marker segments (ISO 10918-1 B.2, ISO 14495-1 C.2) up to the frame header."""
    position, jfif, adobe = 2, False, None
    while True:
        while data[position : position + 2] == b"\xff\xff":  # fill bytes
            position += 1
        marker, segment = _segment(data, position)
        if marker == 0xE0 and segment.startswith(b"JFIF\x00"):
            jfif = True
        elif marker == 0xEE and segment.startswith(b"Adobe") and len(segment) >= 12:
            adobe = _ADOBE_TRANSFORMS.get(segment[11])
        elif marker == 0xF7 or (0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC)):
            return _frame_header(marker, segment, jfif, adobe)
        elif marker in (0xDA, 0xD9):
            raise ValueError("no frame header before the scan")
        position += 4 + len(segment)


def _segment(data: bytes, position: int) -> tuple[int, bytes]:
    """The marker at `position` and the contents of its segment."""
    if len(data) < position + 4 or data[position] != 0xFF:
        raise ValueError("no marker where one is due")
    length = int.from_bytes(data[position + 2 : position + 4], "big")
    segment = data[position + 4 : position + 2 + length]
    if length < 2 or len(segment) != length - 2:
        raise ValueError("marker segment cut short")
    return data[position + 1], segment


def _frame_header(marker: int, segment: bytes, jfif: bool, adobe: bool | None) -> Codestream:
    if len(segment) < 6 or len(segment) < 6 + 3 * segment[5]:
        raise ValueError("frame header cut short")
    samples = segment[5]
    components = [segment[6 + 3 * index : 9 + 3 * index] for index in range(samples)]
    family: Family = "jpeg_ls" if marker == 0xF7 else "jpeg"
    return Codestream(
        family=family,
        rows=int.from_bytes(segment[1:3], "big"),
        columns=int.from_bytes(segment[3:5], "big"),
        samples=samples,
        bits=segment[0],
        ybr=_is_ybr(marker, components, jfif, adobe) if samples == 3 else None,
    )


def _is_ybr(marker: int, components: list[bytes], jfif: bool, adobe: bool | None) -> bool | None:
    """Whether three components are YCbCr: by the Adobe marker, else by how they are named and sampled.

    JFIF files are YCbCr by definition, and only chrominance is ever sampled more coarsely. JFIF is written on
    lossless frames too, where it means nothing, and there and else the DICOM header is believed.
    """
    if adobe is not None:
        return adobe
    if bytes(component[0] for component in components) == b"RGB":
        return False
    if marker in (0xC3, 0xF7):
        return None
    coarser = components[0][1] != components[1][1]
    return True if jfif or coarser else None


def _describe_jpeg_2000(data: bytes) -> Codestream:
    """The SIZ segment (ISO 15444-1 A.5.1), which comes first."""
    if len(data) < 45:
        raise ValueError("SIZ cut short")
    right, bottom, left, top = (int.from_bytes(data[at : at + 4], "big") for at in (8, 12, 16, 20))
    samples = int.from_bytes(data[40:42], "big")
    depths = data[42 : 42 + 3 * samples : 3]
    if not samples or len(depths) < samples:
        raise ValueError("SIZ without components")
    return Codestream(
        family="jpeg_2000",
        rows=bottom - top,
        columns=right - left,
        samples=samples,
        bits=max(depth & 0x7F for depth in depths) + 1,
        signed=bool(depths[0] & 0x80),
    )
