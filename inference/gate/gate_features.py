"""What the gate looks at in a film: its layout, free of exposure, and its quality. numpy and OpenCV only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from imaging.cv import cv2
from inference.engines.engine import Floats
from inference.scoring.preprocess import Grey

_SIDE = 64  # px of the reduced film on which edges are counted
_CELLS, _BINS = 8, 8
_TONES = 16
LAYOUT_LENGTH = _CELLS * _CELLS * _BINS + _TONES * _TONES

_EDGE_BINS = _CELLS * _CELLS * _BINS
_CELL = np.arange(_SIDE) * _CELLS // _SIDE
_PLACE = (_CELL[:, None] * _CELLS + _CELL[None, :]) * _BINS
_QUALITY_SIDE = 224  # px at which quality is told where the network's input is larger
_NOISE_KERNEL = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)


def layout(grey: Grey) -> Floats:
    """Where edges run which way, and what is brighter than what: float32 [LAYOUT_LENGTH] of uint8 [S, S].

    Histograms of oriented gradients (Dalal and Triggs, CVPR 2005) with signed directions, so that a negative differs
    from a positive, each cell against its neighbourhood; then the reduced film with its grey levels by rank. Neither
    changes with brightness, contrast or gamma but for what is clipped.
    """
    small = _resized(grey, _SIDE)
    return np.concatenate([_edges(small).ravel(), _tones(small).ravel()])


def layouts(greys: Sequence[Grey] | Grey) -> Floats:
    """`layout` of some films: float32 [N, LAYOUT_LENGTH] of uint8 [S, S] each."""
    return np.stack([layout(grey) for grey in greys])


@dataclass(frozen=True, slots=True)
class Quality:
    """How a film was exposed and how sharp it is.

    `spread`: between the darkest and the brightest fiftieth, as a share of the grey scale. `clipped`: the share of the
    inner film that is black or white. `noise`: its standard deviation as a share of the spread (Immerkaer, 1996).
    `sharpness`: by how much edges are stronger than once the film is blurred, 0 where none is fine, 1 for twice.
    """

    spread: float
    clipped: float
    noise: float
    sharpness: float


def quality(grey: Grey) -> Quality:
    """The quality of uint8 [S, S]."""
    side = min(grey.shape[0], _QUALITY_SIDE)
    film = _resized(grey, side)
    sample = _histogram(film[::2, ::2])
    low, high = _quantile(sample, 0.02), _quantile(sample, 0.98)
    spread = max(high - low, 1.0)
    edge = side // 8
    inner = _histogram(film[edge:-edge, edge:-edge])
    rough = cv2.convertScaleAbs(cv2.filter2D(film, cv2.CV_16S, _NOISE_KERNEL))  # what is rougher than 255 stays at 255
    noise = _quantile(_histogram(rough[::2]), 0.5) / (6 * 0.6745)
    # Edges of the blurred film are told from a half of its size, where they are twice as strong.
    half = _resized(film, side // 2).astype(np.float32)
    coarse = _edge_strength(cv2.GaussianBlur(half, (0, 0), 1.5 * side / _QUALITY_SIDE)) / 2
    return Quality(
        spread=(high - low) / 255,
        clipped=float(inner[[0, 1, 254, 255]].sum() / inner.sum()),
        noise=noise / spread,
        sharpness=max(_edge_strength(film.astype(np.float32)) / max(coarse, 0.05) - 1.0, 0.0),
    )


def _histogram(values: Grey) -> Floats:
    """How often each grey level occurs in uint8 [H, W]: float32 [256], exact below 2**24 pixels."""
    counts = cv2.calcHist([np.ascontiguousarray(values)], [0], None, [256], [0, 256])
    return np.asarray(counts.ravel(), np.float32)


def _quantile(counts: Floats, share: float) -> float:
    """What `np.quantile` says of the values that were counted, without sorting them."""
    below = np.cumsum(counts)
    rank = share * (float(below[-1]) - 1)
    first, second = np.searchsorted(below, (np.floor(rank), np.ceil(rank)), side="right")
    return float(first + (rank % 1) * (second - first))


def _edge_strength(values: Floats) -> float:
    """The mean step to the next pixel of float32 [H, W], by every other row."""
    here, below = values[:-1:2], values[1::2]
    strength = cv2.magnitude(here[:, 1:] - here[:, :-1], below[:, :-1] - here[:, :-1])
    return float(cv2.mean(strength)[0])


def _resized(grey: Grey, side: int) -> Grey:
    if grey.shape == (side, side):
        return grey
    method = cv2.INTER_AREA if grey.shape[0] > side else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(grey, (side, side), interpolation=method))


def _edges(small: Grey) -> Floats:
    """float32 [cells, cells, bins], the strength of each direction in each cell, 0 to 1."""
    soft = cv2.GaussianBlur(small.astype(np.float32), (0, 0), 0.8)
    strength, angle = cv2.cartToPolar(cv2.Sobel(soft, cv2.CV_32F, 1, 0), cv2.Sobel(soft, cv2.CV_32F, 0, 1))
    position = angle * np.float32(_BINS / (2 * np.pi))
    first = position.astype(np.int64)
    share = position - first
    counts = np.bincount((_PLACE + first % _BINS).ravel(), (strength * (1 - share)).ravel(), _EDGE_BINS)
    counts += np.bincount((_PLACE + (first + 1) % _BINS).ravel(), (strength * share).ravel(), _EDGE_BINS)
    bins = counts.reshape(_CELLS, _CELLS, _BINS).astype(np.float32)
    energy = bins.sum(axis=2)
    around = cv2.blur(energy, (3, 3), borderType=cv2.BORDER_REPLICATE)
    floor = 0.2 * float(energy.mean()) + 1.0  # a cell without edges among others without stays near zero
    return np.asarray(np.sqrt(bins / (around + floor)[..., None]), np.float32)


def _tones(small: Grey) -> Floats:
    """float32 [tones, tones]: the share of the film that is darker, less a half."""
    counts = np.bincount(small.ravel(), minlength=256)
    rank = (np.cumsum(counts) - 0.5 * counts) / small.size
    ranked = rank.astype(np.float32)[small]
    return np.asarray(cv2.resize(ranked, (_TONES, _TONES), interpolation=cv2.INTER_AREA) - 0.5, np.float32)
