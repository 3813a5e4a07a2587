"""Pictures that are no films, drawn by the program: what a gate learns to refuse without a single photograph."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from imaging.cv import cv2
from inference.scoring.preprocess import Grey

Plane = npt.NDArray[np.float32]
Rng = np.random.Generator

_LETTERS = np.array(list("abcdefghijklmnopqrstuvwxyz      ABCDEFGHIJK0123456789.,:-"))


def drawn(size: int, rng: Rng) -> Grey:
    """One picture of a kind drawn by lot, uint8 [S, S], with an exposure drawn by lot too."""
    values = _any(size, rng)
    if rng.random() < 0.25:  # two kinds, one over the other
        other = _any(size, rng)
        hidden = cloud(size, rng, 3.0) > rng.uniform(0.3, 0.7)
        values = np.where(hidden, values, other) if rng.random() < 0.5 else 0.5 * values + 0.5 * other
    if rng.random() < 0.3:
        values = np.asarray(cv2.GaussianBlur(values, (0, 0), rng.uniform(0.5, 5.0) * size / 224), np.float32)
    if rng.random() < 0.3:
        values = values + rng.normal(0, rng.uniform(0.01, 0.15), values.shape).astype(np.float32)
    values = np.clip(values, 0, 1) ** np.float32(math.exp(rng.uniform(-0.8, 0.8)))
    if rng.random() < 0.3:
        values = 1 - values
    return np.asarray(np.rint(np.clip(values, 0, 1) * 255), np.uint8)


def cloud(size: int, rng: Rng, slope: float) -> Plane:
    """Noise whose power falls with frequency as that of natural scenes does (Field, 1987), float32 [S, S], 0 to 1."""
    down, across = np.fft.fftfreq(size)[:, None], np.fft.rfftfreq(size)[None, :]
    stretch = math.exp(rng.uniform(-0.7, 0.7))
    frequency = np.maximum(np.hypot(down * stretch, across / stretch), 1 / size)
    spectrum = np.fft.rfft2(rng.normal(size=(size, size))) * frequency ** (-slope / 2)
    return _unit(np.fft.irfft2(spectrum, (size, size)))


def _any(size: int, rng: Rng) -> Plane:
    return _KINDS[int(rng.integers(len(_KINDS)))](size, rng)


def _unit(values: npt.NDArray[np.floating]) -> Plane:
    low, high = np.percentile(values, (0.5, 99.5))
    return np.asarray(np.clip((values - low) / max(float(high - low), 1e-9), 0, 1), np.float32)


def _ramp(size: int, rng: Rng, strength: float) -> Plane:
    """Light that grows from one side to the other, about 0."""
    down, across = rng.uniform(-strength, strength, 2)
    ramp = np.linspace(-0.5, 0.5, size, dtype=np.float32)
    return np.asarray(down * ramp[:, None] + across * ramp[None, :], np.float32)


def _ellipse(plane: npt.NDArray[np.generic], at: tuple[float, float], radii: tuple[float, float], value: float) -> None:
    """A filled ellipse, in place. Centre and radii in px, x before y."""
    centre, axes = (round(at[0]), round(at[1])), (max(round(radii[0]), 1), max(round(radii[1]), 1))
    cv2.ellipse(plane, centre, axes, 0, 0, 360, float(value), -1, cv2.LINE_AA)


def _clouds(size: int, rng: Rng) -> Plane:
    return cloud(size, rng, rng.uniform(0.5, 4.0))


def _noise(size: int, rng: Rng) -> Plane:
    if rng.random() < 0.5:
        return np.clip(rng.normal(0.5, rng.uniform(0.05, 0.6), (size, size)), 0, 1).astype(np.float32)
    side = max(int(size / rng.uniform(1.0, 30)), 2)
    method = cv2.INTER_NEAREST if rng.random() < 0.5 else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(rng.random((side, side)).astype(np.float32), (size, size), interpolation=method))


def _gradient(size: int, rng: Rng) -> Plane:
    """A slope, a glow, waves or a saddle; now and then one grey."""
    y, x = np.indices((size, size)) / size - 0.5
    angle = rng.uniform(0, 2 * math.pi)
    along = x * math.cos(angle) + y * math.sin(angle)
    kind = int(rng.integers(0, 5))
    if kind == 0:
        return np.full((size, size), rng.random(), np.float32)
    if kind == 1:
        return _unit(along)
    if kind == 2:
        at_x, at_y = rng.uniform(-0.5, 0.5, 2)
        return _unit(rng.choice([-1, 1]) * np.hypot((x - at_x) * math.exp(rng.uniform(-0.5, 0.5)), y - at_y))
    if kind == 3:
        return _unit(np.sin(along * rng.uniform(0.5, 20) * 2 * math.pi))
    a, b, c, d = rng.normal(size=4)
    return _unit(a * x + b * y + 3 * c * x * y + 3 * d * x * x)


def _things(size: int, rng: Rng) -> Plane:
    """Things of all sizes that hide each other: the 'dead leaves' of natural scenes (Lee, Mumford and Huang, 2001)."""
    values = np.full((size, size), rng.random(), np.float32)
    texture = (cloud(size, rng, rng.uniform(1, 3)) - 0.5) * (rng.random() < 0.6)
    light = 0.6 * (rng.random() < 0.6)
    for _ in range(int(math.exp(rng.uniform(0.7, 4.3)))):
        thing = _thing(size, rng)
        fill = rng.random() + _ramp(size, rng, light) + texture * rng.uniform(0, 0.5)
        values = np.asarray(values * (1 - thing) + fill * thing, np.float32)
    return np.clip(values, 0, 1)


def _thing(size: int, rng: Rng) -> Plane:
    """The mask of an oval, a box, a polygon or a bar, float32 [S, S], 0 to 1."""
    mask = np.zeros((size, size), np.uint8)
    radius = size * min(0.02 / rng.uniform(0.01, 1), 0.6)
    at = rng.uniform(-0.1, 1.1, 2) * size
    kind = int(rng.integers(0, 4))
    if kind == 0:
        centre, axes = (int(at[0]), int(at[1])), (int(radius) + 1, int(radius * rng.uniform(0.3, 1)) + 1)
        cv2.ellipse(mask, centre, axes, float(rng.uniform(0, 180)), 0, 360, 255, -1, cv2.LINE_AA)
    elif kind == 1:
        low, high = at - radius * rng.uniform(0.3, 1.5, 2), at + radius * rng.uniform(0.3, 1.5, 2)
        cv2.rectangle(mask, (int(low[0]), int(low[1])), (int(high[0]), int(high[1])), 255, -1)
    elif kind == 2:
        corners = at + rng.normal(0, radius, (int(rng.integers(3, 8)), 2))
        cv2.fillPoly(mask, [corners.astype(np.int32)], 255, cv2.LINE_AA)
    else:
        start, end = (at + rng.normal(0, radius * 2, (2, 2))).astype(int).tolist()
        cv2.line(mask, start, end, 255, int(rng.integers(1, max(size // 16, 3))), cv2.LINE_AA)
    return np.asarray(mask / np.float32(255), np.float32)


def _text(size: int, rng: Rng) -> Plane:
    page = np.full((size, size), 255, np.uint8)
    scale = rng.uniform(0.2, 1.6) * size / 224
    step = max(int(30 * scale * rng.uniform(0.8, 1.4)), 4)
    left, font, width = int(rng.uniform(0, 0.2) * size), int(rng.integers(0, 8)), int(rng.integers(1, 3))
    for y in range(step, size + step, step):
        if rng.random() < 0.85:
            line = "".join(rng.choice(_LETTERS, int(rng.integers(5, 60))))
            cv2.putText(page, line, (left, y), font, scale, int(rng.integers(0, 120)), width, cv2.LINE_AA)
    return np.asarray(page / np.float32(255), np.float32)


def _screen(size: int, rng: Rng) -> Plane:
    """Windows, bars and curves."""
    page = np.full((size, size), rng.choice([255, 240, 30, 0]), np.uint8)
    for _ in range(int(rng.integers(2, 14))):
        (x, y), (wide, high) = rng.integers(0, size, 2).tolist(), rng.integers(3, max(size // 2, 4), 2).tolist()
        filled = int(rng.choice([-1, 1, 2]))
        cv2.rectangle(page, (x, y), (x + wide, y + high), int(rng.integers(0, 256)), filled)
    across = np.linspace(0, size, 60)
    for _ in range(int(rng.integers(0, 5))):
        if rng.random() < 0.5:
            heights = 0.5 + 0.4 * np.cumsum(rng.normal(0, 0.1, 60))
        else:  # a bell, as in every second chart
            heights = 0.95 - rng.uniform(0.3, 0.9) * np.exp(
                -(((across / size - rng.random()) / rng.uniform(0.05, 0.3)) ** 2)
            )
        curve = np.column_stack([across, size * heights]).astype(np.int32)
        cv2.polylines(page, [curve], False, int(rng.integers(0, 256)), int(rng.integers(1, 3)), cv2.LINE_AA)
    return np.asarray(page / np.float32(255), np.float32)


def _scattered(size: int, rng: Rng) -> Plane:
    """Like things strewn over a plain ground, filled or in outline: cards, coins, cells."""
    page = np.full((size, size), rng.random() * (rng.random() < 0.5), np.float32)
    radius, corners, outline = size * rng.uniform(0.03, 0.15), int(rng.integers(3, 9)), rng.random() < 0.3
    shade, middle, reach = rng.random(), rng.uniform(0.35, 0.65, 2) * size, size * rng.uniform(0.15, 0.4)
    turns = np.linspace(0, 2 * math.pi, corners, endpoint=False)
    for _ in range(int(rng.integers(4, 40))):
        at = middle + rng.uniform(-reach, reach, 2)
        angles = turns + rng.uniform(0, math.pi)
        shape = (at + radius * np.column_stack([np.cos(angles), rng.uniform(0.6, 1) * np.sin(angles)])).astype(np.int32)
        value = float(np.clip(shade + rng.uniform(-0.2, 0.2), 0, 1))
        if outline:
            cv2.polylines(page, [shape], True, value, int(rng.integers(1, 3)), cv2.LINE_AA)
        else:
            cv2.fillPoly(page, [shape], value, cv2.LINE_AA)
    return page


def _scene(size: int, rng: Rng) -> Plane:
    """A sky over hills and a ground, and things that stand on it."""
    ramp = np.linspace(0, 1, size, dtype=np.float32)[:, None]
    values = rng.uniform(0.4, 1) + rng.uniform(-0.4, 0.4) * ramp + rng.uniform(0, 0.3) * (cloud(size, rng, 3) - 0.5)
    horizon = size * rng.uniform(0.15, 0.85)
    for _ in range(int(rng.integers(1, 5))):
        edge = horizon + size * 0.3 * (cloud(size, rng, 3)[0] - 0.5) * rng.uniform(0, 1.5)
        ground = rng.uniform(0, 0.7) + rng.uniform(0.05, 0.6) * (cloud(size, rng, rng.uniform(0.5, 2.5)) - 0.5)
        values = np.where(np.arange(size)[:, None] > edge[None, :], ground, values)
        horizon += size * rng.uniform(0, 0.25)
    plane: Plane = np.ascontiguousarray(values, np.float32)
    for _ in range(int(rng.integers(0, 5))):
        x, wide, top = (rng.uniform(0, 1), rng.uniform(0.01, 0.2), rng.uniform(0, 0.7))
        cv2.rectangle(plane, (int(x * size), int(top * size)), (int((x + wide) * size), size), float(rng.random()), -1)
    return np.clip(plane, 0, 1)


def _portrait(size: int, rng: Rng) -> Plane:
    """A head over shoulders: as symmetric as a chest, and among the commonest of pictures."""
    values = _clouds(size, rng) * np.float32(rng.uniform(0.1, 0.6)) + np.float32(rng.uniform(0, 0.5))
    x, y, r = rng.uniform(0.3, 0.7) * size, rng.uniform(0.25, 0.5) * size, rng.uniform(0.1, 0.28) * size
    skin, shirt, hair = rng.random(3)
    _ellipse(values, (x, y + 3.2 * r), (r * rng.uniform(1.6, 2.6), 2.0 * r), shirt)
    _ellipse(values, (x, y - 0.2 * r), (1.1 * r, 1.35 * r), hair)
    _ellipse(values, (x, y), (0.85 * r, 1.1 * r), skin)
    for side in (-0.35, 0.35):
        _ellipse(values, (x + side * r, y - 0.1 * r), (0.14 * r, 0.08 * r), 0.3 * skin)
    _ellipse(values, (x, y + 0.55 * r), (0.3 * r, 0.1 * r), 0.5 * skin)
    soft = np.asarray(cv2.GaussianBlur(values, (0, 0), rng.uniform(0.5, 3) * size / 224), np.float32)
    return np.clip(soft + _ramp(size, rng, 0.6) + 0.1 * (_clouds(size, rng) - 0.5), 0, 1)


def _fan(size: int, rng: Rng) -> Plane:
    """Speckle in a sector on black, as in ultrasound."""
    values = np.zeros((size, size), np.float32)
    apex, half = (size // 2, int(size * rng.uniform(-0.1, 0.15))), rng.uniform(25, 50)
    cv2.ellipse(values, apex, (int(size * 0.85),) * 2, 90, -half, half, 1.0, -1, cv2.LINE_AA)
    speckle = cloud(size, rng, rng.uniform(0.8, 2.5)) ** np.float32(rng.uniform(1, 3))
    return np.asarray(values * speckle, np.float32)


def _section(size: int, rng: Rng) -> Plane:
    """Ovals in an oval on black, as in a CT or MR slice."""
    values = np.zeros((size, size), np.float32)
    at, radii = rng.uniform(0.45, 0.55, 2) * size, rng.uniform(0.2, 0.5, 2) * size
    rim = rng.uniform(0.86, 0.98)
    _ellipse(values, (at[0], at[1]), (radii[0], radii[1]), rng.uniform(0.3, 1))
    _ellipse(values, (at[0], at[1]), (rim * radii[0], rim * radii[1]), rng.uniform(0.2, 0.7))
    body = values > 0
    for _ in range(int(rng.integers(1, 14))):
        organ = np.zeros_like(values)
        centre, axes = at + rng.uniform(-0.7, 0.7, 2) * radii, rng.uniform(0.05, 0.45, 2) * radii
        _ellipse(organ, (centre[0], centre[1]), (axes[0], axes[1]), 1.0)
        for shape in (organ, organ[:, ::-1])[: 1 + (rng.random() < 0.4)]:
            values = np.where(body, values * (1 - shape) + np.float32(rng.random()) * shape, values)
    return np.clip(values + body * rng.uniform(0.05, 0.3) * (_clouds(size, rng) - 0.5), 0, 1).astype(np.float32)


def _limb(size: int, rng: Rng) -> Plane:
    """Soft tissue with bright bones in it on black, at any angle: an arm, a leg, a hand."""
    values = np.zeros((size, size), np.float32)
    angle, bones = rng.uniform(0, math.pi), int(rng.integers(1, 6))
    along, across = np.array([math.cos(angle), math.sin(angle)]), np.array([-math.sin(angle), math.cos(angle)])
    centre = 0.5 * size + rng.normal(0, 0.08 * size, 2)
    for wide, value in ((1.0, rng.uniform(0.2, 0.5)), (0.35, rng.uniform(0.5, 1.0)), (0.18, rng.uniform(0.3, 0.8))):
        layer = np.zeros_like(values)
        for number in range(bones):
            spread = (number - (bones - 1) / 2) * rng.uniform(0.08, 0.25)
            start = centre + size * (spread * across - rng.uniform(0.3, 0.8) * along)
            end = centre + size * (spread * rng.uniform(1, 2.5) * across + rng.uniform(0.3, 0.8) * along)
            width = max(int(size * wide * rng.uniform(0.12, 0.4) / math.sqrt(bones)), 1)
            cv2.line(layer, start.astype(int).tolist(), end.astype(int).tolist(), 1.0, width, cv2.LINE_AA)
        soft = np.asarray(cv2.GaussianBlur(layer, (0, 0), size * rng.uniform(0.005, 0.03)), np.float32)
        values = values * (1 - soft) + np.float32(value) * soft
    return np.clip(values + 0.05 * (cloud(size, rng, 2) - 0.5), 0, 1)


_KINDS: tuple[Callable[[int, Rng], Plane], ...] = (
    _noise, _gradient, _clouds, _clouds, _things, _things, _things, _text, _screen, _scattered, _scene, _scene,
    _portrait, _portrait, _fan, _section, _section, _limb, _limb,
)  # fmt: skip
