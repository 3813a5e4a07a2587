"""The drawn patient of a phantom film: outlines in a unit frame, different for every seed.

Everything is in shares of the film: u runs right and v runs down, both 0 to 1, and the patient faces the reader:
the patient's right lies on the left. `side` is -1 for the left of the film (the patient's right) and +1 for its right.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Curve = npt.NDArray[np.float64]
SIDES = (-1, 1)
RIB_PAIRS = 10

# Distances from the midline, and heights. The right lung first; the left one gives way to the heart.
_RIGHT_LUNG = (
    (0.135, 0.105), (0.200, 0.150), (0.265, 0.250), (0.308, 0.380), (0.330, 0.520), (0.340, 0.660), (0.342, 0.750),
    (0.333, 0.795), (0.312, 0.752), (0.262, 0.712), (0.200, 0.696), (0.140, 0.703), (0.098, 0.714), (0.080, 0.690),
    (0.088, 0.625), (0.082, 0.555), (0.058, 0.490), (0.054, 0.400), (0.052, 0.310), (0.050, 0.220), (0.078, 0.140),
)  # fmt: skip
_LEFT_LUNG = (
    (0.135, 0.108), (0.200, 0.152), (0.265, 0.252), (0.306, 0.380), (0.328, 0.520), (0.338, 0.670), (0.340, 0.770),
    (0.331, 0.818), (0.309, 0.776), (0.268, 0.746), (0.232, 0.738), (0.208, 0.724), (0.198, 0.680), (0.180, 0.610),
    (0.145, 0.545), (0.098, 0.480), (0.068, 0.430), (0.064, 0.385), (0.060, 0.350), (0.084, 0.315), (0.088, 0.280),
    (0.068, 0.245), (0.055, 0.200), (0.080, 0.140),
)  # fmt: skip
_BODY = (
    (0.000, -0.200), (0.088, -0.200), (0.090, -0.020), (0.108, 0.040), (0.160, 0.078), (0.260, 0.104), (0.370, 0.140),
    (0.455, 0.205), (0.520, 0.300), (0.560, 0.420), (0.540, 0.450), (0.480, 0.410), (0.440, 0.400), (0.428, 0.450),
    (0.420, 0.560), (0.414, 0.720), (0.418, 0.860), (0.425, 1.200), (0.000, 1.200),
)  # fmt: skip
_CLAVICLE = ((0.028, 0.192), (0.085, 0.176), (0.160, 0.163), (0.230, 0.148), (0.300, 0.122), (0.375, 0.118))
_SCAPULA = ((0.405, 0.215), (0.372, 0.300), (0.338, 0.400), (0.316, 0.480), (0.336, 0.495), (0.375, 0.420),
            (0.410, 0.330), (0.440, 0.260))  # fmt: skip
_BREAST = ((0.115, 0.640), (0.170, 0.715), (0.255, 0.735), (0.330, 0.690), (0.375, 0.600), (0.300, 0.540),
           (0.180, 0.560))  # fmt: skip


def spline(points: Curve, per_span: int = 12, *, closed: bool = True) -> Curve:
    """A Catmull-Rom curve through `points` [n, 2] as [m, 2]."""
    padded = np.vstack([points[-1:], points, points[:2]]) if closed else np.vstack([points[:1], points, points[-1:]])
    p0, p1, p2, p3 = (padded[i : len(padded) - 3 + i, None, :] for i in range(4))
    t = np.linspace(0.0, 1.0, per_span, endpoint=False)[None, :, None]
    curve = p1 + 0.5 * t * (p2 - p0 + t * (2 * p0 - 5 * p1 + 4 * p2 - p3 + t * (3 * (p1 - p2) + p3 - p0)))
    return np.asarray(curve.reshape(-1, 2))


@dataclass(frozen=True, slots=True, eq=False)
class Rib:
    """One rib from the spine to its cartilage. `along` [n, 2]; `front` [n] is 0 behind, 1 in front."""

    along: Curve
    front: npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Vessels:
    """Straight stretches of vessels: `along` [n, 2, 2] from end to end, `width` [n] as shares of the film."""

    along: Curve
    width: npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Anatomy:
    """All outlines of one patient, in the unit frame. Pairs go by `SIDES`."""

    body: Curve
    lungs: tuple[Curve, Curve]
    clavicles: tuple[Curve, Curve]
    scapulae: tuple[Curve, Curve]
    breasts: tuple[Curve, Curve] | None
    ribs: tuple[Rib, ...]
    vessels: Vessels
    spine: Curve
    vertebrae: Curve
    trachea: tuple[Curve, ...]
    bubble: tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class _Build:
    """How this patient differs from the drawn one: size, placement and posture."""

    midline: float
    wide: float
    tall: float
    drop: float
    breath: float
    tilt: float

    def place(self, points: Curve, side: int = 1) -> Curve:
        """Points given as (distance from the midline, height) to the unit frame, breathing in below the hila."""
        x = points[..., 0] * side * self.wide
        y = points[..., 1] + self.breath * np.clip(points[..., 1] - 0.35, 0.0, 0.45)
        y = (y - 0.45) * self.tall + 0.45 + self.drop
        return np.stack([self.midline + x - self.tilt * (y - 0.45), y + self.tilt * x], axis=-1)


def _shaken(rng: np.random.Generator, points: tuple[tuple[float, float], ...], by: float) -> Curve:
    base = np.asarray(points, dtype=np.float64)
    return base + rng.normal(0.0, by, base.shape)


def _ribs(rng: np.random.Generator, build: _Build) -> tuple[Rib, ...]:
    """Ribs as tilted rings seen from the front: out and down behind, in and steeply down in front."""
    wall = np.asarray(_RIGHT_LUNG[:8])
    step = rng.uniform(0.061, 0.066)
    slope = rng.uniform(0.85, 1.15)
    angle = np.linspace(0.0, 0.86 * np.pi, 60)
    ribs = []
    for number in range(RIB_PAIRS):
        top = 0.098 + step * number
        fall = slope * (0.115 + 0.019 * number)
        reach = float(np.interp(top + 0.5 * fall, wall[:, 1], wall[:, 0])) + 0.004
        inner = np.where(angle < np.pi / 2, 0.022, 0.105)
        for side in SIDES:
            u = inner + (reach - inner) * np.sin(angle)
            v = top + 0.5 * fall * (1.0 - np.cos(angle)) - 0.012 * np.sin(np.minimum(2.0 * angle, np.pi))
            v = v + rng.normal(0.0, 0.0025)
            ribs.append(Rib(build.place(np.stack([u, v], axis=-1), side), np.clip(angle / np.pi * 4.0 - 1.7, 0.0, 1.0)))
    return tuple(ribs)


_Stretch = tuple[float, float, float, float, float]  # from x, y to x, y, and the width


def _branch(
    rng: np.random.Generator, at: tuple[float, float], heading: float, width: float, left: int
) -> list[_Stretch]:
    """A vessel that wanders, thins and forks until it is too fine to see. Distances from the midline."""
    found: list[_Stretch] = []
    x, y = at
    bend = rng.normal(0.0, 0.045)
    while width > 0.0014 and left > 0:
        heading += bend + rng.normal(0.0, 0.16)
        step = rng.uniform(0.010, 0.018)
        there = (x + step * math.cos(heading), y + step * math.sin(heading))
        found.append((x, y, *there, width))
        (x, y), width, left = there, width * 0.925, left - 1
        if rng.random() < 0.34:
            fork = math.copysign(rng.uniform(0.35, 0.75), rng.random() - 0.5)
            found += _branch(rng, (x, y), heading + fork, width * 0.74, left - 1)
            heading -= 0.3 * fork
    return found


def _vessels(rng: np.random.Generator, build: _Build) -> Vessels:
    """Both trees, from hila of which the left lies a little higher."""
    along, widths = [], []
    for side in SIDES:
        stretches: list[_Stretch] = []
        for heading in np.array([-1.50, -1.15, -0.75, 0.30, 0.70, 1.0, 1.25, 1.48]) + rng.normal(0.0, 0.12, 8):
            x = 0.085 + rng.normal(0.0, 0.008)
            y = (0.425 if side < 0 else 0.405) + 0.045 * math.sin(heading) + rng.normal(0.0, 0.008)
            stretches += _branch(rng, (x, y), float(heading), rng.uniform(0.0070, 0.0100), 22)
        table = np.asarray(stretches)
        along.append(build.place(table[:, :4].reshape(-1, 2, 2), side))
        widths.append(table[:, 4])
    return Vessels(np.concatenate(along), np.concatenate(widths))


def _trachea(build: _Build, shift: float) -> tuple[Curve, ...]:
    carina = (0.006 + shift, 0.345)
    tube = [(0.0, -0.05), (0.0, 0.10), (0.003 + shift, 0.22), carina]
    right = [carina, (-0.030, 0.385), (-0.062, 0.432)]
    left = [carina, (0.040, 0.385), (0.078, 0.415)]
    return tuple(build.place(spline(np.asarray(part), closed=False)) for part in (tube, right, left))


def make_anatomy(rng: np.random.Generator) -> Anatomy:
    """A patient drawn from `rng`."""
    build = _Build(
        midline=0.5 + rng.normal(0.0, 0.008),
        wide=rng.uniform(0.93, 1.07),
        tall=rng.uniform(0.98, 1.11),
        drop=rng.uniform(0.015, 0.05),
        breath=rng.uniform(-0.14, 0.06),
        tilt=float(np.clip(rng.normal(0.0, 0.015), -0.03, 0.03)),
    )
    heart = rng.uniform(0.88, 1.14)
    left_lung = _shaken(rng, _LEFT_LUNG, 0.002)
    left_lung[11:16, 0] *= heart
    lungs = (build.place(spline(_shaken(rng, _RIGHT_LUNG, 0.002)), -1), build.place(spline(left_lung), 1))
    half = np.asarray(_BODY, dtype=np.float64)
    outline = np.vstack([build.place(spline(half, closed=False), 1), build.place(spline(half, closed=False)[::-1], -1)])
    raised = rng.uniform(-0.02, 0.03)
    clavicle = [_shaken(rng, _CLAVICLE, 0.002) + np.array([0.0, raised]) for _ in SIDES]
    scapula = _shaken(rng, _SCAPULA, 0.003) + np.array([rng.uniform(0.0, 0.03), 0.0])
    breast = _shaken(rng, _BREAST, 0.004) if rng.random() < 0.45 else None
    curve = rng.normal(0.0, 0.004)
    heights = np.linspace(-0.05, 1.15, 26)
    spine = build.place(np.stack([curve * np.sin(heights * 6.0), heights], axis=-1))
    bodies = -0.03 + np.cumsum(np.linspace(0.034, 0.062, 25))
    return Anatomy(
        body=outline,
        lungs=lungs,
        clavicles=(build.place(spline(clavicle[0], closed=False), -1), build.place(spline(clavicle[1], closed=False))),
        scapulae=(build.place(spline(scapula), -1), build.place(spline(scapula))),
        breasts=None if breast is None else (build.place(spline(breast), -1), build.place(spline(breast))),
        ribs=_ribs(rng, build),
        vessels=_vessels(rng, build),
        spine=spine,
        vertebrae=build.place(np.stack([curve * np.sin(bodies * 6.0), bodies], axis=-1)),
        trachea=_trachea(build, rng.normal(0.0, 0.004)),
        bubble=(
            *build.place(np.array([0.17 + rng.normal(0, 0.01), 0.815])).tolist(),
            rng.uniform(0.035, 0.06),
            rng.uniform(0.018, 0.03),
        ),
    )
