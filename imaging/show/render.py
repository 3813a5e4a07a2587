"""From stored values to the pixels of a view: choose a level, resample, then the table. Pure; no Qt.

Stored values are resampled, not grey: a window moved by the reader then costs one table, and a steep one adds no edges.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from imaging.cv import cv2
from imaging.image import DecodedImage, Pixels, Voi
from imaging.show.pyramid import Pyramid
from imaging.show.table import DisplayTable, Grey, apply_table, display_table
from imaging.show.transform import Size, ViewTransform
from imaging.show.window import default_voi

_NEAREST_FROM = 8.0  # from this scale on, pixels are shown as the squares that they are
_ALIASES_FROM = 1.2  # level pixels to a view pixel from which two taps are too few
_MOST_TAPS = 16  # for pixels far from square, and films seen far smaller than the pyramid's last level
_MOST_PX = 16_000  # of a level at once: cv2 takes no pictures of 32,768 and more, and these are sampled twice as finely
_STRIP_ROWS = 256
_LUMA = (19595, 38470, 7471)  # Rec. 601 in 65,536ths: whole numbers, so that every machine gives the same grey


@dataclass(frozen=True, slots=True, eq=False)
class ViewSample:
    """A film resampled for a view, before the table. `pixels` [h, w] or [h, w, 3] of stored values lie at `top_left_px`
    (row, column) in a view of `size_px`; the rest of the view shows no film.
    """

    pixels: Pixels
    top_left_px: tuple[int, int]
    size_px: Size


def display_pixels(image: DecodedImage, voi: Voi | None = None, invert: bool = False) -> Grey:
    """The whole film as it is shown, uint8 [H, W] or [H, W, 3]; None stands for its default VOI."""
    table = display_table(image, default_voi(image) if voi is None else voi, invert=invert)
    return apply_table(image.pixels, table)


def luminance(image_rgb: npt.NDArray[np.uint8]) -> Grey:
    """The grey of a colour picture, uint8 [H, W, 3] to [H, W]; a grey one stays as it is."""
    grey = np.empty((image_rgb.shape[0], image_rgb.shape[1]), np.uint8)
    for top in range(0, grey.shape[0], _STRIP_ROWS):  # in strips: the whole numbers are twenty times as large as it
        strip = image_rgb[top : top + _STRIP_ROWS]
        red, green, blue = (strip[..., channel].astype(np.uint32) * _LUMA[channel] for channel in range(3))
        grey[top : top + _STRIP_ROWS] = (red + green + blue + 32768) >> 16
    return grey


def tone(sample: ViewSample, table: DisplayTable, again: Grey | None = None) -> Grey:
    """The table applied to a sample, black where there is no film: uint8 [h, w] or [h, w, 3], the whole view. It is all
    that is left to do while only the window moves.

    `again` is what this returned for the same sample: it is written over, which saves asking the system for memory,
    the dearest part of it.
    """
    view = np.zeros((*sample.size_px, *sample.pixels.shape[2:]), dtype=np.uint8) if again is None else again
    if sample.pixels.size:
        (top, left), (height, width) = sample.top_left_px, sample.pixels.shape[:2]
        apply_table(sample.pixels, table, view[top : top + height, left : left + width])
    return view


def resample(pyramid: Pyramid, transform: ViewTransform, size_px: Size) -> ViewSample:
    """The film's stored values on the grid of the view. Quarter turns and mirroring move pixels and change none."""
    turned = transform.rotation_quarter % 2 == 1
    upright_px = size_px[::-1] if turned else size_px
    down, across = transform.scale * transform.aspect, transform.scale
    rows = _visible(transform.center_image_px[1], down, pyramid.size_px[0], upright_px[0])
    columns = _visible(transform.center_image_px[0], across, pyramid.size_px[1], upright_px[1])
    if rows.count < 1 or columns.count < 1:
        return ViewSample(np.zeros((0, 0), pyramid.base.dtype), (0, 0), size_px)
    pixels = _gather(pyramid, rows, columns)
    top, left = rows.first, columns.first
    if transform.flip_horizontal:
        pixels, left = pixels[:, ::-1], upright_px[1] - left - columns.count
    bottom, right = upright_px[0] - top - rows.count, upright_px[1] - left - columns.count
    quarter = transform.rotation_quarter % 4
    place = ((top, left), (left, bottom), (bottom, right), (right, top))[quarter]
    return ViewSample(np.ascontiguousarray(np.rot90(pixels, -quarter)), place, size_px)


@dataclass(frozen=True, slots=True)
class _Run:
    """A run of view pixels along one axis: the first, how many, where on the film the first one's centre lies, and view
    pixels to a film pixel.
    """

    first: int
    count: int
    start_px: float
    scale: float

    def steps(self, level: int) -> _Steps:
        """How the run is sampled on a level of the pyramid."""
        size = float(1 << level)
        factor = 1.0 / (self.scale * size)
        finer = max(2, min(math.ceil(factor - 1e-6), _MOST_TAPS)) if factor > _ALIASES_FROM else 1
        stride = factor / finer
        return _Steps(self.start_px / size - 0.5 * (factor - stride) - 0.5, stride, self.count * finer)


@dataclass(frozen=True, slots=True)
class _Steps:
    """Places along one axis of a level, counted from the centre of its first pixel."""

    start: float
    stride: float
    count: int


def _visible(center_px: float, scale: float, length_px: int, view_px: int) -> _Run:
    """The view pixels whose centres lie on the film; one at least where a film thinner than that is in view."""
    origin = center_px - view_px / 2.0 / scale
    first = max(math.ceil(-origin * scale - 0.5), 0)
    last = min(math.ceil((length_px - origin) * scale - 0.5), view_px)  # the first beyond the film
    middle = math.floor((length_px / 2.0 - origin) * scale)
    if last <= first and length_px * scale < 1.0 and 0 <= middle < view_px:
        return _Run(middle, 1, length_px / 2.0, scale)
    return _Run(first, last - first, origin + (first + 0.5) / scale, scale)


def _gather(pyramid: Pyramid, rows: _Run, columns: _Run) -> Pixels:
    """View pixels, upright, from the level that suits the scale."""
    if min(rows.scale, columns.scale) >= _NEAREST_FROM or rows.scale == columns.scale == 1.0:
        return pyramid.base[np.ix_(_indices(rows, 0, pyramid), _indices(columns, 1, pyramid))]
    level = _level(pyramid, rows, columns)
    down, across = rows.steps(level), columns.steps(level)
    box, left, top = _cut(pyramid.levels[level], across, down)
    matrix = np.array([[across.stride, 0.0, across.start - left], [0.0, down.stride, down.start - top]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    size = (across.count, down.count)
    fine = cv2.warpAffine(box, matrix, size, flags=flags, borderMode=cv2.BORDER_REPLICATE)
    if size == (columns.count, rows.count):
        return np.asarray(fine)
    return np.asarray(cv2.resize(fine, (columns.count, rows.count), interpolation=cv2.INTER_AREA))


def _level(pyramid: Pyramid, rows: _Run, columns: _Run) -> int:
    """The level that suits the axis on which the film is seen larger; a coarser one where the other axis, of pixels far
    from square, would ask for more of it than cv2 takes.
    """
    level = pyramid.level_for(max(rows.scale, columns.scale))
    most = max(run.count / run.scale for run in (rows, columns))
    while most / (1 << level) > _MOST_PX and level < len(pyramid.levels) - 1:
        level += 1
    return level


def _indices(run: _Run, axis: int, pyramid: Pyramid) -> npt.NDArray[np.int64]:
    at = np.floor(run.start_px + np.arange(run.count) / run.scale).astype(np.int64)
    return np.clip(at, 0, pyramid.size_px[axis] - 1)


def _cut(pixels: Pixels, across: _Steps, down: _Steps) -> tuple[Pixels, int, int]:
    """The part that the view needs, and where it begins."""
    left, top = max(math.floor(across.start) - 1, 0), max(math.floor(down.start) - 1, 0)
    right = math.ceil(across.start + across.count * across.stride) + 2
    bottom = math.ceil(down.start + down.count * down.stride) + 2
    return pixels[top:bottom, left:right], left, top
