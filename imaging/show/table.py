"""The grey chain of PS3.3 folded into one table: stored value, modality LUT, VOI, MONOCHROME1, the user's invert.

Levels between two grey values are rounded to the nearest; dcmtk cuts them off and so lies up to one level lower.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from imaging.cv import cv2
from imaging.image import DecodedImage, ModalityLut, Pixels, Rescale, Voi, VoiLut, Window

Grey = npt.NDArray[np.uint8]
Values = npt.NDArray[np.float64]
_STEP = 1e-9  # a window narrower than this is a step
_STRIP_PX = 1 << 19


@dataclass(frozen=True, slots=True, eq=False)
class DisplayTable:
    """How stored values become grey. Made by `display_table`, used by `apply_table`.

    `entries` is uint8 [256] or [65536], by the stored value or, for signed ones, by its 16 bits read as unsigned;
    None for 32-bit and float pixels, which are worked out one by one.
    """

    entries: Grey | None
    modality: Rescale | ModalityLut
    voi: Voi
    inverted: bool
    padding: tuple[float, float] | None
    signed: bool


def display_table(image: DecodedImage, voi: Voi, *, invert: bool = False) -> DisplayTable:
    """The table for `image` seen through `voi`. `invert` is the user's; MONOCHROME1 comes from the image."""
    inverted = image.inverted != invert
    empty = DisplayTable(None, image.modality, voi, inverted, image.padding, image.is_signed)
    if image.pixels.dtype.kind not in "iu" or image.pixels.dtype.itemsize > 2:
        return replace(empty, voi=_with_sign(voi, image)) if isinstance(voi, VoiLut) else empty
    count = 256 if image.pixels.dtype == np.uint8 else 65536
    stored = np.arange(count, dtype=np.int64)
    if image.is_signed:
        stored = np.where(stored < count // 2, stored, stored - count)
    entries = _grey(stored.astype(np.float64), empty)
    entries.setflags(write=False)
    return DisplayTable(entries, image.modality, voi, inverted, image.padding, image.is_signed)


def apply_table(pixels: Pixels, table: DisplayTable, into: Grey | None = None) -> Grey:
    """Stored values [H, W] or [H, W, 3] to uint8 of the same shape, in a new array or `into` one. NaN becomes black."""
    grey = np.empty(pixels.shape, np.uint8) if into is None else into
    if table.entries is None or pixels.dtype.kind == "f":
        _work_out(pixels, table, grey)
        return grey
    if pixels.dtype == np.int8:
        pixels = pixels.astype(np.int16)
    index = pixels.view(np.uint16) if pixels.dtype == np.int16 else pixels
    return np.asarray(cv2.LUT(index, table.entries, dst=grey))


def to_modality(stored: Values, modality: Rescale | ModalityLut) -> Values:
    """Stored values in modality units (PS3.3 C.11.1): rescaled, or looked up and held at the LUT's ends."""
    if isinstance(modality, Rescale):
        return stored * modality.slope + modality.intercept
    return _looked_up(stored, modality.values, modality.first)


def voi_share(values: Values, voi: Voi) -> Values:
    """Values in modality units to shares of the display's range, 0 to 1 (PS3.3 C.11.2.1)."""
    if isinstance(voi, Window):
        return _windowed(values, voi)
    return np.clip(_looked_up(values, voi.values, _signed_first(values, voi)) / _full_scale(voi), 0.0, 1.0)


def _work_out(pixels: Pixels, table: DisplayTable, grey: Grey) -> None:
    """Pixel by pixel, in strips: the floats on the way are forty times the size of the result."""
    rows = max(_STRIP_PX // max(pixels.shape[1], 1), 1)
    for top in range(0, pixels.shape[0], rows):
        grey[top : top + rows] = _grey(pixels[top : top + rows].astype(np.float64), table)


def _with_sign(lut: VoiLut, image: DecodedImage) -> VoiLut:
    """The LUT with the sign of its first value told from the whole film, before that is taken apart."""
    ends = to_modality(np.array([image.pixels.min(initial=0), image.pixels.max(initial=0)], np.float64), image.modality)
    return replace(lut, first=_signed_first(ends, lut))


def _grey(stored: Values, table: DisplayTable) -> Grey:
    share = voi_share(to_modality(stored, table.modality), table.voi)
    grey = np.floor(255.0 * np.nan_to_num(share, nan=0.0) + 0.5).astype(np.uint8)
    if table.inverted:
        grey = 255 - grey
    outside = np.isnan(stored)
    if table.padding is not None:
        outside |= (stored >= table.padding[0]) & (stored <= table.padding[1])
    grey[outside] = 0  # padding is no part of the picture: never a white border, MONOCHROME1 or not
    return grey


def _windowed(values: Values, window: Window) -> Values:
    if window.function == "SIGMOID":
        with np.errstate(over="ignore"):
            return np.asarray(1.0 / (1.0 + np.exp(-4.0 * (values - window.center) / max(window.width, _STEP))))
    centre, width = window.center, window.width
    if window.function == "LINEAR" and width >= 1.0:  # narrower ones are not valid, and meant exactly where they occur
        centre, width = centre - 0.5, width - 1.0
    if width < _STEP:
        return (values > centre).astype(np.float64)
    return np.clip((values - centre) / width + 0.5, 0.0, 1.0)


def _looked_up(values: Values, entries: Pixels, first: int) -> Values:
    """Below the first entry counts as the first, beyond the last as the last (PS3.3 C.11.1.1.1 and C.11.2.1.1)."""
    at = np.clip(np.floor(np.nan_to_num(values, nan=first) - first + 0.5), 0, len(entries) - 1).astype(np.int64)
    return entries[at].astype(np.float64)


def _signed_first(values: Values, lut: VoiLut) -> int:
    """The first value mapped. Writers leave its sign to the reader: 65,436 is -100 where the values go below zero."""
    if lut.first >= 1 << 15 and float(np.nanmin(values, initial=0.0)) < 0.0:
        return lut.first - (1 << 16)
    return lut.first


def _full_scale(lut: VoiLut) -> float:
    """The entry shown as white: that of the LUT's depth, not of the data's.

    Writers state the depth wrongly: entries may exceed it, or use so little of it that the film would be all but black.
    """
    stated, top = (1 << lut.bits) - 1, int(lut.values.max(initial=0))
    if top > stated or (top > 0 and top < stated // 8):
        return float((1 << top.bit_length()) - 1)
    return float(stated)
