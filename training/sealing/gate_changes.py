"""What a chest film may look like and still be one, and what can be made of it that is none.

The gate is fitted on nothing but the training films and what the program makes of them or draws itself: a user who
trains a model has no other pictures at hand. Changes that keep a film are wider than those of `sealing.shifts`.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from imaging.cv import cv2
from inference.scoring.preprocess import Grey

Plane = npt.NDArray[np.float32]
Rng = np.random.Generator

_NATIVE_PX = 224.0  # the side to which widths of blur and lines refer
_MARKS = ("R", "L", "AP", "PA", "10:42", "SUPINE", "PORTABLE")


def varied(film: Grey, rng: Rng, strength: float = 1.0) -> Grey:
    """The same film from another room: framed, exposed and resampled otherwise, with tubes and letters on it.

    film: uint8 [S, S]; the result too. At strength 1 the changes are the widest that must still pass.
    """
    moved = _reframed(film, rng, strength)
    if rng.random() < 0.4:
        moved = _collimated(moved, rng, 0.10 * strength)
    if rng.random() < 0.3:
        moved = _marked(moved, rng)
    return _exposed(moved.astype(np.float32) / 255.0, rng, strength)


def _reframed(film: Grey, rng: Rng, strength: float) -> Grey:
    """Rotated, scaled, stretched, shifted and sheared in one resampling."""
    size = film.shape[0]
    angle = math.radians(rng.normal(0.0, 6.0) * strength)
    zoom = math.exp(rng.uniform(-0.24, 0.24) * strength)
    aspect = math.exp(rng.uniform(-0.18, 0.18) * strength)
    shift = rng.uniform(-0.07, 0.07, 2) * strength * size
    shear = rng.uniform(-0.06, 0.06) * strength
    cos, sin = math.cos(angle), math.sin(angle)
    matrix = np.array([[cos, -sin], [sin, cos]]) @ np.array([[1.0, shear], [0.0, 1.0]])
    matrix = matrix @ np.diag([zoom * aspect, zoom / aspect])
    middle = np.array([size / 2.0, size / 2.0])
    affine = np.column_stack([matrix, middle + shift - matrix @ middle])
    draw = rng.random()
    mode = cv2.BORDER_REPLICATE if draw < 0.35 else cv2.BORDER_CONSTANT
    value = 255.0 if draw > 0.92 else float(rng.uniform(0, 40))
    warped = cv2.warpAffine(film, affine, (size, size), flags=cv2.INTER_LINEAR, borderMode=mode, borderValue=value)
    return np.asarray(warped)


def _collimated(film: Grey, rng: Rng, most: float) -> Grey:
    """A frame over some sides, dark more often than bright."""
    size = film.shape[0]
    framed = np.full_like(film, _plain(rng))
    top, bottom, left, right = np.maximum(rng.uniform(-most, most, 4) * size, 0).astype(int)
    inside = (slice(top, size - bottom), slice(left, size - right))
    framed[inside] = film[inside]
    return framed


def _plain(rng: Rng) -> int:
    """The grey of a frame: black, white or any."""
    draw = rng.random()
    return 0 if draw < 0.5 else 255 if draw < 0.75 else int(rng.integers(0, 256))


def _marked(film: Grey, rng: Rng) -> Grey:
    """Letters at the edge, tubes and wires across."""
    marked, size = film.copy(), film.shape[0]
    if rng.random() < 0.6:
        row = rng.uniform(0.05, 0.2) if rng.random() < 0.5 else rng.uniform(0.85, 0.98)
        at = (int(rng.uniform(0, 0.8) * size), int(row * size))
        scale = size / _NATIVE_PX * rng.uniform(0.3, 0.9)
        cv2.putText(marked, str(rng.choice(_MARKS)), at, cv2.FONT_HERSHEY_SIMPLEX, scale, 255, 1, cv2.LINE_AA)
    along = np.linspace(0, 1, 30)[:, None]
    for _ in range(int(rng.integers(0, 3))):
        start, end = rng.uniform(0, size, (2, 2))
        points = start + (end - start) * along + np.sin(along * math.pi) * rng.normal(0, 0.15 * size, 2)
        layer, width = np.zeros_like(film), max(round(rng.uniform(1, 3) * size / _NATIVE_PX), 1)
        cv2.polylines(layer, [points.astype(np.int32)], False, int(rng.uniform(30, 110)), width, cv2.LINE_AA)
        marked = np.asarray(cv2.add(marked, layer))
    return marked


def _exposed(film: Plane, rng: Rng, strength: float) -> Grey:
    """Sharpness, gamma, contrast, brightness, uneven light and noise. film: float32 [S, S], 0 to 1."""
    size = film.shape[0]
    draw = rng.random()
    if draw < 0.3:
        film = _blurred(film, rng.uniform(0.5, 2.2) * strength)
    elif draw < 0.5:
        film = film + (film - _blurred(film, 1.5)) * rng.uniform(0.3, 1.5) * strength
    film = np.clip(film, 1e-4, 1.0) ** np.float32(math.exp(rng.uniform(-0.6, 0.6) * strength))
    mean = float(film.mean())
    film = (film - mean) * math.exp(rng.uniform(-0.6, 0.5) * strength) + mean + rng.uniform(-0.14, 0.14) * strength
    if rng.random() < 0.3:
        ramp = np.linspace(-0.5, 0.5, size, dtype=np.float32)
        down, across = rng.uniform(-0.25, 0.25, 2) * strength
        film = film + down * ramp[:, None] + across * ramp[None, :]
    if rng.random() < 0.5:
        sigma = rng.uniform(0.005, 0.06) * strength * size / _NATIVE_PX  # less on a film that was reduced
        film = film + rng.normal(0, sigma, film.shape).astype(np.float32)
    return _eight_bits(film)


def _blurred(film: Plane, sigma_px: float) -> Plane:
    return np.asarray(cv2.GaussianBlur(film, (0, 0), max(sigma_px * film.shape[0] / _NATIVE_PX, 0.1)), np.float32)


def _eight_bits(values: npt.NDArray[np.floating]) -> Grey:
    return np.asarray(np.rint(np.clip(values, 0, 1) * 255), np.uint8)


def turned_left(film: Grey) -> Grey:
    """A quarter turn anticlockwise."""
    return np.ascontiguousarray(np.rot90(film, 1))


def turned_right(film: Grey) -> Grey:
    """A quarter turn clockwise."""
    return np.ascontiguousarray(np.rot90(film, 3))


def upside_down(film: Grey, rng: Rng) -> Grey:
    """Turned by half, or mirrored from top to bottom."""
    return np.ascontiguousarray(film[::-1, ::-1] if rng.random() < 0.5 else film[::-1])


def inverted(film: Grey) -> Grey:
    """Black for white."""
    return np.asarray(255 - film)


def part(film: Grey, rng: Rng) -> Grey:
    """About a quarter of the film, or a strip of half of it at the most, stretched over the whole square."""
    height, width = rng.uniform(0.38, 0.56, 2)
    draw = rng.random()
    if draw < 0.15:
        height, width = 1.0, rng.uniform(0.2, 0.5)
    elif draw < 0.3:
        height, width = rng.uniform(0.2, 0.5), 1.0
    place = rng.random()
    top, left = (_place(place, rng) * (1 - side) for side in (height, width))
    size = film.shape[0]
    cut = film[int(top * size) : int((top + height) * size), int(left * size) : int((left + width) * size)]
    return np.asarray(cv2.resize(cut, (size, size), interpolation=cv2.INTER_LINEAR))


def _place(draw: float, rng: Rng) -> float:
    """Where a part begins, 0 to 1 of the way: in a corner, at the middle (the hardest to tell) or anywhere."""
    if draw < 0.4:
        return float(rng.integers(0, 2))
    return float(np.clip(rng.normal(0.5, 0.1), 0, 1)) if draw < 0.75 else float(rng.random())


def jumbled(films: Grey, rng: Rng) -> Grey:
    """The texture of films in an order that no body has. films: uint8 [4, S, S]; the result uint8 [S, S]."""
    return _JUMBLES[int(rng.integers(len(_JUMBLES)))](films, rng)


def _shuffled(films: Grey, rng: Rng) -> Grey:
    """Tiles of one film in another order."""
    count = int(rng.integers(2, 6))
    side = films.shape[1] // count
    made = np.array(films[0])
    for place, source in enumerate(rng.permutation(count * count)):
        y, x, v, u = (side * int(number) for number in (place // count, place % count, source // count, source % count))
        made[y : y + side, x : x + side] = films[0, v : v + side, u : u + side]
    return made


def _four_in_one(films: Grey, rng: Rng) -> Grey:
    """Several films on one picture, as on a sheet or a screen."""
    size = films.shape[1]
    left, right = (cv2.resize(pair.reshape(2 * size, size), (size // 2, size)) for pair in (films[:2], films[2:]))
    return np.asarray(cv2.resize(np.hstack([left, right]), (size, size)))


def _halves_exchanged(films: Grey, rng: Rng) -> Grey:
    """The spine at the edges, or the diaphragm above the shoulders."""
    film: Grey = films[0]
    return np.roll(film, int(films.shape[1] * rng.uniform(0.3, 0.7)), axis=int(rng.integers(0, 2)))


def _lost_in_frame(films: Grey, rng: Rng) -> Grey:
    """A film small in a large plain frame."""
    size = films.shape[1]
    side = int(size * rng.uniform(0.25, 0.45))
    made = np.full((size, size), _plain(rng), np.uint8)
    y, x = rng.integers(0, size - side, 2)
    made[y : y + side, x : x + side] = cv2.resize(films[0], (side, side), interpolation=cv2.INTER_AREA)
    return made


def _scrambled(films: Grey, rng: Rng) -> Grey:
    """The film's spectrum with the phases of noise."""
    strength = np.abs(np.fft.rfft2(films[0]))
    phase = np.angle(np.fft.rfft2(rng.normal(size=films[0].shape)))
    values = np.fft.irfft2(strength * np.exp(1j * phase), films[0].shape)
    low, high = np.percentile(values, rng.uniform(0, 5)), np.percentile(values, rng.uniform(95, 100))
    return _eight_bits((values - low) / max(float(high - low), 1e-9))


def _twisted(films: Grey, rng: Rng) -> Grey:
    size = films.shape[1]
    y, x = np.indices((size, size), dtype=np.float32) - size / 2
    angle = rng.uniform(1.5, 4.0) * rng.choice([-1, 1]) * (1 - np.hypot(x, y) / size)
    cos, sin = np.cos(angle), np.sin(angle)
    to_x, to_y = ((values + size / 2).astype(np.float32) for values in (cos * x - sin * y, sin * x + cos * y))
    return np.asarray(cv2.remap(films[0], to_x, to_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT))


def _negative_turned(films: Grey, rng: Rng) -> Grey:
    return inverted(np.ascontiguousarray(np.rot90(films[0], int(rng.integers(1, 4)))))


_JUMBLES: tuple[Callable[[Grey, Rng], Grey], ...] = (
    _shuffled, _four_in_one, _halves_exchanged, _lost_in_frame, _scrambled, _twisted, _negative_turned,
)  # fmt: skip
