"""ONNX Runtime on the CPU: the engine of machines without a GPU."""

from __future__ import annotations

from typing import Any

from imaging.paths import resource_path
from inference.bundles.bundle import ModelBundle
from inference.bundles.card import GRAPH, QUANTISED, BundleError, ModelCard
from inference.bundles.graph_check import check_graph
from inference.engines.engine import INPUT, OUTPUTS, EngineError, Floats, Output
from inference.engines.onnx_door import onnxruntime

FLOAT, INT8 = "onnx-cpu", "onnx-cpu-int8"


class OnnxEngine:
    """A session on a graph. `threads` is the number of cores for one batch, 0 for all of them."""

    concurrent = True  # a session's `run` may be called by several threads

    def __init__(
        self, graph: bytes, card: ModelCard, name: str, why: str, threads: int = 0, *, trusted: bool = False
    ) -> None:
        self.name = name
        self.why = why
        if not trusted:
            check_graph(graph, card)
        self._session = _session(graph, threads)

    def run(self, films: Floats) -> Output:
        try:
            logits, class_maps, embedding = self._session.run(list(OUTPUTS), {INPUT: films})
        except _onnx_errors() as error:
            raise EngineError("The network could not be run on this film.", detail=str(error)) from error
        return Output(logits, class_maps, embedding)


def onnx_engine(bundle: ModelBundle, why: str, threads: int = 0, *, quantised: bool = False) -> OnnxEngine:
    """The engine of a bundle on its float32 graph, or on the int8 one that it must have then. Raises BundleError.

    The graphs that come with the program were looked through when it was made: the library that reads graphs would be
    a tenth of what passes before the first film has its score.
    """
    graph, name = (QUANTISED, INT8) if quantised else (GRAPH, FLOAT)
    own = bundle.location.parent == resource_path("models")
    return OnnxEngine(bundle.content(graph), bundle.card, name, why, threads, trusted=own)


def _session(graph: bytes, threads: int) -> Any:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    # The rest stays as it comes: below the usual level of optimisation, which blocks channels, MobileNetV2 takes twice
    # the time; arena, memory pattern and flushed denormals change nothing that can be measured.
    options.log_severity_level = 4
    # Threads that spin between operators take the cores from decoding and from the window.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        return onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    except _onnx_errors() as error:
        raise BundleError("The model's graph can't be loaded.", detail=str(error)) from error


def _onnx_errors() -> tuple[type[Exception], ...]:
    """What ONNX Runtime raises: exceptions of its own, which share no base but Exception, and a few of Python's."""
    module: Any = onnxruntime.capi.onnxruntime_pybind11_state
    own = [item for item in vars(module).values() if isinstance(item, type) and issubclass(item, Exception)]
    return (*own, RuntimeError, ValueError, MemoryError)
