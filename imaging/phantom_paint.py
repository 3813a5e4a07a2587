"""Paints the patient of a phantom film as what weakens the beam: float32 [H, W], 1.0 for a chest without air.

Tissue is added up organ by organ, as it is along a ray. Figures are chosen by eye against adult chest films.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from imaging.cv import cv2
from imaging.phantom_anatomy import SIDES, Anatomy, Curve

Plane = npt.NDArray[np.float32]
Layer = npt.NDArray[np.uint8]
_SUBPIXEL_BITS = 4
_LUNG_DEPTH = 0.65  # share of the chest's attenuation that air takes away in the middle of a lung


@dataclass(frozen=True, slots=True, eq=False)
class Painted:
    """`attenuation` of the whole patient, and `air`, 0 to 1: how deep the lung is there. Both float32 [H, W]."""

    attenuation: Plane
    air: Plane


def smooth_noise(rng: np.random.Generator, size_px: tuple[int, int], cells: int) -> Plane:
    """Gaussian noise that varies over a `cells`-th of the film; mean about 0, standard deviation about 1."""
    coarse = rng.standard_normal((cells + 3, cells + 3)).astype(np.float32)
    return np.asarray(cv2.resize(coarse, size_px[::-1], interpolation=cv2.INTER_CUBIC))


def blurred(plane: Plane, sigma_px: float) -> Plane:
    """A Gaussian blur; wide ones are made on a smaller picture."""
    shrink = int(min(max(sigma_px / 3.0, 1.0), min(plane.shape) / 8.0 + 1.0))
    if shrink < 2:
        return np.asarray(cv2.GaussianBlur(plane, (0, 0), max(sigma_px, 0.3)))
    small_px = (max(plane.shape[1] // shrink, 1), max(plane.shape[0] // shrink, 1))
    small = cv2.resize(plane, small_px, interpolation=cv2.INTER_AREA)
    small = cv2.GaussianBlur(small, (0, 0), sigma_px / shrink)
    return np.asarray(cv2.resize(small, plane.shape[::-1], interpolation=cv2.INTER_CUBIC))


def unit(layer: Layer) -> Plane:
    """An 8-bit layer as 0 to 1."""
    return layer.astype(np.float32) / np.float32(255)


class Brush:
    """Draws curves of the unit frame on 8-bit layers of the film's size."""

    def __init__(self, size_px: tuple[int, int]) -> None:
        self.size_px = size_px
        self.unit_px = float(min(size_px))

    def layer(self) -> Layer:
        return np.zeros(self.size_px, dtype=np.uint8)

    def points(self, curve: Curve) -> npt.NDArray[np.int32]:
        """Unit frame to OpenCV's fixed-point pixels, whose origin is the centre of the first pixel."""
        height, width = self.size_px
        at_px = curve * [width, height] - 0.5
        return np.asarray(np.round(at_px * (1 << _SUBPIXEL_BITS)), dtype=np.int32)

    def filled(self, curves: Iterable[Curve]) -> Plane:
        """The inside of each curve as 1.0."""
        layer = self.layer()
        for curve in curves:
            cv2.fillPoly(layer, [self.points(curve)], 255, cv2.LINE_AA, _SUBPIXEL_BITS)
        return unit(layer)

    def strokes(self, layer: Layer, curves: list[Curve], width: float, strength: float) -> None:
        """Lines of `width` (share of the film) on `layer`; those finer than a pixel are drawn fainter instead."""
        width_px = width * self.unit_px
        colour = round(255 * strength * min(width_px, 1.0))
        thickness = max(round(width_px), 1)
        points = [self.points(curve) for curve in curves]
        cv2.polylines(layer, points, False, colour, thickness, cv2.LINE_AA, _SUBPIXEL_BITS)


def _offset(curve: Curve, by: float) -> Curve:
    """The curve moved sideways by `by`."""
    along = np.gradient(curve, axis=0)
    normal = np.stack([-along[:, 1], along[:, 0]], axis=-1)
    return np.asarray(curve + by * normal / np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-9))


def _lung_air(brush: Brush, anatomy: Anatomy) -> Plane:
    """How deep the lungs are: steep at their border, flat in the middle, as in a rounded body."""
    mask = brush.filled(anatomy.lungs)
    inside = (mask > 0.5).astype(np.uint8)
    distance = cv2.distanceTransform(inside, cv2.DIST_L2, 5) / (0.115 * brush.unit_px)
    rounded = np.sqrt(np.clip(1.0 - np.square(1.0 - np.clip(distance, 0.0, 1.0)), 0.0, 1.0)).astype(np.float32)
    depth = mask * (0.36 + 0.64 * blurred(rounded, 0.006 * brush.unit_px))
    return blurred(depth, 0.0022 * brush.unit_px)


def _bone(
    brush: Brush, curve: Curve, width: float, strengths: npt.NDArray[np.float64], layers: tuple[Layer, Layer]
) -> None:
    """A long bone on (marrow, cortex) layers, its strength given at every point of the curve."""
    marrow, cortex = layers
    rims = [_offset(curve, side * 0.46 * width) for side in SIDES]
    for start in range(0, len(curve) - 1, 3):
        part = slice(start, start + 4)
        strength = float(strengths[part].mean())
        brush.strokes(marrow, [curve[part]], width, strength)
        brush.strokes(cortex, [rim[part] for rim in rims], 0.0022, strength)


def _ribs(brush: Brush, anatomy: Anatomy) -> Plane:
    """The parts behind and in front on layers of their own, so that they add up where they cross."""
    total = np.zeros(brush.size_px, dtype=np.float32)
    for in_front in (False, True):
        marrow, cortex = brush.layer(), brush.layer()
        for rib in anatomy.ribs:
            keep = rib.front > 0.5 if in_front else rib.front <= 0.5
            curve = rib.along[keep]
            fade = np.interp(np.arange(len(curve)), [0, len(curve) * 0.5, len(curve)], [0.62, 0.48, 0.04])
            strengths = fade if in_front else np.interp(np.arange(len(curve)), [0, 8, len(curve)], [0.25, 0.72, 0.88])
            _bone(brush, curve, 0.0205 if in_front else 0.0180, strengths, (marrow, cortex))
        total += 0.075 * blurred(unit(marrow), 0.0016 * brush.unit_px)
        total += 0.060 * blurred(unit(cortex), 0.0010 * brush.unit_px)
    return total


def _shoulders(brush: Brush, anatomy: Anatomy) -> Plane:
    marrow, cortex = brush.layer(), brush.layer()
    for clavicle in anatomy.clavicles:
        _bone(brush, clavicle, 0.0230, np.full(len(clavicle), 0.8), (marrow, cortex))
    total = 0.125 * blurred(unit(marrow), 0.0018 * brush.unit_px)
    total += 0.070 * blurred(unit(cortex), 0.0012 * brush.unit_px)
    edge = brush.layer()
    for scapula in anatomy.scapulae:
        brush.strokes(edge, [scapula], 0.004, 0.8)
    total += 0.038 * blurred(brush.filled(anatomy.scapulae), 0.0025 * brush.unit_px)
    total += 0.036 * blurred(unit(edge), 0.0018 * brush.unit_px)
    return total


def _spine(brush: Brush, anatomy: Anatomy) -> Plane:
    """Vertebral bodies with their end plates and pedicles, and the soft column around them."""
    column, bodies, plates = brush.layer(), brush.layer(), brush.layer()
    brush.strokes(column, [anatomy.spine], 0.084, 1.0)
    middles = 0.5 * (anatomy.vertebrae[1:] + anatomy.vertebrae[:-1])
    heights = np.diff(anatomy.vertebrae[:, 1])
    for (u, v), height in zip(middles, heights, strict=True):
        half, tall = 0.031 + 0.012 * v, 0.40 * height
        waist = np.array(
            [[-half, -tall], [half, -tall], [half * 0.88, 0], [half, tall], [-half, tall], [-half * 0.88, 0]]
        )
        cv2.fillPoly(bodies, [brush.points(waist + np.array([u, v]))], 210, cv2.LINE_AA, _SUBPIXEL_BITS)
        for side in SIDES:
            brush.strokes(plates, [np.array([[u - half, v + side * tall], [u + half, v + side * tall]])], 0.003, 0.8)
            brush.strokes(plates, [np.array([[u + side * half * 0.62, v - 0.35 * tall]] * 2)], 0.011, 0.55)
        brush.strokes(plates, [np.array([[u, v + 0.2 * tall], [u, v + 1.1 * tall]])], 0.007, 0.6)
    soft = blurred(unit(column), 0.010 * brush.unit_px)
    solid = blurred(unit(bodies), 0.0025 * brush.unit_px)
    fine = blurred(unit(plates), 0.0020 * brush.unit_px)
    return np.asarray(0.085 * soft + 0.050 * solid + 0.036 * fine)


def _lung_markings(brush: Brush, anatomy: Anatomy, rng: np.random.Generator) -> Plane:
    """Vessels, drawn from the widest to the finest, and the fine net between them."""
    coarse, fine = brush.layer(), brush.layer()
    edges = np.geomspace(0.0012, 0.0110, 16)
    for low, high in pairwise(edges):
        width = float(np.sqrt(low * high))
        some = anatomy.vessels.along[(anatomy.vessels.width >= low) & (anatomy.vessels.width < high)]
        brush.strokes(coarse if width > 0.0035 else fine, list(some), width, min(0.30 + 85.0 * width, 1.0))
    net = 0.010 * smooth_noise(rng, brush.size_px, 90) + 0.008 * smooth_noise(rng, brush.size_px, 45)
    net += 0.014 * smooth_noise(rng, brush.size_px, 16)
    thick = blurred(unit(coarse), 0.0022 * brush.unit_px)
    thin = blurred(unit(fine), 0.0010 * brush.unit_px)
    hila = blurred(unit(coarse), 0.016 * brush.unit_px)
    return np.asarray(0.110 * thick + 0.085 * thin + 0.19 * hila + net)


def _airways(brush: Brush, anatomy: Anatomy) -> Plane:
    tube, bronchi = brush.layer(), brush.layer()
    brush.strokes(tube, [anatomy.trachea[0]], 0.034, 1.0)
    for bronchus in anatomy.trachea[1:]:
        brush.strokes(bronchi, [bronchus], 0.022, 1.0)
    inside = unit(np.maximum(tube, bronchi))
    return 0.105 * blurred(inside, 0.0050 * brush.unit_px)


def _soft_tissue(brush: Brush, anatomy: Anatomy, rng: np.random.Generator) -> Plane:
    """The body without its lungs and bones: thick in the middle and below, thin at shoulders and neck."""
    height, width = brush.size_px
    v, u = np.meshgrid(np.linspace(0, 1, height), np.linspace(0, 1, width), indexing="ij", sparse=True)
    body = brush.filled([anatomy.body])
    across = np.sqrt(np.clip(1.0 - np.square((u - 0.5) / 0.56), 0.04, 1.0))
    below = 1.0 / (1.0 + np.exp(-(v - 0.72) / 0.05))
    above = 1.0 / (1.0 + np.exp((v - 0.13) / 0.06))
    middle = np.exp(-np.square((u - 0.5) / 0.13))
    thickness = across * (0.83 + 0.15 * below - 0.20 * above * (1 - 0.45 * middle) + 0.11 * middle)
    skin = blurred(body, 0.020 * brush.unit_px) * blurred(body, 0.0035 * brush.unit_px)
    plane = skin * thickness.astype(np.float32)
    plane += body * (0.014 * smooth_noise(rng, brush.size_px, 5) + 0.008 * smooth_noise(rng, brush.size_px, 14))
    if anatomy.breasts is not None:
        folds = brush.filled(anatomy.breasts)
        plane += 0.060 * blurred(folds, 0.011 * brush.unit_px) * body
    return np.asarray(plane, dtype=np.float32)


def _gastric_bubble(brush: Brush, anatomy: Anatomy) -> Plane:
    u, v, across, tall = anatomy.bubble
    layer = brush.layer()
    angle = np.linspace(0.0, 2.0 * np.pi, 48)
    flat = np.minimum(np.sin(angle), 0.45)
    cv2.fillPoly(
        layer,
        [brush.points(np.stack([u + across * np.cos(angle), v + tall * flat], axis=-1))],
        255,
        cv2.LINE_AA,
        _SUBPIXEL_BITS,
    )
    return 0.20 * blurred(unit(layer), 0.006 * brush.unit_px)


def paint(anatomy: Anatomy, size_px: tuple[int, int], rng: np.random.Generator) -> Painted:
    """The whole patient on a film of `size_px` (height, width)."""
    brush = Brush(size_px)
    air = _lung_air(brush, anatomy)
    body = _soft_tissue(brush, anatomy, rng)
    present = np.clip(body * 4.0, 0.0, 1.0)
    plane = body * (1.0 - _LUNG_DEPTH * air) + air * _lung_markings(brush, anatomy, rng)
    plane += present * (_ribs(brush, anatomy) + _shoulders(brush, anatomy) + _spine(brush, anatomy))
    plane -= (1.0 - air) * _airways(brush, anatomy) + _gastric_bubble(brush, anatomy)
    return Painted(np.maximum(plane, 0.0).astype(np.float32), air)
