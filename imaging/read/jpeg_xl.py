"""What a JPEG XL codestream says of its size and depth (ISO 18181-1, annexes B and D), read bit by bit."""

from __future__ import annotations

from collections.abc import Sequence

_BARE = b"\xff\x0a"
_CONTAINER = b"\x00\x00\x00\x0cJXL "
_SIZE_BITS = ((1, 9), (1, 13), (1, 18), (1, 30))
_DEPTH_BITS = ((8, 0), (10, 0), (12, 0), (1, 6))
_FLOAT_BITS = ((32, 0), (16, 0), (24, 0), (1, 6))
_RATIOS = ((1, 1), (12, 10), (4, 3), (3, 2), (16, 9), (5, 4), (2, 1))


class _Bits:
    """Bits from the lowest of each byte up. Reading on behind the end raises ValueError."""

    def __init__(self, data: bytes) -> None:
        self._number, self._left = int.from_bytes(data, "little"), 8 * len(data)

    def take(self, count: int) -> int:
        if count > self._left:
            raise ValueError("JPEG XL header cut short")
        taken = self._number & ((1 << count) - 1)
        self._number >>= count
        self._left -= count
        return taken

    def choice(self, offers: Sequence[tuple[int, int]]) -> int:
        """One of four (offset, bits), by two bits."""
        offset, bits = offers[self.take(2)]
        return offset + self.take(bits)


def is_jpeg_xl(data: bytes) -> bool:
    """Whether a JPEG XL codestream or container stands here."""
    return data.startswith((_BARE, _CONTAINER))


def read_size(data: bytes) -> tuple[int, int, int | None]:
    """(rows, columns, bits of a sample); None where the depth stands behind seldom used fields.

    Raises ValueError where the header is damaged or cut short.
    """
    bits = _Bits(_codestream(data)[2:66])
    rows, columns = _size(bits)
    if bits.take(1):  # everything as usual: 8 bits
        return rows, columns, 8
    if bits.take(1):  # orientation, preview or animation
        return rows, columns, None
    return rows, columns, bits.choice(_FLOAT_BITS if bits.take(1) else _DEPTH_BITS)


def _size(bits: _Bits) -> tuple[int, int]:
    small = bits.take(1)
    rows = 8 * (1 + bits.take(5)) if small else bits.choice(_SIZE_BITS)
    ratio = bits.take(3)
    if ratio:
        across, down = _RATIOS[ratio - 1]
        return rows, rows * across // down
    return rows, 8 * (1 + bits.take(5)) if small else bits.choice(_SIZE_BITS)


def _codestream(data: bytes) -> bytes:
    """The codestream's beginning, out of its container where it is in one (ISO 18181-2, 9)."""
    at = 0
    while not data.startswith(_BARE, at):
        length, kind = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8]
        head = 8
        if length == 1:
            length, head = int.from_bytes(data[at + 8 : at + 16], "big"), 16
        if kind in (b"jxlc", b"jxlp"):
            at += head + (4 if kind == b"jxlp" else 0)
            return data[at : at + 66]
        if length < head or at + length >= len(data):
            raise ValueError("JPEG XL without codestream")
        at += length
    return data[at : at + 66]
