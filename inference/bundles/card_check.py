"""Whether a card contradicts itself, or names what this program does not have."""

from __future__ import annotations

import itertools
import re

from inference.bundles.card import BundleError, Calibration, ModelCard, OperatingPoints, is_label
from inference.networks.backbones import BACKBONES
from inference.networks.head_spec import HeadSpec

MAX_SIZE_PX = 2048
MAX_WIDTH, MAX_LAYERS = 8192, 4
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_SHA256 = re.compile(r"[0-9a-f]{64}")


def check_card(card: ModelCard) -> None:
    """Raise BundleError where a card contradicts itself or names what this program does not have."""
    for holds, complaint in _claims(card):
        if not holds:
            raise BundleError(f"The model card is wrong: {complaint}.")
    quantised = card.quantised.operating if card.quantised is not None else {}
    for label, points in (*card.operating.items(), *quantised.items()):
        if not counts_fit(points):
            raise BundleError(f"The model card is wrong: the operating points of {label} do not fit their counts.")


def _claims(card: ModelCard) -> list[tuple[bool, str]]:
    labels, findings = card.labels, set(card.findings)
    one_logit = card.activation == "sigmoid_one"
    return [
        (_NAME.fullmatch(card.name) is not None, "its name is not made of small letters, digits, dots and dashes"),
        (card.version >= 1, "its version is below 1"),
        (card.backbone in BACKBONES, "this program has no such backbone"),
        (all(is_label(label) for label in labels), "a label is empty or too long"),
        (len(set(labels)) == len(labels) and bool(findings), "its labels repeat or hold no finding"),
        (card.normal_label is None or card.normal_label in labels, "its normal label is none of its labels"),
        (not one_logit or (len(labels) == 2 and len(findings) == 1), "one logit needs a normal label and one finding"),
        (card.activation != "softmax" or len(labels) >= 2, "a softmax needs two labels"),
        (set(card.calibration) == findings, "its calibration does not name its findings"),
        (set(card.operating) == findings, "its operating points do not name its findings"),
        (set(card.heat_scale) == findings, "its heat scales do not name its findings"),
        (set(card.metrics) <= findings, "its metrics name other labels"),
        (all(scale > 0 for scale in card.heat_scale.values()), "a heat scale is not above zero"),
        (all(item.temperature > 0 for item in card.calibration.values()), "a temperature is not above zero"),
        (all(map(_is_curve, card.calibration.values())), "a calibration curve does not rise"),
        (card.activation != "softmax" or not any(c.curve for c in card.calibration.values()), "a softmax has a curve"),
        (card.quantised is None or set(card.quantised.operating) == findings, "its int8 graph lacks operating points"),
        (_is_head(card.head), "its head is none that this program makes"),
        (_suits_backbone(card), "its input does not suit its backbone"),
        (all(value > 0 for value in card.preprocess.std), "its normalisation is not above zero"),
        (all(_SHA256.fullmatch(digest) is not None for digest in card.files.values()), "a hash of its files is none"),
    ]


def _suits_backbone(card: ModelCard) -> bool:
    """Whether the input has the channels and a size that the backbone takes."""
    spec, given = BACKBONES.get(card.backbone), card.preprocess
    if spec is None:
        return False
    channels = len(given.mean) == len(given.std) in {1, spec.input_channels}
    return channels and spec.min_size_px <= given.size_px <= MAX_SIZE_PX


def counts_fit(points: OperatingPoints) -> bool:
    """Counts within the films they count, and falling as the threshold rises."""
    rows = points.rows
    return (
        0 <= points.recommended <= 1
        and points.ill >= 0
        and points.healthy >= 0
        and points.ill + points.healthy == points.films
        and all(0 <= row.threshold <= 1 for row in rows)
        and all(0 <= row.true_positive <= points.ill and 0 <= row.false_positive <= points.healthy for row in rows)
        and all(a.threshold < b.threshold for a, b in itertools.pairwise(rows))
        and all(a.true_positive >= b.true_positive for a, b in itertools.pairwise(rows))
        and all(a.false_positive >= b.false_positive for a, b in itertools.pairwise(rows))
    )


def _is_head(head: HeadSpec) -> bool:
    widths = len(head.hidden) <= MAX_LAYERS and all(1 <= width <= MAX_WIDTH for width in head.hidden)
    return widths and 0 <= head.dropout < 1


def _is_curve(calibration: Calibration) -> bool:
    """No curve, or one of two points at least that rises."""
    points = calibration.curve
    return (
        len(points) != 1
        and all(0 <= point.probability <= 1 for point in points)
        and all(a.logit < b.logit and a.probability <= b.probability for a, b in itertools.pairwise(points))
    )
