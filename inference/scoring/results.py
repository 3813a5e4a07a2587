"""What the analysis of one film says. Plain values that cross threads and are written to `screen` lines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from imaging.study import ImageRef

if TYPE_CHECKING:
    from imaging.heatmap import Heatmap
    from inference.engines.engine import Floats


@dataclass(frozen=True, slots=True)
class Finding:
    """One label's calibrated probability, held against the operating point in force (a probability too)."""

    label: str
    probability: float
    operating_point: float

    @property
    def flagged(self) -> bool:
        return self.probability >= self.operating_point


@dataclass(frozen=True, slots=True)
class GateVerdict:
    """Whether the model may speak about the film; `reasons` are codes of the contract, `words` a sentence for each.

    `insisted`: the film stays outside, and was scored because the reader insisted.
    """

    accepted: bool = True
    reasons: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    insisted: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class ImageResult:
    """The analysis of one film by one model with the recommended operating points.

    `model` is `name@version`; `seconds` is the time spent on this film; `engine` is `onnx-cpu`, `torch-cuda`, ….
    `findings` and `heatmaps` are empty where the gate keeps the film out and the reader did not insist. `embedding` is
    float32 [D], read-only.
    """

    ref: ImageRef
    model: str
    weights_sha256: str
    findings: tuple[Finding, ...]
    heatmaps: tuple[Heatmap, ...]
    gate: GateVerdict
    seconds: float
    engine: str
    embedding: Floats
