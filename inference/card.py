"""`ModelCard`: all that a bundle says of itself. Frozen records, written as canonical JSON with a hash of its own."""

from __future__ import annotations

import hashlib
import itertools
import json
import re
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from imaging.errors import NegatoscopeError
from inference.backbones import BACKBONES
from inference.preprocess import PreprocessSpec
from inference.records import RecordError, from_json, to_json

Activation = Literal["sigmoid_one", "softmax", "sigmoid"]
SCHEMA = 1
MAX_SIZE_PX = 2048
WEIGHTS, GRAPH, LICENCE = "weights.safetensors", "graph.onnx", "LICENSE.txt"
CARD_HASH = "card_sha256"
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_SHA256 = re.compile(r"[0-9a-f]{64}")


class BundleError(NegatoscopeError):
    """A model bundle can't be used; the message says why in one sentence."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """From logit to probability: sigmoid((logit + bias) / temperature); a softmax takes the temperature only."""

    temperature: float = 1.0
    bias: float = 0.0


class OperatingRow(NamedTuple):
    """One threshold (a calibrated probability) and what it called on the validation films: ill and healthy ones."""

    threshold: float
    true_positive: int
    false_positive: int


@dataclass(frozen=True, slots=True)
class OperatingPoints:
    """A label's thresholds and the counts behind them. `rows` rise by threshold.

    `recommended` is a probability. `described` names the films in the words of a sentence, as in 'validation films of
    the same hospital'.
    """

    recommended: float
    films: int
    patients: int
    described: str
    ill: int
    healthy: int
    rows: tuple[OperatingRow, ...]


@dataclass(frozen=True, slots=True)
class Measure:
    """A measured figure and its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class DataSummary:
    """The films a model was trained on."""

    summary: str
    films: int
    patients: int
    source: str
    licence: str


@dataclass(frozen=True, slots=True)
class ModelCard:
    """The card of one model version (contract.md, design.md 'Model bundle').

    `labels` are all classes of the network; `normal_label` is the one that is no finding. `sigmoid_one` has one logit
    for two labels, positive for the finding. `calibration`, `operating`, `heat_scale` and `metrics` go by finding.
    `pretrained` says where the start weights came from. `recipe` is free JSON. `gate` and `reference` are still empty.
    `files` maps the other files of the bundle to their sha256; `write_bundle` fills it.
    """

    name: str
    version: int
    title: str
    labels: tuple[str, ...]
    normal_label: str | None
    activation: Activation
    backbone: str
    pretrained: str
    preprocess: PreprocessSpec
    calibration: dict[str, Calibration]
    operating: dict[str, OperatingPoints]
    heat_scale: dict[str, float]
    metrics: dict[str, dict[str, Measure]]
    data: DataSummary
    recipe: dict[str, Any]
    intended_use: str
    limits: tuple[str, ...]
    licence: str
    head: Literal["linear"] = "linear"
    gate: None = None
    reference: None = None
    files: dict[str, str] = field(default_factory=dict)
    schema: Literal[1] = 1

    @property
    def id(self) -> str:
        """`name@version`."""
        return f"{self.name}@{self.version}"

    @property
    def findings(self) -> tuple[str, ...]:
        """The labels that are findings: all but the normal one."""
        return tuple(label for label in self.labels if label != self.normal_label)

    @property
    def outputs(self) -> int:
        """The number of logits."""
        return 1 if self.activation == "sigmoid_one" else len(self.labels)


def card_text(card: ModelCard) -> str:
    """The card as it is stored: canonical JSON, with the sha256 of that same text without the hash."""
    body = to_json(card)
    return _canonical(body | {CARD_HASH: _body_hash(body)})


def parse_card(content: bytes) -> ModelCard:
    """The card held by a `card.json`. Raises BundleError in one sentence; a single changed byte is found."""
    try:
        text = content.decode("utf-8")
        body = json.loads(text)
    except (UnicodeDecodeError, ValueError, RecursionError) as error:
        raise BundleError("The model card is damaged.", detail=str(error)) from error
    if not isinstance(body, dict) or not isinstance(body.get("schema"), int):
        raise BundleError("The model card is damaged.", detail="no schema number")
    if body["schema"] > SCHEMA:
        raise BundleError("The model was made by a newer Negatoscope; update the program to use it.")
    stated = body.pop(CARD_HASH, None)
    if stated != _body_hash(body) or text != _canonical(body | {CARD_HASH: stated}):
        raise BundleError("The model card was changed after it was written.")
    try:
        card = from_json(ModelCard, body)
    except RecordError as error:
        raise BundleError("The model card does not fit its schema.", detail=str(error)) from error
    check_card(card)
    return card


def check_card(card: ModelCard) -> None:
    """Raise BundleError where a card contradicts itself or names what this program does not have."""
    for holds, complaint in _claims(card):
        if not holds:
            raise BundleError(f"The model card is wrong: {complaint}.")
    for label, points in card.operating.items():
        if not counts_fit(points):
            raise BundleError(f"The model card is wrong: the operating points of {label} do not fit their counts.")


def _claims(card: ModelCard) -> list[tuple[bool, str]]:
    labels, findings = card.labels, set(card.findings)
    one_logit = card.activation == "sigmoid_one"
    return [
        (_NAME.fullmatch(card.name) is not None, "its name is not made of small letters, digits, dots and dashes"),
        (card.version >= 1, "its version is below 1"),
        (card.backbone in BACKBONES, "this program has no such backbone"),
        (all(label and len(label) <= 64 and label.isprintable() for label in labels), "a label is empty or too long"),
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
        (_suits_backbone(card), "its input does not suit its backbone"),
        (all(value > 0 for value in card.preprocess.std), "its normalisation is not above zero"),
        (all(_SHA256.fullmatch(digest) is not None for digest in card.files.values()), "a hash of its files is none"),
    ]


def _suits_backbone(card: ModelCard) -> bool:
    """Whether the input has the channels and a size that the backbone takes."""
    spec, given = BACKBONES.get(card.backbone), card.preprocess
    if spec is None:
        return False
    channels = len(given.mean) == len(given.std) == spec.input_channels
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


def _canonical(body: dict[str, Any]) -> str:
    return json.dumps(body, ensure_ascii=False, sort_keys=True, indent=1, allow_nan=False) + "\n"


def _body_hash(body: dict[str, Any]) -> str:
    """Survives only what JSON can hold; NaN in a hostile card is refused as damage."""
    try:
        return hashlib.sha256(_canonical(body).encode("utf-8")).hexdigest()
    except (ValueError, RecursionError) as error:
        raise BundleError("The model card is damaged.", detail=str(error)) from error
