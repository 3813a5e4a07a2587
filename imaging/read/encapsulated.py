"""Compressed pixel data (PS3.5 A.4): taking out one frame, checking it against the header, having it decoded."""

from __future__ import annotations

from dataclasses import replace

from imaging.errors import Code, FilmError
from imaging.image import Pixels
from imaging.read import refuse
from imaging.read.child import POOL
from imaging.read.codecs import Job
from imaging.read.codestream import Codestream, Family, describe, has_end, is_jpeg_xl, without_trailing_comment
from imaging.read.dataset import DicomFile, PixelElement
from imaging.read.layout import Layout
from imaging.read.limits import Limits
from imaging.read.native import unpacked
from imaging.read.values import PYDICOM_FAILURES, value

_RLE = "1.2.840.10008.1.2.5"
_DEFLATED_FRAMES = "1.2.840.10008.1.2.8.1"
_UNREADABLE = {
    "1.2.840.10008.1.2.4.92": "a volume in JPEG 2000 part 2",
    "1.2.840.10008.1.2.4.93": "a volume in JPEG 2000 part 2",
    "1.2.840.10008.1.2.4.94": "a link to a JPIP server",
    "1.2.840.10008.1.2.4.95": "a link to a JPIP server",
    "1.2.840.10008.1.2.4.204": "a link to a JPIP server",
    "1.2.840.10008.1.2.4.205": "a link to a JPIP server",
}
_VIDEO = tuple(f"1.2.840.10008.1.2.4.10{last}" for last in range(9))
_LOSSLESS = frozenset(f"1.2.840.10008.1.2.4.{last}" for last in ("57", "70", "80", "90", "110", "201", "202"))


def read_encapsulated(
    film: DicomFile, element: PixelElement, layout: Layout, frame: int, limits: Limits
) -> tuple[Pixels, Layout]:
    """One frame as stored, [H, W] or [H, W, samples], and the layout that it truly has.

    Raises FilmError: UNSUPPORTED, TRUNCATED, CORRUPT (a codestream that contradicts the header among it) and what
    the decoding child raises.
    """
    syntax = film.transfer_syntax
    if syntax in _UNREADABLE or syntax.startswith(_VIDEO):
        raise refuse.unsupported(_UNREADABLE.get(syntax, "a video"), detail=syntax)
    data = _frame_bytes(film, element, layout, frame)
    try:
        return _read_frame(data, syntax, layout, limits)
    except FilmError as error:
        if error.code is Code.CORRUPT and not _sequence_ends(film, element):
            raise refuse.truncated(error.detail) from error
        raise


def _read_frame(data: bytes, syntax: str, layout: Layout, limits: Limits) -> tuple[Pixels, Layout]:
    if syntax in (_RLE, _DEFLATED_FRAMES):
        return _read_packed(data, syntax, layout, limits)
    try:
        stream = describe(data)
    except ValueError as error:
        raise refuse.corrupt(str(error)) from error
    if stream is None and is_jpeg_xl(data):
        stream = Codestream("jpeg_xl", layout.rows, layout.columns, layout.samples, layout.bits_stored)
    if stream is None:
        raise refuse.unsupported("an unknown kind of compressed data", detail=syntax)
    _compare(stream, layout)
    pixels = _decoded(stream, data, layout, limits)
    return _as_declared(pixels, stream, layout, lossless=syntax in _LOSSLESS)


def _frame_bytes(film: DicomFile, element: PixelElement, layout: Layout, frame: int) -> bytes:
    """The fragments of one frame, joined, by whichever offset table there is."""
    from pydicom.encaps import get_frame

    offsets = tuple(value(film.dataset, f"ExtendedOffsetTable{part}") for part in ("", "Lengths"))
    film.stream.seek(element.offset)
    try:
        data = get_frame(
            film.stream,
            frame,
            extended_offsets=None if None in offsets else (offsets[0], offsets[1]),
            number_of_frames=layout.frames,
        )
    except PYDICOM_FAILURES as error:
        if not _sequence_ends(film, element):
            raise refuse.truncated(f"frame {frame}: {type(error).__name__}") from error
        raise refuse.corrupt(f"frame {frame}: {type(error).__name__}") from error
    if not data:
        raise refuse.truncated(f"frame {frame} is empty")
    return data


def _sequence_ends(film: DicomFile, element: PixelElement) -> bool:
    """Whether the fragments are all there: as long as stated, or up to the delimiter that closes them."""
    size = film.stream.seek(0, 2)
    if element.length is not None:
        return size >= element.offset + element.length
    film.stream.seek(max(size - 4096, element.offset))
    return b"\xfe\xff\xdd\xe0" in film.stream.read()


def _read_packed(data: bytes, syntax: str, layout: Layout, limits: Limits) -> tuple[Pixels, Layout]:
    """RLE and deflated frames: uncompressed pixel data once they are decoded, RLE by planes."""
    bits = layout.rows * layout.columns * layout.samples * layout.bits_allocated
    family: Family = "rle" if syntax == _RLE else "deflate"
    job = Job(
        family, data, layout.rows, layout.columns, layout.samples, layout.sample_bytes, packed_bytes=(bits + 7) // 8
    )
    planar = replace(layout, planar=layout.samples > 1) if family == "rle" else layout
    return unpacked(POOL.decode(job, limits), planar), planar


def _compare(stream: Codestream, layout: Layout) -> None:
    """Hold the codestream's own figures against the header, before a decoder believes either."""
    said = (stream.rows, stream.columns, stream.samples)
    if said != (layout.rows, layout.columns, layout.samples) or layout.floating:
        raise refuse.contradictory(f"codestream {said}")
    if stream.bits > max(layout.bits_allocated, 8):
        raise refuse.contradictory(f"codestream of {stream.bits} bits in {layout.bits_allocated}")


def _decoded(stream: Codestream, data: bytes, layout: Layout, limits: Limits) -> Pixels:
    if stream.family in ("jpeg", "jpeg_ls") and not has_end(data):
        raise refuse.truncated(f"{stream.family} without its end")
    if stream.family == "jpeg_2000":
        data = without_trailing_comment(data)
    job = Job(stream.family, data, layout.rows, layout.columns, layout.samples, layout.sample_bytes, packed_bytes=0)
    return POOL.decode(job, limits)


def _as_declared(pixels: Pixels, stream: Codestream, layout: Layout, lossless: bool) -> tuple[Pixels, Layout]:
    """Bring decoded samples to the signs, depth and colour space that the header means.

    The header's sign counts where the codestream's differs: bits are kept, and read anew. Lossy compression may
    overshoot Bits Stored, and then the codestream's depth counts; without loss, bits above it are an overlay.
    """
    samples = pixels if layout.samples > 1 else pixels[..., 0]
    bits = layout.bits_stored
    if layout.signed and not stream.signed:
        bits = min(bits, stream.bits)
    elif not layout.signed and not lossless and int(samples.max()) >> bits:
        bits = max(bits, stream.bits)
    signed = samples.view(samples.dtype.str.replace("u", "i")) if layout.signed else samples
    photometric = layout.photometric
    if stream.ybr is not None:
        photometric = "YBR_FULL" if stream.ybr else "RGB"
    elif photometric in ("YBR_RCT", "YBR_ICT"):  # undone by the JPEG 2000 decoder
        photometric = "RGB"
    return signed, replace(layout, bits_stored=bits, high_bit=bits - 1, planar=False, photometric=photometric)
