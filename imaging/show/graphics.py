"""What the file draws over its film, in the grid of a view: white with a dark rim, legible on any film."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from imaging.cv import cv2
from imaging.show.pyramid import Pyramid
from imaging.show.render import resample
from imaging.show.transform import Size, ViewTransform

_RIM = 0.6  # opacity
_RIM_PX = 1.5  # reach in logical pixels


def drawn(graphics: Pyramid, transform: ViewTransform, size_px: Size, ratio: float = 1.0) -> npt.NDArray[np.uint8]:
    """The graphics in a view of `size_px` device pixels, `ratio` to a logical one: uint8 [h, w, 4], times alpha.

    `graphics` is the pyramid of a mask of 0 and 255. A line keeps its strength where the film is seen smaller: averaged
    with what is beside it alone, it would fade away.
    """
    sample = resample(graphics, transform, size_px)
    strength = np.zeros(size_px, np.uint8)
    if sample.pixels.size:
        (top, left), (height, width) = sample.top_left_px, sample.pixels.shape
        fading = max(1.0 / transform.zoom, 1.0)
        strength[top : top + height, left : left + width] = cv2.multiply(np.ascontiguousarray(sample.pixels), fading)
    side = 2 * max(round(_RIM_PX * ratio), 1) + 1
    rim = cv2.dilate(strength, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side)))
    alpha = np.maximum(strength, np.asarray(cv2.multiply(rim, _RIM), np.uint8))
    return np.dstack([strength, strength, strength, alpha])
