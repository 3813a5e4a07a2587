"""The fragments of encapsulated pixel data (PS3.5 A.4): which make up one frame, and whether they are all there.

What offset tables say is held against where the fragments truly stand, and not believed where it does not fit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from struct import Struct
from typing import BinaryIO

from imaging.read import refuse
from imaging.read.dataset import DicomFile, PixelElement
from imaging.read.limits import Limits
from imaging.read.values import value

_ITEM, _DELIMITER = b"\xfe\xff\x00\xe0", b"\xfe\xff\xdd\xe0"
_head = Struct("<4sI")
_ENDS = (b"\xff\xd9", b"\xff\xd9\x00")  # of JPEG, JPEG-LS and JPEG 2000, padded to an even length or not


@dataclass(frozen=True, slots=True)
class Fragment:
    """`offset` is that of the item in the file, `length` what it claims, `there` how much of that the file holds."""

    offset: int
    length: int
    there: int


@dataclass(frozen=True, slots=True)
class FrameBytes:
    """One frame as it is compressed. `share` is how much of what the fragments claim is there, 1.0 for all of it."""

    data: bytes
    share: float


def read_frame_bytes(film: DicomFile, element: PixelElement, frame: int, frames: int, limits: Limits) -> FrameBytes:
    """The fragments of one frame, joined. Raises FilmError TRUNCATED, CORRUPT, TOO_LARGE; OSError."""
    table, fragments, is_closed = _walk(film.stream, element, limits)
    chosen = _of_frame(film, table, fragments, frame, frames)
    if not chosen and is_closed:
        raise refuse.corrupt(f"no fragments of frame {frame}")
    claimed = sum(fragment.length for fragment in chosen)
    there = sum(fragment.there for fragment in chosen)
    if not there:
        raise refuse.truncated(0.0, f"frame {frame} is empty")
    if there > limits.max_frame_bytes:
        raise refuse.needs_too_much_memory(f"frame of {there} bytes")
    pieces = []
    for fragment in chosen:
        film.stream.seek(fragment.offset + 8)
        pieces.append(film.stream.read(fragment.there))
    return FrameBytes(b"".join(pieces), there / claimed)


def _walk(stream: BinaryIO, element: PixelElement, limits: Limits) -> tuple[list[int], list[Fragment], bool]:
    """The offsets of the basic table, all fragments, and whether they are followed by their end."""
    size = stream.seek(0, 2)
    end = size if element.length is None else element.offset + element.length
    at, found = element.offset, []
    is_closed = False
    while at + 8 <= min(size, end):
        stream.seek(at)
        tag, length = _head.unpack(stream.read(8))
        if tag != _ITEM:
            is_closed = tag == _DELIMITER
            break
        found.append(Fragment(at, length, max(min(length, size - at - 8), 0)))
        if len(found) > limits.max_fragments:
            raise refuse.needs_too_much_memory("more fragments than may be")
        at += 8 + length
    else:
        is_closed = element.length is not None and size >= end
    if not found:
        raise refuse.corrupt("no items") if is_closed else refuse.truncated(0.0, "no items")
    first = found.pop(0)  # the basic offset table, empty or not
    stream.seek(first.offset + 8)
    words = stream.read(min(first.there, 4 * limits.max_frames))
    return [int.from_bytes(words[at : at + 4], "little") for at in range(0, len(words) - 3, 4)], found, is_closed


def _of_frame(
    film: DicomFile, table: Sequence[int], fragments: Sequence[Fragment], frame: int, frames: int
) -> Sequence[Fragment]:
    if frames == 1:
        return fragments
    for starts in (_extended(film, frames), table):
        places = _places(starts, fragments, frames)
        if places:
            return fragments[places[frame] : places[frame + 1]]
    if len(fragments) <= frames:
        return fragments[frame : frame + 1]
    return _by_their_ends(film.stream, fragments, frame)


def _extended(film: DicomFile, frames: int) -> list[int]:
    """The Extended Offset Table (PS3.3 C.7.6.3.1.8); empty where there is none."""
    data = value(film.dataset, "ExtendedOffsetTable")
    if not isinstance(data, bytes) or len(data) < 8 * frames:
        return []
    return [int.from_bytes(data[at : at + 8], "little") for at in range(0, 8 * frames, 8)]


def _places(starts: Sequence[int], fragments: Sequence[Fragment], frames: int) -> list[int]:
    """The number of each frame's first fragment and that of the end; empty where the offsets fit no fragments.

    Offsets count from the first fragment. What the file no longer holds is not asked for.
    """
    if len(starts) != frames or not fragments:
        return []
    numbers = {fragment.offset - fragments[0].offset: index for index, fragment in enumerate(fragments)}
    last = fragments[-1]
    beyond = last.offset + 8 + last.length - fragments[0].offset
    places = [numbers.get(start, len(fragments) if start >= beyond else -1) for start in starts]
    rises = all(one < other or one == len(fragments) for one, other in pairwise(places))
    return [*places, len(fragments)] if places[0] == 0 and -1 not in places and rises else []


def _by_their_ends(stream: BinaryIO, fragments: Sequence[Fragment], frame: int) -> Sequence[Fragment]:
    """More fragments than frames and no table: a frame ends where its codestream does."""
    first = 0
    for index, fragment in enumerate(fragments):
        stream.seek(fragment.offset + 8 + max(fragment.there - 3, 0))
        if not stream.read(min(fragment.there, 3)).endswith(_ENDS):
            continue
        if frame == 0:
            return fragments[first : index + 1]
        frame, first = frame - 1, index + 1
    return fragments[first:] if frame == 0 else ()
