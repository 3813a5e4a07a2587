"""Films that are nearly the same picture: saved again, resized, brighter. A split must not part them."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from imaging.cv import cv2
from inference.scoring.preprocess import Grey
from training.films.cache import CachedFilms
from training.films.manifest import LabelledFilm
from training.films.patients import joined_patients

_SIDE = 16  # of the thumbnail whose neighbours are compared: 2 * 16 * 16 bits
_BANDS = 16
_MOST_ALIKE = 400  # films that share a band by chance: flat pictures, which say nothing
_SMALL_PX = 64
_ALIKE = 0.99  # correlation of two thumbnails: of 5,232 children's films no two different ones reach 0.97


def near_twins(films: Grey, readable: npt.NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Pairs of positions of films, uint8 [N, S, S], that show nearly the same picture.

    Gradients of a thumbnail make a hash of 512 bits that brightness and resizing hardly touch. Films whose hashes
    differ by fewer bits than there are bands agree in one band at least, so that only those are compared, by the
    correlation of their thumbnails.
    """
    hashes = np.stack([_hash(film) for film in films]) if len(films) else np.zeros((0, 2 * _SIDE * _SIDE), bool)
    bands = np.packbits(hashes, axis=1).reshape(len(films), _BANDS, -1)
    small: dict[int, npt.NDArray[np.float32]] = {}

    def thumbnail(at: int) -> npt.NDArray[np.float32]:
        if at not in small:
            small[at] = _standard(films[at])
        return small[at]

    found = set()
    for pair in _candidates(bands, readable):
        if pair not in found and float((thumbnail(pair[0]) * thumbnail(pair[1])).mean()) >= _ALIKE:
            found.add(pair)
    return sorted(found)


def with_near_twins_joined(films: Sequence[LabelledFilm], cached: CachedFilms) -> tuple[LabelledFilm, ...]:
    """The films, near twins and all films of their patients joined to one patient, so that no split can part them."""
    pairs = [(film.patient, f"film {at}") for at, film in enumerate(films)]
    pairs += [(films[first].patient, f"film {second}") for first, second in near_twins(cached.films, cached.readable)]
    joined = joined_patients(pairs)[: len(films)]
    return tuple(dataclasses.replace(film, patient=patient) for film, patient in zip(films, joined, strict=True))


def _candidates(bands: npt.NDArray[np.uint8], readable: npt.NDArray[np.bool_]) -> Iterator[tuple[int, int]]:
    """Pairs of readable films that agree in a band; bands uint8 [N, bands, bytes]."""
    places = np.flatnonzero(readable)
    for band in range(bands.shape[1]):
        alike: dict[bytes, list[int]] = {}
        for at in places.tolist():
            alike.setdefault(bands[at, band].tobytes(), []).append(at)
        for group in alike.values():
            if len(group) <= _MOST_ALIKE:
                yield from itertools.combinations(group, 2)


def _hash(film: Grey) -> npt.NDArray[np.bool_]:
    """Whether each cell of a thumbnail is brighter than the one to its right, and than the one below: bool [512]."""
    small = cv2.resize(film, (_SIDE + 1, _SIDE + 1), interpolation=cv2.INTER_AREA).astype(np.int16)
    right = small[:_SIDE, :_SIDE] > small[:_SIDE, 1:]
    below = small[:_SIDE, :_SIDE] > small[1:, :_SIDE]
    return np.concatenate([right.ravel(), below.ravel()])


def _standard(film: Grey) -> npt.NDArray[np.float32]:
    """A thumbnail with mean 0 and deviation 1, so that the mean of a product is a correlation; zeros for a flat one."""
    small = cv2.resize(film, (_SMALL_PX, _SMALL_PX), interpolation=cv2.INTER_AREA).astype(np.float32)
    deviation = float(small.std())
    return np.asarray((small - small.mean()) / deviation if deviation > 1 else np.zeros_like(small), np.float32)
