"""RLE (PS3.5 annex G): byte planes, each packed by PackBits, to planes of samples."""

from __future__ import annotations

import struct
from itertools import pairwise
from typing import cast

import numpy as np

from imaging.image import Pixels

_HEADER_BYTES = 64
_MOST_SEGMENTS = 15
_LONGEST_RUN = 128


def decode_rle(
    data: memoryview, pixels: int, samples: int, sample_bytes: int, out: Pixels, *, is_cut: bool = False
) -> float:
    """Decode a frame into `out`, uint8: a plane of little endian words for each sample, one behind the other.

    `out` of another length than these have holds single bits, packed in bytes. Returns the share of the frame that is
    there, 1.0 unless it `is_cut`. Raises ValueError where segments are missing or end early, the decoder's error else.
    """
    whole = pixels * samples * sample_bytes
    if out.size != whole:
        return _decode_plane(_segments(data, 1)[0], out, is_cut) / out.size
    segments = iter(_segments(data, samples * sample_bytes))
    words = out.view(f"<u{sample_bytes}").reshape(samples, pixels)
    there = pixels
    plane: Pixels = np.empty(pixels, np.uint8)
    for word in words:
        target = plane if sample_bytes > 1 else word
        for byte in range(sample_bytes):  # the most significant comes first
            there = min(there, _decode_plane(next(segments), target, is_cut))
            if byte:
                np.left_shift(word, 8, out=word)
                np.bitwise_or(word, plane, out=word)
            elif sample_bytes > 1:
                word[...] = plane
    words[:, there:] = 0
    return there / pixels


def _segments(data: memoryview, wanted: int) -> list[memoryview]:
    """The segments by the header's offsets. Raises ValueError unless there are as many as wanted, in rising order."""
    if len(data) < _HEADER_BYTES:
        raise ValueError("RLE header cut short")
    count, *offsets = struct.unpack("<16I", data[:_HEADER_BYTES])
    if count != wanted or count > _MOST_SEGMENTS:
        raise ValueError(f"{count} RLE segments where {wanted} are due")
    bounds = [*offsets[:count], max(len(data), offsets[count - 1])]
    if bounds[0] < _HEADER_BYTES or any(one > other for one, other in pairwise(bounds)):
        raise ValueError("RLE segments overlap")
    return [data[start:end] for start, end in pairwise(bounds)]


def _decode_plane(segment: memoryview, out: Pixels, is_cut: bool) -> int:
    """Unpack one segment into `out`, and say how many bytes it had. What is missing is zero, and only if it is cut."""
    import imagecodecs

    try:
        if len(imagecodecs.packbits_decode(cast(bytes, segment), out=out.data)) == out.size:
            return out.size
    except imagecodecs.PackbitsError:  # it ends early, or goes on behind the plane
        pass
    end, produced = _whole_runs(segment, out.size)
    if produced < out.size and not is_cut:
        raise ValueError(f"RLE segment of {produced} instead of {out.size} bytes")
    spacious = np.zeros(out.size + _LONGEST_RUN, np.uint8)
    if end:
        imagecodecs.packbits_decode(cast(bytes, segment[:end]), out=spacious.data)
    out[...] = spacious[: out.size]
    return min(produced, out.size)


def _whole_runs(segment: memoryview, wanted: int) -> tuple[int, int]:
    """How far to read for `wanted` bytes without breaking a run, and how many bytes that gives."""
    at = produced = 0
    while produced < wanted and at < len(segment):
        code = segment[at]
        step, run = (code + 2, code + 1) if code < 128 else (2, 257 - code) if code > 128 else (1, 0)
        if at + step > len(segment):
            break
        at, produced = at + step, produced + run
    return at, produced
