"""Small films for the tests of the gate, and an embedding that is one without being a network."""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt

from imaging.cv import cv2
from imaging.phantom import make_phantom, to_image
from inference.engines.engine import Floats
from inference.scoring.preprocess import Grey, PreprocessSpec, network_grey
from training.films.film_set import FilmSet

SIDE_PX = 96


@cache
def phantom_grey(seed: int) -> Grey:
    """The network's view of a synthetic film, uint8 [S, S]."""
    return network_grey(to_image(make_phantom(seed, (256, 256))), PreprocessSpec(size_px=SIDE_PX))


def phantom_set(seeds: range, described: str = "synthetic validation films") -> FilmSet:
    """Synthetic films, each a patient of its own."""
    patients = np.array([str(seed) for seed in seeds])
    return FilmSet(np.stack([phantom_grey(seed) for seed in seeds]), {}, patients, described, phantoms=tuple(seeds))


def embed(films: Grey) -> Floats:
    """Random filters, a ReLU and pooling, as a network's first layer: float32 [N, 96] of uint8 [N, S, S]."""
    return np.stack([_embedded(film) for film in films])


def _embedded(film: Grey) -> Floats:
    values = cv2.resize(film, (48, 48), interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    maps = [np.maximum(cv2.filter2D(values, cv2.CV_32F, kernel), 0) for kernel in _filters()]
    return np.concatenate([cv2.resize(one, (2, 2), interpolation=cv2.INTER_AREA).ravel() for one in maps])


@cache
def _filters() -> npt.NDArray[np.float32]:
    filters = np.random.default_rng(2).normal(size=(24, 5, 5)).astype(np.float32)
    return np.asarray(filters - filters.mean(axis=(1, 2), keepdims=True), np.float32)
