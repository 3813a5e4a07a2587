"""Which window a film opens with: the file's own, or one found in its pixels."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from imaging.cv import cv2
from imaging.image import AS_STORED, DecodedImage, ModalityLut, Pixels, Voi, Window
from imaging.show.table import Values, to_modality

_SAMPLE_PX = 384  # the longer side of the sample that is looked at
_EDGE_SHARE = 0.25  # no more than this of each side is taken for a collimator
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Preset:
    """A window relative to the automatic one: `shift` in widths towards the bright end, and `widen` as a factor."""

    name: str
    shift: float
    widen: float


PRESETS = (
    Preset("Lungs", -0.12, 0.75),
    Preset("Mediastinum", 0.16, 0.65),
    Preset("Bones", 0.10, 0.50),
    Preset("Softer", 0.0, 1.35),
    Preset("Harder", 0.0, 0.70),
    Preset("Brighter", -0.15, 1.0),
    Preset("Darker", 0.15, 1.0),
)


def choices(image: DecodedImage) -> tuple[Voi, ...]:
    """The file's own transformations, LUTs before windows, without those that can show nothing."""
    return tuple(voi for voi in image.voi if _usable(voi))


def default_voi(image: DecodedImage) -> Voi:
    """What the film opens with: its first VOI LUT, else its first window, else the automatic one."""
    own = sorted(choices(image), key=lambda voi: isinstance(voi, Window))  # stable: LUTs first, else the file's order
    return own[0] if own else automatic_window(image)


def preset_window(image: DecodedImage, preset: Preset, base: Window) -> Window:
    """`preset` for `image`, whose automatic window is `base`."""
    towards_bright = -1.0 if image.inverted else 1.0
    centre = base.center + towards_bright * preset.shift * base.width
    return Window(centre, max(base.width * preset.widen, 1e-6), base.function, preset.name)


def full_range(image: DecodedImage) -> Window:
    """All stored values from black to white: by Bits Stored and sign; beyond 16 bits, the values that occur."""
    if isinstance(image.modality, ModalityLut):
        low, high = 0.0, float((1 << image.modality.bits) - 1)
    elif image.is_colour:
        return AS_STORED
    else:
        ends = to_modality(np.asarray(_stored_range(image)), image.modality)
        low, high = float(ends.min()), float(ends.max())
    return Window((low + high) / 2.0, max(high - low, 1e-6), "LINEAR_EXACT", "full range")


def automatic_window(image: DecodedImage) -> Window:
    """A window for a film that brings none, robust against what is no part of the patient.

    Left out before the percentiles are taken: padding, collimator borders, the bare detector around the patient, and
    markers outside the body. Films of 8 bits that use their range are taken for finished pictures and shown as such.
    """
    if image.is_colour:
        return AS_STORED
    sample = _sample(image)
    valid = _valid(sample, image)
    if not valid.any():
        return full_range(image)
    values = to_modality(sample.astype(np.float64), image.modality)
    if image.bits <= 8 and _fills_its_range(values[valid], full_range(image)):
        return full_range(image)
    low, high = np.percentile(_patient(values, valid, inverted=image.inverted), (0.5, 99.5))
    margin = 0.02 * (high - low)
    low, high = float(low - margin), float(high + margin)
    if not high > low:
        return full_range(image)
    if image.pixels.dtype.kind == "f" or high - low < 2.0:
        return Window((low + high) / 2.0, high - low, "LINEAR_EXACT", "automatic")
    low, high = math.floor(low), math.ceil(high)
    return Window((low + high + 1) / 2.0, float(high - low + 1), "LINEAR", "automatic")  # low is black, high is white


def _usable(voi: Voi) -> bool:
    if isinstance(voi, Window):
        return math.isfinite(voi.center) and math.isfinite(voi.width) and voi.width > 0.0
    return len(voi.values) > 1


def _stored_range(image: DecodedImage) -> tuple[float, float]:
    kind, bits = image.pixels.dtype.kind, image.bits
    if kind == "f" or bits > 16:
        finite = image.pixels[np.isfinite(image.pixels)]
        return (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)
    if kind == "i":
        return -float(1 << (bits - 1)), float((1 << (bits - 1)) - 1)
    return 0.0, float((1 << bits) - 1)


def _sample(image: DecodedImage) -> Pixels:
    """Every n-th pixel, not averages: padding and markers must not mix with the film."""
    step = max(-(-max(image.pixels.shape) // _SAMPLE_PX), 1)
    return np.ascontiguousarray(image.pixels[step // 2 :: step, step // 2 :: step])


def _valid(sample: Pixels, image: DecodedImage) -> Mask:
    valid: Mask = np.isfinite(sample)
    if image.padding is not None:
        valid &= (sample < image.padding[0]) | (sample > image.padding[1])
    return valid


def _fills_its_range(values: Values, whole: Window) -> bool:
    low, high = np.percentile(values, (0.5, 99.5))
    return bool(high - low >= 0.5 * whole.width)


def _patient(values: Values, valid: Mask, *, inverted: bool) -> Values:
    """The values that belong to the patient, flat; all valid ones where the patient can't be told from the rest."""
    shown = np.where(valid, -values if inverted else values, np.nan)
    box = _uncollimated(shown)
    inner, kept = shown[box], valid[box]
    if not kept.any():
        return values[valid]
    low, high, top = np.percentile(inner[kept], (0.2, 99.0, 99.8))
    reach = high - low
    dark = _touching_border(kept & (inner < low + 0.10 * reach))
    bright = _touching_border(kept & (inner > top - 0.01 * reach)) | (inner > high + 0.25 * reach)
    body = _largest(kept & ~_grown(dark | bright))
    if body.sum() < 0.2 * kept.sum():
        body = kept
    return np.asarray(values[box][body])


def _uncollimated(shown: Values) -> tuple[slice, slice]:
    """The sample without uniform bars along its sides. NaN is no part of the film."""
    spread = float(np.nanpercentile(shown, 99) - np.nanpercentile(shown, 1))
    limits = []
    for axis in (0, 1):
        lines = np.nan_to_num(shown if axis == 0 else shown.T, nan=float(np.nanmin(shown)))
        flat = np.ptp(np.percentile(lines, (10, 90), axis=1), axis=0) <= 0.03 * spread
        most = int(_EDGE_SHARE * len(flat))
        first = next((i for i in range(most) if not flat[i]), 0)
        last = next((i for i in range(most) if not flat[-1 - i]), 0)
        soft = 1  # the blades' half shadow
        limits.append(slice(first + soft * (first > 0), len(flat) - last - soft * (last > 0)))
    return limits[0], limits[1]


def _touching_border(mask: Mask) -> Mask:
    """The parts of `mask` that reach its border and are large, with the border's own corners open."""
    _, labels = cv2.connectedComponents(mask.astype(np.uint8), connectivity=4)
    rim = np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]])
    counts = np.bincount(labels.ravel())
    large = [label for label in np.unique(rim) if label != 0 and counts[label] > 0.005 * mask.size]
    return np.isin(labels, large)


def _largest(mask: Mask) -> Mask:
    count, labels = cv2.connectedComponents(mask.astype(np.uint8), connectivity=4)
    if count < 2:
        return mask
    return np.asarray(labels == 1 + int(np.argmax(np.bincount(labels.ravel())[1:])))


def _grown(mask: Mask) -> Mask:
    return np.asarray(cv2.dilate(mask.astype(np.uint8), np.ones((3, 3), np.uint8), iterations=2) > 0)
