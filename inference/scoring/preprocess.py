"""What the network sees: the one path from a film to the network's input (contract.md), versioned in the card."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from imaging.cv import cv2
from imaging.errors import Code, FilmError
from imaging.heatmap import GridRect
from imaging.image import DecodedImage
from imaging.read.budget import BUDGET
from imaging.read.decode import decode_reduced
from imaging.show.render import display_pixels, luminance
from imaging.study import ImageRef

Grey = npt.NDArray[np.uint8]
_MOST_SIDES = 32
IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


@dataclass(frozen=True, slots=True)
class PreprocessSpec:
    """How films become network input. Training and serving share the very same object.

    `version` grows with any change of the pixels. `size_px` is the side of the square input. `fit` says how a film of
    another shape gets into it. `mean` and `std` (one number, or one for each of three channels) are in units of
    the 0 to 1 input and are applied inside the network. `equalise` names what is done to the fitted film's histogram.
    """

    version: Literal[1] = 1
    size_px: int = 224
    fit: Literal["squash", "pad", "crop"] = "squash"
    mean: tuple[float, ...] = IMAGENET_MEAN
    std: tuple[float, ...] = IMAGENET_STD
    equalise: Literal["none", "histogram", "clahe"] = "none"


def load_grey(ref: ImageRef, spec: PreprocessSpec) -> tuple[Grey, DecodedImage]:
    """The network's view of a film, uint8 [S, S], and the film (perhaps reduced) behind it. Raises FilmError."""
    with BUDGET.film():
        image = decode_reduced(ref, (spec.size_px, spec.size_px))
        return network_grey(image, spec), image


def network_grey(image: DecodedImage, spec: PreprocessSpec) -> Grey:
    """The network's view of a film, uint8 [S, S]: its own default VOI (never the user's window), then fitted.

    Colour films go by their luminance. The background of a padded film is black.
    """
    shown = display_pixels(image)
    return equalised(fit(luminance(shown) if shown.ndim == 3 else shown, spec), spec)


def fit(grey: Grey, spec: PreprocessSpec) -> Grey:
    """A displayed film, uint8 [H, W], in the network's square, uint8 [S, S].

    Raises FilmError TOO_SMALL for a strip so narrow that it would have to grow beyond all bounds to be cropped.
    """
    height, width = _fitted_px(spec, (grey.shape[0], grey.shape[1]))
    if max(height, width) > _MOST_SIDES * spec.size_px:
        raise FilmError(Code.TOO_SMALL, "The picture is a narrow strip, which this model cannot look at.")
    return _centred(_resized(grey, height, width), spec.size_px)


def equalised(grey: Grey, spec: PreprocessSpec) -> Grey:
    """A fitted film, uint8 [S, S], with the histogram that the preprocess asks for: as it is, flat, or flat in places.

    CLAHE (Zuiderveld 1994) works on 8 by 8 tiles and clips at twice the mean.
    """
    match spec.equalise:
        case "none":
            return grey
        case "histogram":
            return np.asarray(cv2.equalizeHist(grey), np.uint8)
        case "clahe":
            return np.asarray(cv2.createCLAHE(clipLimit=2.0, tileGridSize=(8, 8)).apply(grey), np.uint8)


def grid_rect(spec: PreprocessSpec, full_size_px: tuple[int, int]) -> GridRect:
    """The part of a film of (height, width) that the network's input covers, as shares of its sides."""
    side = spec.size_px
    height, width = _fitted_px(spec, full_size_px)
    return GridRect(_offset(width, side) / width, _offset(height, side) / height, side / width, side / height)


def to_input(grey: Grey) -> npt.NDArray[np.float32]:
    """uint8 [N, S, S] as the engines take it: float32 [N, 1, S, S], 0 to 1."""
    return np.multiply(grey[:, np.newaxis], np.float32(1 / 255), dtype=np.float32)


def _fitted_px(spec: PreprocessSpec, size_px: tuple[int, int]) -> tuple[int, int]:
    """(height, width) of the film once scaled, before it is padded or cropped to the square."""
    if spec.fit == "squash":
        return spec.size_px, spec.size_px
    side = max(size_px) if spec.fit == "pad" else min(size_px)
    height, width = (max(1, round(length * spec.size_px / side)) for length in size_px)
    return height, width


def _resized(grey: Grey, height: int, width: int) -> Grey:
    """Scaled one axis after the other: cv2's area averaging holds only where both axes shrink."""
    for target in ((grey.shape[0], width), (height, width)):
        if target != grey.shape[:2]:
            shrinks = target[0] <= grey.shape[0] and target[1] <= grey.shape[1]
            method = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
            grey = cv2.resize(grey, (target[1], target[0]), interpolation=method)
    return grey


def _centred(grey: Grey, side: int) -> Grey:
    """Cropped where longer than `side`, padded with black where shorter."""
    for axis in (0, 1):
        offset = _offset(grey.shape[axis], side)
        if offset > 0:
            grey = grey.take(range(offset, offset + side), axis)
        elif grey.shape[axis] < side:
            pads = [(0, 0), (0, 0)]
            pads[axis] = (-offset, side - grey.shape[axis] + offset)
            grey = np.pad(grey, pads)
    return np.ascontiguousarray(grey[:side, :side])


def _offset(length: int, side: int) -> int:
    """Where the square begins along a scaled side of `length` px; negative where it is padded."""
    return (length - side) // 2
