"""How large a PNG or JPEG picture says that it is, from its first bytes: Pillow takes ten times as long to open it.

The child that decodes it reads the header anew and believes only itself.
"""

from __future__ import annotations

from typing import NamedTuple

from imaging.read.codestream import describe

HEAD_BYTES = 1 << 16
_PNG = b"\x89PNG\r\n\x1a\n"
_PNG_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}  # by colour type (PNG 11.2.1)
_JPEG_CHANNELS = (1, 3, 4)
_REDUCTIONS = (8, 4, 2)


class PictureSize(NamedTuple):
    """Of one page, in pixels as stored. `pixel_bytes` is what a pixel takes in the result."""

    height: int
    width: int
    channels: int
    sample_bytes: int
    pixel_bytes: int


def read_size(head: bytes) -> PictureSize | None:
    """The size of an ordinary PNG or JPEG, None for anything else."""
    return _png(head) if head.startswith(_PNG) else _jpeg(head)


def reduced(size: PictureSize, at_least_px: tuple[int, int]) -> PictureSize:
    """The size at which libjpeg will decode a JPEG that need only have `at_least_px` (height, width), or more.

    More, where only Pillow knows whether the film lies on its side.
    """
    enough = min(size.height, size.width) // max(at_least_px)
    by = next((by for by in _REDUCTIONS if enough >= by), 1)
    return size._replace(height=-(-size.height // by), width=-(-size.width // by))


def _png(head: bytes) -> PictureSize | None:
    if head[8:16] != b"\0\0\0\x0dIHDR" or len(head) < 33 or head[25] not in _PNG_CHANNELS:
        return None
    width, height = int.from_bytes(head[16:20], "big"), int.from_bytes(head[20:24], "big")
    bits, colour = head[24], head[25]
    grey_bytes = 2 if bits == 16 else 1
    return PictureSize(
        height, width, _PNG_CHANNELS[colour], grey_bytes if colour == 0 else 1, 3 if colour else grey_bytes
    )


def _jpeg(head: bytes) -> PictureSize | None:
    try:
        stream = describe(head)
    except ValueError:
        return None
    if stream is None or stream.family != "jpeg" or stream.bits != 8 or stream.samples not in _JPEG_CHANNELS:
        return None
    return PictureSize(stream.rows, stream.columns, stream.samples, 1, 1 if stream.samples == 1 else 3)
