"""The heat map on the film: upsampled, coloured by a table, outlined at a threshold. The scale is the card's, never the
film's own maximum, so that a healthy film stays cool.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from imaging.cv import cv2
from imaging.heatmap import Heatmap
from imaging.show.heat_colours import STOPS

Polyline = npt.NDArray[np.float64]

_CONTOUR_PX = 384  # the grid on which contours are sought
_PEAK_PX = 512  # the grid on which the hottest point is sought
_FULL_FROM = 0.30  # the heat from which on the overlay is as opaque as it gets
_FADE = 0.08  # so much heat above the threshold the overlay is there in full: no hard edge beside the contour
_STEP = 1.0 / 255.0


def _inferno() -> npt.NDArray[np.uint8]:
    """uint8 [256, 3]: the scale of heat at 256 places."""
    at = np.linspace(0.0, 255.0, len(STOPS))
    colours = np.stack([np.interp(np.arange(256.0), at, channel) for channel in np.asarray(STOPS, float).T], axis=-1)
    table = np.floor(colours + 0.5).astype(np.uint8)
    table.setflags(write=False)
    return table


COLOURS = _inferno()


def on_film(heatmap: Heatmap, size_px: tuple[int, int]) -> npt.NDArray[np.uint8]:
    """The map on a film of `size_px` (height, width): uint8 [H, W], 255 at the card's heat scale and above.

    The scaled cells keep their values in their centres; between them it is bicubic (Keys 1981, a = -1/2) and clipped:
    straight lines between the centres would paint diamonds. Parts of the film that the network did not see are 0.
    """
    # One pass that rounds and clips, where numpy takes four over a film of nine million pixels.
    return np.asarray(cv2.add(_shares(heatmap, size_px, 255.0), 0.0, dtype=cv2.CV_8U))


def hottest(heatmap: Heatmap) -> tuple[float, float]:
    """Where the painted map would be hottest were it not clipped, as (x, y) in shares of the film's sides."""
    top = max(float(heatmap.raw.max()), _STEP)
    field = _shares(replace(heatmap, scale=2.0 * top), (_PEAK_PX, _PEAK_PX))
    row, column = divmod(int(field.argmax()), _PEAK_PX)
    return (column + 0.5) / _PEAK_PX, (row + 0.5) / _PEAK_PX


def colour_table(threshold: float, opacity: float) -> npt.NDArray[np.uint8]:
    """RGBA for the 256 values of `on_film`, uint8 [256, 4], alpha not multiplied in.

    Values below `threshold` (0 to 1) are transparent. From there on the overlay fades in over a short range of heat up
    to `opacity`, and with the heat itself: at threshold 0 the cool parts of the film are not veiled.
    """
    values = np.arange(256) / 255.0
    # At threshold 1 the range is one value long, so that the hottest parts still show.
    above = np.clip((values - threshold + _STEP) / min(_FADE, 1.0 - threshold + _STEP), 0.0, 1.0)
    alpha = np.clip(values / _FULL_FROM, 0.0, 1.0) * above * above * (3.0 - 2.0 * above) * np.clip(opacity, 0.0, 1.0)
    alpha[values < threshold] = 0.0
    return np.concatenate([COLOURS, np.floor(255.0 * alpha + 0.5).astype(np.uint8)[:, None]], axis=1)


def contour(heatmap: Heatmap, threshold: float) -> list[Polyline]:
    """Closed outlines of what reaches `threshold`, each float64 [n, 2] as (x, y) in shares of the film's sides.

    There are none at a threshold of 0, which the whole film reaches.
    """
    if threshold <= 0.0:
        return []
    field = _shares(heatmap, (_CONTOUR_PX, _CONTOUR_PX)).astype(np.float64)
    mask = np.pad((field >= threshold).astype(np.uint8), 1)
    found, _ = cv2.findContours(mask, cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
    lines = [line[:, 0, :].astype(np.float64) - 1.0 for line in found if len(line) >= 4]
    return [np.clip((_settled(line, field, threshold) + 0.5) / _CONTOUR_PX, 0.0, 1.0) for line in lines]


def _shares(heatmap: Heatmap, size_px: tuple[int, int], whole: float = 1.0) -> npt.NDArray[np.float32]:
    """The scaled map at the centres of the film's pixels, float32 [H, W]: 0 to `whole`, and a little beyond both where
    the heat turns fast.
    """
    grid, seen, cells = heatmap.scaled(), heatmap.rect, heatmap.cells
    rows = _weights(size_px[0], grid.shape[0], (seen.top, seen.height), (cells.top, cells.height))
    columns = _weights(size_px[1], grid.shape[1], (seen.left, seen.width), (cells.left, cells.width))
    # By cv2, in one thread: numpy's BLAS spreads so thin a product over spinning threads, at 15 times the CPU time.
    return np.asarray(cv2.gemm(rows @ grid, np.ascontiguousarray(columns.T), whole, None, 0.0))


@lru_cache(maxsize=16)
def _weights(
    length_px: int, count: int, seen: tuple[float, float], cells: tuple[float, float]
) -> npt.NDArray[np.float32]:
    """How much each cell counts at each pixel of one axis, [length, count]; rows of zeros outside what was `seen`.

    `seen` is (start, extent) in shares of the film, `cells` in shares of what was seen. Worked out rather than resized:
    cv2 knows no grid that is padded or cropped, and thirty-two places between cells. Kept, as films of one size follow
    one another. Read-only.
    """
    share = ((np.arange(length_px) + 0.5) / length_px - seen[0]) / seen[1]
    # One cell beyond the outer ones there is nothing but them.
    place = np.clip((share - cells[0]) / cells[1] * count - 0.5, -1.0, count)
    # The outer cells are repeated beyond the grid, where two more are within the kernel's reach.
    near = _cubic(np.abs(place[:, None] - np.arange(-2, count + 2)[None, :]))
    weights = near[:, 2:-2]
    weights[:, 0] += near[:, 0] + near[:, 1]
    weights[:, -1] += near[:, -1] + near[:, -2]
    weights[(share < 0.0) | (share > 1.0)] = 0.0
    kept = weights.astype(np.float32)
    kept.setflags(write=False)
    return kept


def _cubic(distance: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Keys's kernel: 1 at 0, 0 at every other whole number, smooth in between."""
    inner = (1.5 * distance - 2.5) * distance**2 + 1.0
    outer = ((-0.5 * distance + 2.5) * distance - 4.0) * distance + 2.0
    return np.where(distance <= 1.0, inner, np.where(distance < 2.0, outer, 0.0))


def _settled(line: Polyline, field: npt.NDArray[np.float64], threshold: float) -> Polyline:
    """The outline of a mask moved from pixel centres to where the field crosses the threshold, by two Newton steps; and
    to the very edge of the film where the heat goes on beyond it.
    """
    last = np.asarray(field.shape[::-1]) - 1
    outside = np.where(line <= 0, -0.5, 0.0) + np.where(line >= last, 0.5, 0.0)
    free = ~outside.any(axis=-1, keepdims=True)
    down, across = (np.asarray(np.gradient(field, axis=axis)) for axis in (0, 1))
    for _ in range(2):
        value, slope_x, slope_y = (_bilinear(plane, line) for plane in (field, across, down))
        steepness = np.maximum(slope_x**2 + slope_y**2, 1e-8)
        step = np.stack([slope_x, slope_y], axis=-1) * ((threshold - value) / steepness)[:, None]
        line = line + np.clip(step, -1.0, 1.0) * free
    settled: Polyline = line + outside
    return settled


def _bilinear(plane: npt.NDArray[np.float64], at: Polyline) -> npt.NDArray[np.float64]:
    limit = np.asarray(plane.shape[::-1], dtype=np.float64) - 1.0
    x, y = np.clip(at, 0.0, limit).T
    left, top = np.minimum(x.astype(int), plane.shape[1] - 2), np.minimum(y.astype(int), plane.shape[0] - 2)
    u, v = x - left, y - top
    upper = plane[top, left] * (1 - u) + plane[top, left + 1] * u
    lower = plane[top + 1, left] * (1 - u) + plane[top + 1, left + 1] * u
    return np.asarray(upper * (1 - v) + lower * v)
