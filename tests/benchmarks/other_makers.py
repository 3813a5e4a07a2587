"""Films as machines of other makers would hand them on: changes that no training, no choice and no gate here draws."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np
import numpy.typing as npt
from PIL import Image

from imaging.cv import cv2
from inference.scoring.preprocess import Grey

_LOCAL_CLIP, _LOCAL_TILES = 3.0, (8, 8)
_BROAD_PX, _BROAD_GAIN = 10.0, 1.2  # of 224
_S_SLOPE = 8.0
_JPEG_QUALITY = 12
_DIM_CORNERS = 0.5
_MOVED_PX = 7


def _local_contrast(film: Grey) -> Grey:
    return np.asarray(cv2.createCLAHE(_LOCAL_CLIP, _LOCAL_TILES).apply(film))


def _equalised(film: Grey) -> Grey:
    return np.asarray(cv2.equalizeHist(film))


def _flattened(film: Grey) -> Grey:
    """What is broad is held back and what is small raised, as multi-scale processing does."""
    grey = film.astype(np.float32)
    broad = np.asarray(cv2.GaussianBlur(grey, (0, 0), _BROAD_PX))
    return _eight_bits(0.5 * (broad - broad.mean()) + broad.mean() + _BROAD_GAIN * (grey - broad))


def _s_curve(film: Grey) -> Grey:
    grey = film.astype(np.float32) / 255.0
    return _eight_bits(255.0 / (1.0 + np.exp(-_S_SLOPE * (grey - np.float32(np.median(grey))))))


def _compressed(film: Grey) -> Grey:
    stream = io.BytesIO()
    Image.fromarray(film).save(stream, "JPEG", quality=_JPEG_QUALITY)
    return np.asarray(Image.open(stream))


def _dim_corners(film: Grey) -> Grey:
    place = np.linspace(-1.0, 1.0, film.shape[0], dtype=np.float32)
    away = (place[:, None] ** 2 + place[None, :] ** 2) / 2.0
    return _eight_bits(film * (1.0 - _DIM_CORNERS * away))


def _breathed(film: Grey) -> Grey:
    """Blurred along the spine, as of a child that breathes."""
    kernel = np.full((_MOVED_PX, 1), 1.0 / _MOVED_PX, np.float32)
    return np.asarray(cv2.filter2D(film, -1, kernel, borderType=cv2.BORDER_REPLICATE))


def _eight_bits(values: npt.NDArray[np.float32]) -> Grey:
    return np.asarray(np.rint(np.clip(values, 0.0, 255.0)), np.uint8)


MAKERS: Mapping[str, Callable[[Grey], Grey]] = MappingProxyType(
    {
        "local contrast (CLAHE)": _local_contrast,
        "histogram equalised": _equalised,
        "broad shades held back": _flattened,
        "S curve": _s_curve,
        "strongly compressed": _compressed,
        "dim corners": _dim_corners,
        "breathed": _breathed,
    }
)
"""What is done to one film, uint8 [S, S], by its name."""
