"""What a file draws over its film: overlay planes (PS3.3 C.9.2), and those of old files in the spare bits of pixels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from imaging.image import Graphics, Pixels
from imaging.read.layout import Layout
from imaging.read.limits import Limits
from imaging.read.values import Elements, integer, numbers, text, value

_GROUPS = range(0x6000, 0x6020, 2)
_ROWS, _COLUMNS, _FRAMES, _ORIGIN, _FIRST_FRAME = 0x0010, 0x0011, 0x0015, 0x0050, 0x0051
_DESCRIPTION, _ALLOCATED, _POSITION, _LABEL, _DATA = 0x0022, 0x0100, 0x0102, 0x1500, 0x3000
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class _Plane:
    """One group 60xx, each of whose elements may be missing or wrong."""

    dataset: Elements
    group: int

    def tag(self, element: int) -> int:
        return self.group << 16 | element

    def number(self, element: int, default: int) -> int:
        return integer(self.dataset, self.tag(element), default)

    @property
    def is_there(self) -> bool:
        return self.tag(_ROWS) in self.dataset

    @property
    def size_px(self) -> tuple[int, int]:
        return self.number(_ROWS, 0), self.number(_COLUMNS, 0)

    @property
    def name(self) -> str:
        return text(self.dataset, self.tag(_LABEL)) or text(self.dataset, self.tag(_DESCRIPTION))


def read_graphics(dataset: Elements, raw: Pixels, layout: Layout, frame: int, limits: Limits) -> Graphics | None:
    """All that the file draws over one frame, clipped to it; None where that is nothing.

    `raw` are the pixels with all bits allocated. Planes that can't be understood are left out: the film is readable
    without them.
    """
    planes = [plane for group in _GROUPS if (plane := _Plane(dataset, group)).is_there]
    if not planes:
        return None
    drawn: Mask = np.zeros((layout.rows, layout.columns), bool)
    names = []
    for plane in planes:
        mask = _mask(plane, raw, layout, frame, limits)
        if mask is not None and _draw(drawn, mask, plane):
            names.append(plane.name)
    if not drawn.any():
        return None
    return Graphics(np.packbits(drawn, axis=1), layout.columns, tuple(name for name in names if name))


def _mask(plane: _Plane, raw: Pixels, layout: Layout, frame: int, limits: Limits) -> Mask | None:
    """The plane's own pixels for a frame, None where it has none."""
    rows, columns = plane.size_px
    if rows <= 0 or columns <= 0 or rows * columns > limits.max_pixels:
        return None
    data = value(plane.dataset, plane.tag(_DATA))
    if data is None:
        return _in_spare_bits(plane, raw, layout)
    first = _first_bit(plane, frame)
    if not isinstance(data, bytes) or first is None or plane.number(_ALLOCATED, 1) > 1:
        return None
    start, skipped = divmod(first, 8)
    count = rows * columns
    packed = np.frombuffer(data, np.uint8)[start : start + (skipped + count + 7) // 8]
    bits = np.unpackbits(packed, count=skipped + count, bitorder="little")  # zeros where the data end early
    return np.asarray(bits[skipped:].reshape(rows, columns) > 0)


def _first_bit(plane: _Plane, frame: int) -> int | None:
    """Where the plane's picture for a frame begins; None where it has none for it.

    A plane that names neither a number of frames nor a first one belongs to all of them.
    """
    frames, first = plane.number(_FRAMES, 0), plane.number(_FIRST_FRAME, 0)
    if frames <= 1 and first == 0:
        return 0
    index = frame - max(first - 1, 0)
    rows, columns = plane.size_px
    return index * rows * columns if 0 <= index < max(frames, 1) else None


def _in_spare_bits(plane: _Plane, raw: Pixels, layout: Layout) -> Mask | None:
    """A plane that lies in a bit which no stored value uses, as files did until 2004."""
    position = plane.number(_POSITION, 0)
    lowest = layout.high_bit - layout.bits_stored + 1
    spare = 0 <= position < lowest or layout.high_bit < position < layout.bits_allocated
    if not spare or plane.size_px != raw.shape or raw.dtype.kind not in "iu":
        return None
    return np.asarray((np.right_shift(raw, position) & 1) > 0)


def _draw(film: Mask, mask: Mask, plane: _Plane) -> bool:
    """Add a plane at its origin, which counts from 1 and may lie outside the film; whether anything of it is seen."""
    origin = numbers(plane.dataset, plane.tag(_ORIGIN))
    top, left = (int(origin[0]) - 1, int(origin[1]) - 1) if len(origin) >= 2 else (0, 0)
    inside = mask[max(-top, 0) : film.shape[0] - top, max(-left, 0) : film.shape[1] - left]
    if top >= film.shape[0] or left >= film.shape[1] or not inside.any():
        return False
    film[max(top, 0) :, max(left, 0) :][: inside.shape[0], : inside.shape[1]] |= inside
    return True
