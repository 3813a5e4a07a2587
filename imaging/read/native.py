"""Uncompressed pixel data (PS3.5 8.1): one frame's bytes to an array of stored values."""

from __future__ import annotations

from typing import BinaryIO

import numpy as np
import numpy.typing as npt

from imaging.image import Pixels
from imaging.read import refuse
from imaging.read.dataset import DicomFile, PixelElement
from imaging.read.frame import Frame
from imaging.read.layout import Layout

_CELLS = 1 << 20  # unpacked at a time: each bit takes a byte on the way


def read_native(film: DicomFile, element: PixelElement, layout: Layout, frame: int) -> Frame:
    """One frame as stored, as far as the file holds it.

    Of a frame that is cut short what is there is returned, the rest being zero; FilmError TRUNCATED where not even
    one row is there, CORRUPT for 4:2:2 in rows of odd length. `frame` must exist. Raises OSError.
    """
    halved = layout.is_halved and not _holds_full_chrominance(element, layout)
    if halved and layout.columns % 2:
        raise refuse.contradictory("pairs of pixels in rows of odd length")
    bits = layout.rows * layout.columns * (2 if halved else layout.samples) * layout.bits_allocated
    first_bit = frame * bits
    start, skipped = divmod(first_bit, 8)
    in_words = not film.little_endian and element.vr == "OW" and (layout.bits_allocated <= 8 or layout.is_packed)
    if in_words and start % 2:
        start, skipped = start - 1, skipped + 8
    length = (skipped + bits + 7) // 8
    data = _read_at(film.stream, element, start, length + length % 2 if in_words else length)
    complete = 1.0 if len(data) >= length else max(len(data) * 8 - skipped, 0) / bits
    if complete * layout.rows < 1.0:
        raise refuse.truncated(complete, f"{len(data)} of {length} bytes")
    whole = np.zeros(length + length % 2, np.uint8)
    whole[: len(data)] = np.frombuffer(data, np.uint8)
    if in_words:
        whole = whole.reshape(-1, 2)[:, ::-1].reshape(-1)  # bytes packed in words (PS3.5 8.1.1)
    if layout.is_packed:
        samples = _unpacked_cells(whole, skipped, bits // layout.bits_allocated, layout)
    else:
        samples = whole[skipped // 8 : length].view(_stored_type(layout, film.little_endian))
    if halved:
        return Frame(_doubled_chrominance(samples, layout), layout, complete, complete)
    return Frame(arranged(samples, layout), layout, complete, complete)


def _holds_full_chrominance(element: PixelElement, layout: Layout) -> bool:
    """Whether data that are called 4:2:2 are long enough to be 4:4:4, which some writers make of them."""
    full = layout.rows * layout.columns * 3 * layout.sample_bytes * layout.frames
    return element.length is not None and element.length >= full


def _read_at(stream: BinaryIO, element: PixelElement, start: int, length: int) -> bytes:
    if element.length is not None:
        length = max(min(length, element.length - start), 0)
    stream.seek(element.offset + start)
    return stream.read(length)


def _stored_type(layout: Layout, little_endian: bool) -> np.dtype[np.generic]:
    kind = "f" if layout.floating else "i" if layout.signed else "u"
    return np.dtype(f"{'<' if little_endian else '>'}{kind}{layout.sample_bytes}")


def unpacked(data: npt.NDArray[np.uint8], layout: Layout) -> Pixels:
    """A whole frame of little endian bytes [N] as stored, [H, W] or [H, W, samples]."""
    if layout.is_packed:
        return arranged(_unpacked_cells(data, 0, layout.rows * layout.columns * layout.samples, layout), layout)
    return arranged(data.view(_stored_type(layout, little_endian=True)), layout)


def _unpacked_cells(packed: npt.NDArray[np.uint8], skipped: int, count: int, layout: Layout) -> Pixels:
    """Samples that are no whole bytes, the first in the lowest bits (PS3.5 8.1.1, annex D), to an array [count]."""
    bits = layout.bits_allocated
    if bits == 1:
        return np.unpackbits(packed, count=skipped + count, bitorder="little")[skipped:]
    samples = np.empty(count, _stored_type(layout, little_endian=True))
    for first in range(0, count, _CELLS):
        cells = min(_CELLS, count - first)
        start, ahead = divmod(skipped + first * bits, 8)
        piece = packed[start : start + (ahead + cells * bits + 7) // 8]
        spread = np.zeros((cells, 8 * layout.sample_bytes), np.uint8)
        spread[:, :bits] = np.unpackbits(piece, count=ahead + cells * bits, bitorder="little")[ahead:].reshape(-1, bits)
        samples[first : first + cells] = np.packbits(spread, bitorder="little").view(samples.dtype)
    return samples


def _doubled_chrominance(samples: Pixels, layout: Layout) -> Pixels:
    """YBR 4:2:2 as Y Y B R for each pair of pixels to [H, W, 3]."""
    groups = samples.reshape(layout.rows, -1, 4)
    full: Pixels = np.empty((layout.rows, groups.shape[1], 2, 3), samples.dtype)
    full[..., 0] = groups[..., :2]
    full[..., 1] = groups[..., 2:3]
    full[..., 2] = groups[..., 3:4]
    return np.reshape(full, (layout.rows, layout.columns, 3))


def arranged(samples: Pixels, layout: Layout) -> Pixels:
    """A flat array as [H, W] or [H, W, samples], whatever the planar configuration."""
    if layout.samples == 1:
        return samples.reshape(layout.rows, layout.columns)
    if layout.planar:
        return np.moveaxis(samples.reshape(layout.samples, layout.rows, layout.columns), 0, -1)
    return samples.reshape(layout.rows, layout.columns, layout.samples)


def stored_values(pixels: Pixels, layout: Layout) -> Pixels:
    """The stored values proper: native byte order, the bits from High Bit down, sign extended (PS3.5 8.1.1).

    Bits outside Bits Stored may hold old overlays or anything else, and are cleared. Double floats become float32,
    what is not finite becomes the smallest finite value.
    """
    if layout.floating:
        return _finite(pixels)
    native = pixels.astype(pixels.dtype.newbyteorder("="), copy=False)
    if layout.bits_stored >= native.dtype.itemsize * 8:
        return native
    above = native.dtype.itemsize * 8 - 1 - layout.high_bit
    if layout.high_bit == layout.bits_stored - 1 and _holds(native, layout.bits_stored):
        return native
    topmost: Pixels = np.left_shift(native, above) if above else native
    own = topmost if above else None  # a large film has no room for one more copy
    lowest: Pixels = np.right_shift(topmost, native.dtype.itemsize * 8 - layout.bits_stored, out=own)
    return lowest


def _holds(pixels: Pixels, bits: int) -> bool:
    """Whether all values are within `bits` bits already, as most films' are: looking costs a tenth of shifting."""
    if pixels.dtype.kind == "u":
        return int(pixels.max()) >> bits == 0
    half = 1 << (bits - 1)
    return -half <= int(pixels.min()) and int(pixels.max()) < half


def _finite(pixels: Pixels) -> Pixels:
    limit = np.finfo(np.float32).max
    finite = np.isfinite(pixels)
    lowest = float(pixels[finite].min()) if finite.any() else 0.0
    filled = np.where(finite, pixels, lowest)
    return np.clip(filled, -limit, limit).astype(np.float32)
