"""Compressed pixel data (PS3.5 A.4): taking out one frame, checking it against the header, having it decoded."""

from __future__ import annotations

from dataclasses import replace

from imaging.errors import Code, FilmError
from imaging.image import Pixels
from imaging.read import jpeg_xl, refuse
from imaging.read.child import POOL
from imaging.read.codecs import Job
from imaging.read.codestream import Codestream, Family, describe, has_end, without_trailing_comment
from imaging.read.dataset import DicomFile, PixelElement
from imaging.read.fragments import FrameBytes, read_frame_bytes
from imaging.read.frame import Frame
from imaging.read.layout import Layout
from imaging.read.limits import Limits
from imaging.read.native import unpacked

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
_JPEG_XL_OF_PICTURES = frozenset({"1.2.840.10008.1.2.4.111", "1.2.840.10008.1.2.4.112"})


def read_encapsulated(film: DicomFile, element: PixelElement, layout: Layout, frame: int, limits: Limits) -> Frame:
    """One frame, as far as it is there.

    Raises FilmError: UNSUPPORTED, TRUNCATED, CORRUPT (a codestream that contradicts the header among it) and what
    the decoding child raises.
    """
    syntax = film.transfer_syntax
    if syntax in _UNREADABLE or syntax.startswith(_VIDEO):
        raise refuse.unsupported(_UNREADABLE.get(syntax, "a video"), detail=syntax)
    found = read_frame_bytes(film, element, frame, layout.frames, limits)
    if syntax in (_RLE, _DEFLATED_FRAMES):
        return _read_packed(found, syntax, layout, limits)
    return _read_codestream(found, syntax, layout, limits)


def _read_codestream(found: FrameBytes, syntax: str, layout: Layout, limits: Limits) -> Frame:
    data = found.data
    try:
        stream = _described(data, syntax, layout)
    except ValueError as error:
        raise (refuse.truncated(found.share) if found.share < 1.0 else refuse.corrupt(str(error))) from error
    if stream is None:
        raise refuse.unsupported("an unknown kind of compressed data", detail=syntax)
    _compare(stream, layout)
    is_cut = found.share < 1.0 or (stream.family in ("jpeg", "jpeg_ls") and not has_end(data))
    if stream.family == "jpeg_2000":
        data = without_trailing_comment(data)
    job = Job(
        *(stream.family, layout.rows, layout.columns, layout.samples, layout.sample_bytes),
        *(stream.bits, stream.signed),
        is_cut=is_cut,
    )
    decoded, filled = _decoded(job, replace(found, data=data), limits)
    container = decoded.view(f"<u{layout.sample_bytes}").reshape(layout.rows, layout.columns, layout.samples)
    pixels, layout = _as_declared(container, stream, layout, lossless=syntax in _LOSSLESS)
    return Frame(pixels, layout, min(filled, found.share) if stream.family == "jpeg_2000" else filled, filled)


def _described(data: bytes, syntax: str, layout: Layout) -> Codestream | None:
    """What the frame says of itself, None where it is of no kind that is known. Raises ValueError for damage."""
    if not jpeg_xl.is_jpeg_xl(data):
        return describe(data)
    rows, columns, bits = jpeg_xl.read_size(data)
    # JPEG XL decodes pictures to RGB; films without loss are what the header says.
    ybr = False if syntax in _JPEG_XL_OF_PICTURES or layout.photometric == "XYB" else None
    return Codestream("jpeg_xl", rows, columns, layout.samples, bits or layout.bits_stored, ybr=ybr)


def _decoded(job: Job, found: FrameBytes, limits: Limits) -> tuple[Pixels, float]:
    """The frame's bytes and how much of them is picture. Of what is cut, a row is the least that is shown."""
    try:
        pixels, filled = POOL.decode(job, found.data, limits)
    except FilmError as error:
        if error.code is Code.CORRUPT and job.is_cut:
            raise refuse.truncated(found.share if found.share < 1.0 else None, error.detail) from error
        raise
    if filled * job.rows < 1.0:
        raise refuse.truncated(min(found.share, filled))
    return pixels, filled


def _read_packed(found: FrameBytes, syntax: str, layout: Layout, limits: Limits) -> Frame:
    """RLE and deflated frames: uncompressed pixel data once they are decoded, RLE by planes."""
    bits = layout.rows * layout.columns * layout.samples * layout.bits_allocated
    family: Family = "rle" if syntax == _RLE else "deflate"
    job = Job(
        *(family, layout.rows, layout.columns, layout.samples, layout.sample_bytes),
        packed_bytes=(bits + 7) // 8,
        is_cut=found.share < 1.0,
    )
    planar = replace(layout, planar=layout.samples > 1) if family == "rle" else layout
    pixels, filled = _decoded(job, found, limits)
    return Frame(unpacked(pixels, planar), planar, filled, filled)


def _compare(stream: Codestream, layout: Layout) -> None:
    """Hold the codestream's own figures against the header, before a decoder believes either."""
    said = (stream.rows, stream.columns, stream.samples)
    if said != (layout.rows, layout.columns, layout.samples) or layout.floating:
        raise refuse.contradictory(f"codestream {said}")
    if stream.bits > max(layout.bits_allocated, 8):
        raise refuse.contradictory(f"codestream of {stream.bits} bits in {layout.bits_allocated}")


def _as_declared(pixels: Pixels, stream: Codestream, layout: Layout, lossless: bool) -> tuple[Pixels, Layout]:
    """Bring decoded samples to the signs, depth and colour space that the header means.

    The header's sign counts where the codestream's differs: bits are kept, and read anew. Lossy compression may
    overshoot Bits Stored, and then the codestream's depth counts; without loss, bits above it are an overlay.
    """
    samples = pixels if layout.samples > 1 else pixels[..., 0]
    bits = layout.bits_stored
    if layout.signed and not stream.signed:
        bits = min(bits, stream.bits)
    elif not layout.signed and not lossless and bits < 8 * layout.sample_bytes and int(samples.max()) >> bits:
        bits = max(bits, stream.bits)
    signed = samples.view(samples.dtype.str.replace("u", "i")) if layout.signed else samples
    photometric = layout.photometric
    if stream.ybr is not None:
        photometric = "YBR_FULL" if stream.ybr else "RGB"
    elif photometric in ("YBR_RCT", "YBR_ICT"):  # undone by the JPEG 2000 decoder
        photometric = "RGB"
    return signed, replace(layout, bits_stored=bits, high_bit=bits - 1, planar=False, photometric=photometric)
