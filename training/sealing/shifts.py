"""The changes that a film meets on its way from another hospital, for judging how a model bears them.

A validation part drawn from the training films shares their exposure, framing and resampling, so it cannot see what
happens elsewhere. These changes are fixed and deterministic; `training.learn.augment` draws from wider, random ones.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from imaging.cv import cv2

MOST_SHIFTED = 200  # films that an epoch is judged by under each change

Films = npt.NDArray[np.float32]  # [N, S, S], 0 to 1


def _each(change: Callable[[npt.NDArray[np.float32]], npt.NDArray[np.float32]]) -> Callable[[Films], Films]:
    return lambda films: np.stack([change(film) for film in films]).astype(np.float32)


def _contrast(films: Films, factor: float) -> Films:
    mean = films.mean(axis=(1, 2), keepdims=True)
    return np.asarray((films - mean) * factor + mean)


def _gamma(films: Films, power: float) -> Films:
    return np.asarray(films**power)


def _blur(film: npt.NDArray[np.float32], sigma_px: float) -> npt.NDArray[np.float32]:
    return np.asarray(cv2.GaussianBlur(film, (0, 0), sigma_px), np.float32)


def _coarse(film: npt.NDArray[np.float32], share: float) -> npt.NDArray[np.float32]:
    size = film.shape[0]
    small = cv2.resize(film, (round(size * share),) * 2, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(small, (size, size), interpolation=cv2.INTER_LINEAR), np.float32)


def _framed(film: npt.NDArray[np.float32], down: float, across: float) -> npt.NDArray[np.float32]:
    """Cut these shares from both ends and stretch what is left; below zero, squeeze the film between black bars."""
    size = film.shape[0]
    dy, dx = round(size * abs(down)), round(size * abs(across))
    top, left = (dy if down > 0 else 0), (dx if across > 0 else 0)
    cut = film[top : size - top, left : size - left]
    bars_y, bars_x = dy - top, dx - left
    inner = (size - 2 * bars_x, size - 2 * bars_y)
    shrinks = inner[0] < cut.shape[1] or inner[1] < cut.shape[0]
    made = cv2.resize(cut, inner, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)
    bars = (bars_y, bars_y, bars_x, bars_x)
    return np.asarray(cv2.copyMakeBorder(made, *bars, cv2.BORDER_CONSTANT, value=0.0), np.float32)


def _noise(films: Films, sigma: float) -> Films:
    rng = np.random.default_rng(0)
    return films + rng.normal(0.0, sigma, films.shape).astype(np.float32)


# What is cut from top and bottom, and from the sides, as shares of the film; below zero the width of black bars. Films
# are squashed to squares, so that a film that was cut wider is one that is stretched upwards here.
FRAMINGS: Mapping[str, tuple[float, float]] = MappingProxyType(
    {
        "cropped": (0.07, 0.07),
        "stretched upwards": (0.12, 0.0),
        "stretched sideways": (0.0, 0.12),
        "wide border": (-0.07, -0.07),
        "bars above and below": (-0.1, 0.0),
        "bars at the sides": (0.0, -0.1),
    }
)
CONTRASTS: Mapping[str, float] = MappingProxyType({"less contrast": 0.6, "more contrast": 1.5})
GAMMAS: Mapping[str, float] = MappingProxyType({"gamma 0.6": 0.6, "gamma 1.6": 1.6})
NOISE = 0.04


def _framing(name: str) -> Callable[[Films], Films]:
    down, across = FRAMINGS[name]
    return _each(lambda film: _framed(film, down, across))


SUITE: Mapping[str, Callable[[Films], Films]] = MappingProxyType(
    {
        "as collected": lambda films: films,
        "darker": lambda films: films * 0.7,
        "brighter": lambda films: films * 1.25 + 0.05,
        **{name: partial(_gamma, power=power) for name, power in GAMMAS.items()},
        **{name: partial(_contrast, factor=factor) for name, factor in CONTRASTS.items()},
        "blurred": _each(lambda film: _blur(film, 1.5)),
        "resampled coarsely": _each(lambda film: _coarse(film, 0.43)),
        "sharpened": _each(lambda film: film + (film - _blur(film, 1.5))),
        **{name: _framing(name) for name in FRAMINGS},
        "noisy": lambda films: _noise(films, NOISE),
        "flat and stretched": lambda films: _contrast(_framing("stretched upwards")(films), 0.75),
    }
)


def shifted(films: npt.NDArray[np.uint8], name: str) -> npt.NDArray[np.uint8]:
    """Apply one change of the suite. films: uint8 [N, S, S]; the result has the same shape and type."""
    changed = SUITE[name](films.astype(np.float32) / 255.0)
    return np.asarray(np.rint(np.clip(changed, 0.0, 1.0) * 255.0), np.uint8)
