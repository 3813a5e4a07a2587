"""Synthetic frontal chest films with known truth: examples for users, training for the practice model, tests.

A film is a function of its seed, its size and the number of opacities asked for. The anatomy of a seed stays the same
whatever is planted into it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from imaging.cv import cv2
from imaging.image import DecodedImage, Window
from imaging.phantom_anatomy import make_anatomy
from imaging.phantom_paint import Painted, Plane, blurred, paint, smooth_noise, unit
from imaging.study import ImageRef

BITS = 12
_TOP = (1 << BITS) - 1


@dataclass(frozen=True, slots=True)
class Opacity:
    """A planted ellipse with a soft border: centre and semi-axes in pixels of the film (the centre of the first pixel
    is 0.5), and `contrast`, what it adds as a share of what the air of the lung takes away.
    """

    cx_px: float
    cy_px: float
    rx_px: float
    ry_px: float
    contrast: float


@dataclass(frozen=True, slots=True, eq=False)
class Phantom:
    """A finished film. `pixels` is uint16 [H, W] with 12 bits used, bright for bone unless `inverted` (MONOCHROME1).

    `window` is (centre, width) in stored values, the one that a good radiographer's workstation would have written.
    """

    pixels: npt.NDArray[np.uint16]
    inverted: bool
    window: tuple[float, float]
    opacities: tuple[Opacity, ...]
    seed: int


def make_phantom(seed: int, size_px: tuple[int, int] = (1024, 1024), opacity_count: int | None = None) -> Phantom:
    """The film of `seed`, (height, width) pixels large, at least 64 each way.

    `opacity_count` says how many opacities are planted; None lets the seed choose: none for every second film, else
    one to three.
    """
    if min(size_px) < 64:
        raise ValueError("a phantom film is at least 64 pixels high and wide")
    body_rng, paint_rng, lesion_rng, film_rng = (np.random.default_rng([seed, part]) for part in range(4))
    painted = paint(make_anatomy(body_rng), size_px, paint_rng)
    chosen = int(lesion_rng.choice([0, 0, 0, 1, 2, 3]))
    opacities = _place(lesion_rng, painted, chosen if opacity_count is None else opacity_count)
    attenuation = painted.attenuation.copy()
    for opacity in opacities:
        _plant(lesion_rng, attenuation, painted, opacity)
    return _expose(film_rng, attenuation, opacities, seed)


def to_image(phantom: Phantom) -> DecodedImage:
    """The film as if it had been read from a file: for tests and training, which need no file in between."""
    return DecodedImage(
        ref=ImageRef(Path(f"phantom-{phantom.seed}")),
        pixels=phantom.pixels,
        bits=BITS,
        inverted=phantom.inverted,
        voi=(Window(*phantom.window, "LINEAR"),),
    )


def _place(rng: np.random.Generator, painted: Painted, count: int) -> tuple[Opacity, ...]:
    """Sizes and places in the aerated lung, apart from one another."""
    width = painted.air.shape[1]
    lung_width_px = 0.28 * width
    rows, columns = np.nonzero(painted.air > 0.72)
    placed: list[Opacity] = []
    for _ in range(40 * count):
        if len(placed) == count:
            break
        at = int(rng.integers(len(rows)))
        radius_px = rng.uniform(0.09, 0.20) * lung_width_px
        ratio = rng.uniform(0.75, 1.33)
        centre = (float(columns[at]) + 0.5, float(rows[at]) + 0.5)
        new = Opacity(*centre, radius_px * ratio, radius_px / ratio, rng.uniform(0.27, 0.55))
        apart = [np.hypot(new.cx_px - o.cx_px, new.cy_px - o.cy_px) - o.rx_px - new.rx_px for o in placed]
        if all(gap > 0.02 * width for gap in apart):
            placed.append(new)
    return tuple(placed)


def _plant(rng: np.random.Generator, attenuation: Plane, painted: Painted, opacity: Opacity) -> None:
    """Fill the air of an ellipse with patchy fluid, in place. The pattern reaches half again beyond the ellipse."""
    height, width = attenuation.shape
    reach_x, reach_y = 1.5 * opacity.rx_px, 1.5 * opacity.ry_px
    left, right = max(int(opacity.cx_px - reach_x), 0), min(int(opacity.cx_px + reach_x) + 1, width)
    top, bottom = max(int(opacity.cy_px - reach_y), 0), min(int(opacity.cy_px + reach_y) + 1, height)
    box = (slice(top, bottom), slice(left, right))
    x = (np.arange(left, right) + 0.5 - opacity.cx_px) / opacity.rx_px
    y = (np.arange(top, bottom) + 0.5 - opacity.cy_px) / opacity.ry_px
    size_px = (bottom - top, right - left)
    ragged = 0.09 * smooth_noise(rng, size_px, 3) + 0.03 * smooth_noise(rng, size_px, 9)
    radius = np.sqrt(np.square(x)[None, :] + np.square(y)[:, None]) + ragged
    fall = np.clip((1.18 - radius) / 0.75, 0.0, 1.0)
    body = fall * fall * (3.0 - 2.0 * fall)
    texture = 1.0 + 0.08 * smooth_noise(rng, size_px, 5) + 0.07 * smooth_noise(rng, size_px, 14)
    attenuation[box] += (0.5 * opacity.contrast * body * texture * painted.air[box]).astype(np.float32)


def _expose(rng: np.random.Generator, attenuation: Plane, opacities: tuple[Opacity, ...], seed: int) -> Phantom:
    """Scatter, quantum noise, the detector's processing and its 12 bits."""
    height, width = attenuation.shape
    unit_px = float(min(height, width))
    inverted = bool(rng.random() < 0.3)
    dose = rng.uniform(0.7, 1.5)
    grey = attenuation - 0.10 * (blurred(attenuation, 0.06 * unit_px) - attenuation)
    grey = _processed(grey, unit_px, rng)
    sigma = 0.0075 / np.sqrt(dose) * np.exp(0.9 * np.clip(attenuation, 0.0, 1.5))
    quanta = blurred(rng.standard_normal((height, width), dtype=np.float32), 0.55) * 1.5
    grey = grey + sigma.astype(np.float32) * quanta + 0.012 * smooth_noise(rng, (height, width), 3)
    stored = rng.uniform(180, 420) + rng.uniform(2100, 2700) * np.sign(grey) * np.abs(grey) ** rng.uniform(0.92, 1.15)
    body = stored[attenuation > 0.12]
    low, high = np.percentile(body[:: max(body.size // 40_000, 1)], (0.5, 99.7))
    window = (float(round((low + high) / 2)), float(round((high - low) * 1.08)))
    _collimate(rng, stored)
    _mark(rng, stored)
    pixels = np.clip(np.rint(stored), 0, _TOP).astype(np.uint16)
    if inverted:
        pixels = _TOP - pixels
        window = (_TOP - window[0], window[1])
    pixels.setflags(write=False)
    return Phantom(pixels, inverted, window, opacities, seed)


def _processed(grey: Plane, unit_px: float, rng: np.random.Generator) -> Plane:
    """What a digital system does before it presents: evens the film out and lifts its detail."""
    wide = blurred(grey, 0.09 * unit_px)
    fine = grey - blurred(grey, 0.012 * unit_px)
    return np.asarray(grey - rng.uniform(0.18, 0.32) * (wide - 0.6) * (grey > 0.05) + rng.uniform(0.3, 0.6) * fine)


def _collimate(rng: np.random.Generator, stored: Plane) -> None:
    """Lead at up to three sides of every third film: unexposed, so bright, with a soft edge. In place."""
    if rng.random() > 0.34:
        return
    height, width = stored.shape
    top, bottom, left, right = rng.uniform(-0.03, 0.045, 4)
    rows, columns = (np.arange(height) + 0.5) / height, (np.arange(width) + 0.5) / width
    soft = 0.0018
    open_rows = np.clip((rows - top) / soft, 0, 1) * np.clip((1 - bottom - rows) / soft, 0, 1)
    open_columns = np.clip((columns - left) / soft, 0, 1) * np.clip((1 - right - columns) / soft, 0, 1)
    closed = (1.0 - open_rows[:, None] * open_columns[None, :]).astype(np.float32)
    stored += closed * (rng.uniform(3300, 3900) - stored)


def _mark(rng: np.random.Generator, stored: Plane) -> None:
    """A lead letter beside the shoulder: R on the left of the film, or L on its right. In place."""
    height, width = stored.shape
    letter, u = ("R", rng.uniform(0.055, 0.085)) if rng.random() < 0.6 else ("L", rng.uniform(0.90, 0.93))
    scale = 0.0016 * min(height, width)
    at_px = (round(u * width), round(rng.uniform(0.09, 0.14) * height))
    layer = np.zeros((height, width), dtype=np.uint8)
    thickness = max(round(3.4 * scale), 1)
    cv2.putText(layer, letter, at_px, cv2.FONT_HERSHEY_SIMPLEX, scale, 255, thickness, cv2.LINE_AA)
    lead = blurred(unit(layer), 0.0008 * min(height, width))
    stored += lead * (3850 - stored)
