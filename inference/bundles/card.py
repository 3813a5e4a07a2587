"""`ModelCard`: all that a bundle says of itself, in frozen records. `card_text` writes and reads it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from imaging.errors import NegatoscopeError
from inference.networks.head_spec import HeadSpec
from inference.scoring.preprocess import PreprocessSpec

Activation = Literal["sigmoid_one", "softmax", "sigmoid"]
WEIGHTS, GRAPH, LICENCE = "weights.safetensors", "graph.onnx", "LICENSE.txt"
MOST_LABEL_SIGNS = 64
GATE, REFERENCE, QUANTISED = "gate.safetensors", "reference.safetensors", "graph.int8.onnx"


class BundleError(NegatoscopeError):
    """A model bundle can't be used; the message says why in one sentence."""


def is_label(text: str) -> bool:
    """Whether a card takes this for the name of a class."""
    return 0 < len(text) <= MOST_LABEL_SIGNS and text.isprintable()


class CurvePoint(NamedTuple):
    """One point of a calibration curve; logits rise strictly, probabilities never fall."""

    logit: float
    probability: float


@dataclass(frozen=True, slots=True)
class Calibration:
    """From logit to probability: sigmoid((logit + bias) / temperature); a softmax takes the temperature only.

    Where there is a `curve` (isotonic calibration), it is read instead: linear between its points, flat beyond them.
    """

    temperature: float = 1.0
    bias: float = 0.0
    curve: tuple[CurvePoint, ...] = ()


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
class StartRecord:
    """Where the weights came from that training began with; `sha256` is that of their file, '' where there is none."""

    kind: Literal["scratch", "imported", "downloaded", "bundle"]
    described: str
    sha256: str = ""


@dataclass(frozen=True, slots=True)
class GateSpec:
    """The numbers of the gate, whose arrays are in `gate.safetensors`.

    `let_through` is the share of the validation films, `films` of them, that pass; `described` names them.
    """

    version: Literal[1]
    described: str
    films: int
    let_through: Measure
    limits: dict[str, float]


@dataclass(frozen=True, slots=True)
class ReferenceSpec:
    """The reference films, whose embeddings and labels are in `reference.safetensors`; their pictures are not.

    `pictures` says how a picture may be found again: by the sha256 of its file, or by the seed of a synthetic film.
    """

    films: int
    described: str
    pictures: Literal["digest", "phantom"]


@dataclass(frozen=True, slots=True)
class QuantisedSpec:
    """The int8 graph `graph.int8.onnx`: what it costs on the validation films, and its own operating points."""

    auc_change: dict[str, float]
    map_correlation: dict[str, float]
    operating: dict[str, OperatingPoints]


@dataclass(frozen=True, slots=True)
class ModelCard:
    """The card of one model version (contract.md, design.md 'Model bundle').

    `labels` are all classes of the network; `normal_label` is the one that is no finding. `sigmoid_one` has one logit
    for two labels, positive for the finding. `calibration`, `operating`, `heat_scale` and `metrics` go by finding.
    `recipe` is free JSON. `gate`, `reference` and `quantised` are None where the bundle lacks the file that goes with
    them. `files` maps the other files of the bundle to their sha256; `write_bundle` fills it.
    """

    name: str
    version: int
    title: str
    labels: tuple[str, ...]
    normal_label: str | None
    activation: Activation
    backbone: str
    start: StartRecord
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
    head: HeadSpec = field(default_factory=HeadSpec)
    gate: GateSpec | None = None
    reference: ReferenceSpec | None = None
    quantised: QuantisedSpec | None = None
    files: dict[str, str] = field(default_factory=dict)
    schema: Literal[2] = 2

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

    @property
    def file_names(self) -> tuple[str, ...]:
        """The files of the bundle beside its card: three that all have, and one for each of the optional parts."""
        optional = {GATE: self.gate, REFERENCE: self.reference, QUANTISED: self.quantised}
        return (WEIGHTS, GRAPH, LICENCE, *(name for name, part in optional.items() if part is not None))
