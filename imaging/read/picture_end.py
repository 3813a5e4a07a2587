"""Pictures whose files end early: told from whole and from damaged ones, and loaded as far as they go."""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING, BinaryIO, Literal

import numpy as np

from imaging.read import refuse

if TYPE_CHECKING:
    from PIL.Image import Image

# What Pillow raises on damaged files.
PILLOW_FAILURES = (
    ArithmeticError, AssertionError, AttributeError, EOFError, LookupError, MemoryError, NotImplementedError, OSError,
    RuntimeError, SyntaxError, TypeError, ValueError, struct.error, zlib.error,
)  # fmt: skip
_STRIPS_TAG, _STRIP_BYTES_TAG, _TILES_TAG, _TILE_BYTES_TAG = 273, 279, 324, 325
_TIFFS = (b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+")


def is_cut(stream: BinaryIO) -> bool:
    """Whether the end of a PNG or JPEG file is missing, or the directory of a TIFF. Leaves the stream at its start."""
    stream.seek(0)
    head = stream.read(16)
    size = stream.seek(0, 2)
    stream.seek(max(size - 64, 0))
    tail = stream.read()
    stream.seek(0)
    if head.startswith(_TIFFS):
        order: Literal["little", "big"] = "little" if head[:1] == b"I" else "big"
        is_big = 43 in head[2:4]
        return int.from_bytes(head[8:16] if is_big else head[4:8], order) >= size
    return {b"\x89PN": b"IEND" not in tail, b"\xff\xd8\xff": b"\xff\xd9" not in tail}.get(head[:3], False)


def ends_early(stream: BinaryIO, image: Image) -> bool:
    """Whether strips or tiles of a TIFF lie behind the end of the file."""
    at = stream.tell()
    size = stream.seek(0, 2)
    stream.seek(at)
    return any(
        start + length > size
        for starts, lengths in ((_STRIPS_TAG, _STRIP_BYTES_TAG), (_TILES_TAG, _TILE_BYTES_TAG))
        for start, length in zip(_numbers(image, starts), _numbers(image, lengths), strict=False)
    )


def _numbers(image: Image, tag: int) -> tuple[int, ...]:
    found = getattr(image, "tag_v2", {}).get(tag)
    return tuple(each for each in found if isinstance(each, int)) if isinstance(found, tuple) else ()


def load_what_is_there(image: Image) -> float:
    """Decode a picture whose file ends early, and say which share of its rows there is; the others are black.

    Raises what Pillow raises where there is not one row.
    """
    from PIL.ImageFile import ImageFile

    try:
        image.load()
    except PILLOW_FAILURES:
        assert isinstance(image, ImageFile)
        image.tile = []  # no second attempt: what was decoded stays as it is
        rows = np.flatnonzero(np.asarray(image).reshape(image.height, -1).any(axis=1))
        if not rows.size:
            raise
        return (int(rows[-1]) + 1) / image.height
    return 1.0


def refusal_of(stream: BinaryIO, error: BaseException) -> Exception:
    """A cut file is told from a damaged one by whether its end is there."""
    detail = type(error).__name__
    if isinstance(error, MemoryError):
        return refuse.needs_too_much_memory(detail)
    stream.seek(0)
    of_tiff = stream.read(4) in _TIFFS and ("truncated" in str(error).lower() or isinstance(error, EOFError))
    return refuse.truncated(None, detail) if of_tiff or is_cut(stream) else refuse.corrupt(detail)
