"""Colour films: palettes, YBR and deep RGB to 8-bit RGB, and what is really grey to grey."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from imaging.image import Pixels
from imaging.read import refuse

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

_STRIP_ROWS = 256
_MOST_COLOURS = 1 << 16


def palette_to_rgb(pixels: Pixels, dataset: Dataset) -> npt.NDArray[np.uint8]:
    """PALETTE COLOR (PS3.3 C.7.9) to RGB, segmented palettes too. Raises FilmError CORRUPT.

    The palette is asked once for every index that occurs, not for every pixel.
    """
    from pydicom.pixels.processing import apply_color_lut

    from imaging.read.values import pydicom_failures

    indices = np.arange(int(pixels.max()) + 1, dtype=pixels.dtype).reshape(1, -1)
    if indices.size > _MOST_COLOURS:
        raise refuse.corrupt("more colours than a palette can have")
    try:
        colours = apply_color_lut(indices, dataset)
    except pydicom_failures() as error:
        raise refuse.corrupt(f"palette: {type(error).__name__}") from error
    palette = to_8_bits(colours, colours.dtype.itemsize * 8)[0]
    return np.ascontiguousarray(palette[pixels])


def to_8_bits(samples: Pixels, bits: int) -> npt.NDArray[np.uint8]:
    """Unsigned samples of `bits` bits to 8: the upper ones of deep samples, shallow ones stretched."""
    if bits > 8:
        return np.right_shift(samples, bits - 8).astype(np.uint8)
    if bits < 8:
        return (samples.astype(np.uint16) * 255 // ((1 << bits) - 1)).astype(np.uint8)
    return samples.astype(np.uint8, copy=False)


def ybr_to_rgb(pixels: npt.NDArray[np.uint8], partial: bool = False) -> npt.NDArray[np.uint8]:
    """YBR_FULL (PS3.3 C.7.6.3.1.2, the JFIF formula) or the retired YBR_PARTIAL, uint8 [H, W, 3], to RGB."""
    rgb = np.empty(pixels.shape, np.uint8)
    for top in range(0, pixels.shape[0], _STRIP_ROWS):  # in strips: the floats of a whole film are ten times its size
        strip = pixels[top : top + _STRIP_ROWS].astype(np.float32)
        luma, blue, red = strip[..., 0], strip[..., 1] - 128.0, strip[..., 2] - 128.0
        if partial:
            luma, blue, red = (luma - 16.0) * (255 / 219), blue * (255 / 224), red * (255 / 224)
        channels = (luma + 1.402 * red, luma - 0.344136 * blue - 0.714136 * red, luma + 1.772 * blue)
        for index, channel in enumerate(channels):
            rgb[top : top + _STRIP_ROWS, :, index] = np.clip(np.rint(channel), 0, 255)
    return rgb


def grey_if_equal(rgb: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """[H, W] where the three channels are the same everywhere, else the array itself."""
    for top in range(0, rgb.shape[0], _STRIP_ROWS):
        strip = rgb[top : top + _STRIP_ROWS]
        if not (np.array_equal(strip[..., 0], strip[..., 1]) and np.array_equal(strip[..., 0], strip[..., 2])):
            return rgb
    return np.ascontiguousarray(rgb[..., 0])
