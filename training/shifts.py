"""The changes that a film meets on its way from another hospital, for judging how a model bears them.

A validation part drawn from the training films shares their exposure, framing and resampling, so it cannot see what
happens elsewhere. These changes are fixed and deterministic; `training.augment` draws from wider, random ones.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt

from imaging.cv import cv2

Films = npt.NDArray[np.float32]  # [N, S, S], 0 to 1


def _each(change: Callable[[npt.NDArray[np.float32]], npt.NDArray[np.float32]]) -> Callable[[Films], Films]:
    return lambda films: np.stack([change(film) for film in films]).astype(np.float32)


def _contrast(films: Films, factor: float) -> Films:
    mean = films.mean(axis=(1, 2), keepdims=True)
    return np.asarray((films - mean) * factor + mean)


def _blur(film: npt.NDArray[np.float32], sigma_px: float) -> npt.NDArray[np.float32]:
    return np.asarray(cv2.GaussianBlur(film, (0, 0), sigma_px), np.float32)


def _coarse(film: npt.NDArray[np.float32], share: float) -> npt.NDArray[np.float32]:
    size = film.shape[0]
    small = cv2.resize(film, (round(size * share),) * 2, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(small, (size, size), interpolation=cv2.INTER_LINEAR), np.float32)


def _crop(film: npt.NDArray[np.float32], vertical: float, horizontal: float) -> npt.NDArray[np.float32]:
    """Cut these shares from both ends and stretch what is left."""
    size = film.shape[0]
    dy, dx = round(size * vertical), round(size * horizontal)
    cut = film[dy : size - dy, dx : size - dx]
    return np.asarray(cv2.resize(cut, (size, size), interpolation=cv2.INTER_LINEAR), np.float32)


def _border(film: npt.NDArray[np.float32], share: float) -> npt.NDArray[np.float32]:
    size = film.shape[0]
    edge = round(size * share)
    inner = cv2.resize(film, (size - 2 * edge,) * 2, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.copyMakeBorder(inner, *(edge,) * 4, cv2.BORDER_CONSTANT, value=0.0), np.float32)


def _noise(films: Films, sigma: float) -> Films:
    rng = np.random.default_rng(0)
    return films + rng.normal(0.0, sigma, films.shape).astype(np.float32)


SUITE: Mapping[str, Callable[[Films], Films]] = {
    "as collected": lambda films: films,
    "darker": lambda films: films * 0.7,
    "brighter": lambda films: films * 1.25 + 0.05,
    "gamma 0.6": lambda films: films**0.6,
    "gamma 1.6": lambda films: films**1.6,
    "less contrast": lambda films: _contrast(films, 0.6),
    "more contrast": lambda films: _contrast(films, 1.5),
    "blurred": _each(lambda film: _blur(film, 1.5)),
    "resampled coarsely": _each(lambda film: _coarse(film, 0.43)),
    "sharpened": _each(lambda film: film + (film - _blur(film, 1.5))),
    "cropped": _each(lambda film: _crop(film, 0.07, 0.07)),
    "stretched upwards": _each(lambda film: _crop(film, 0.12, 0.0)),
    "stretched sideways": _each(lambda film: _crop(film, 0.0, 0.12)),
    "wide border": _each(lambda film: _border(film, 0.07)),
    "noisy": lambda films: _noise(films, 0.04),
}


def shifted(films: npt.NDArray[np.uint8], name: str) -> npt.NDArray[np.uint8]:
    """Apply one change of the suite. films: uint8 [N, S, S]; the result has the same shape and type."""
    changed = SUITE[name](films.astype(np.float32) / 255.0)
    return np.asarray(np.rint(np.clip(changed, 0.0, 1.0) * 255.0), np.uint8)
