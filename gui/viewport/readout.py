"""The value under the cursor."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from imaging.image import DecodedImage
from imaging.show.table import to_modality


@dataclass(frozen=True, slots=True)
class CursorReadout:
    """Column and row from 0 of the pixel under the cursor, and its value in modality units."""

    x_px: int
    y_px: int
    value_text: str


def readout_at(image: DecodedImage, x_image: float, y_image: float) -> CursorReadout | None:
    """The pixel at a point of the continuous pixel frame; None beside the film."""
    height, width = image.pixels.shape[:2]
    x_px, y_px = int(np.floor(x_image)), int(np.floor(y_image))
    if not (0 <= x_px < width and 0 <= y_px < height):
        return None
    stored = image.pixels[y_px, x_px]
    if image.is_colour:
        return CursorReadout(x_px, y_px, " ".join(str(int(channel)) for channel in stored))
    value = float(to_modality(np.asarray([stored], np.float64), image.modality)[0])
    return CursorReadout(x_px, y_px, _number(value))


def _number(value: float) -> str:
    if not np.isfinite(value):
        return "–"
    return str(int(value)) if value == int(value) and abs(value) < 1e9 else f"{value:.4g}"
