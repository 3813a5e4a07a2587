"""`Engine`: what runs a bundle's network on a batch, whatever the library and the device."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from imaging.errors import Code, FilmError, NegatoscopeError

Floats = npt.NDArray[np.float32]

INPUT = "film"  # the graph's input and outputs by name
OUTPUTS = ("logits", "class_maps", "embedding")
NO_SCORE = "The model gave no usable score for this film."
BATCH_CPU = 4  # films; on a CPU more of them gain nothing and fall out of its cache


@dataclass(frozen=True, slots=True, eq=False)
class Output:
    """What the network says of N films: logits [N, K], raw Grad-CAM maps [N, K, h, w] and embeddings [N, D]."""

    logits: Floats
    class_maps: Floats
    embedding: Floats


class Engine(Protocol):
    """`name` is that of `screen` lines, as in `onnx-cpu`; `why` is a sentence for the status bar.

    `run` takes float32 [N, 1, S, S], 0 to 1. It is called by one thread at a time, unless `is_concurrent`. Raises
    EngineError.
    """

    @property
    def name(self) -> str: ...

    @property
    def why(self) -> str: ...

    def run(self, films: Floats) -> Output: ...


def is_concurrent(engine: Engine) -> bool:
    """Whether several threads may run batches at a time: an engine with a true attribute `concurrent` says so."""
    return bool(getattr(engine, "concurrent", False))


def is_on_cpu(engine: Engine) -> bool:
    """Whether it takes the very cores that decode films."""
    return "-cpu" in engine.name


def wanted_batch(engine: Engine) -> int:
    """How many films it would like at a time: its attribute `wanted_batch`, where it has one."""
    return int(getattr(engine, "wanted_batch", BATCH_CPU))


class EngineError(NegatoscopeError):
    """The network could not be run."""


class EngineMemoryError(EngineError):
    """The device has no memory for a batch of this size."""


class EngineLostError(EngineError):
    """The device disappeared or stopped answering."""


def check_output(output: Output, films: int, labels: int, channels: int) -> None:
    """Raise EngineError where an output is not that of N films, K labels and D channels: a graph may promise and not
    keep.
    """
    logits, maps, embedding = output.logits, output.class_maps, output.embedding
    maps_fit = maps.ndim == 4 and maps.shape[:2] == (films, labels)
    if logits.shape != (films, labels) or not maps_fit or embedding.shape != (films, channels):
        detail = f"{logits.shape} {maps.shape} {embedding.shape}"
        raise EngineError("The model's graph gave something else than its card names.", detail=detail)


def run_for_film(engine: Engine, films: Floats) -> Output:
    """What the engine says of one film, shown to it in one way or in several, float32 [N, 1, S, S].

    Raises FilmError, in words for whoever looks at that film, where the network can't be run or gives no numbers.
    """
    try:
        output = engine.run(films)
    except EngineError as error:
        message = "The network could not be run on this film."
        raise FilmError(Code.ANALYSIS_FAILED, message, detail=error.detail) from error
    if not (np.isfinite(output.logits).all() and np.isfinite(output.class_maps).all()):
        raise FilmError(Code.ANALYSIS_FAILED, NO_SCORE)
    return output


def joined(parts: list[Output]) -> Output:
    """Outputs of consecutive batches as one."""
    return Output(
        np.concatenate([part.logits for part in parts]),
        np.concatenate([part.class_maps for part in parts]),
        np.concatenate([part.embedding for part in parts]),
    )
