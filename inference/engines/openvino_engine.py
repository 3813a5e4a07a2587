"""OpenVINO on the CPU: an optional engine, there where the package `openvino` is installed."""

from __future__ import annotations

from collections import deque
from typing import Any

import openvino

from inference.bundles.bundle import ModelBundle
from inference.bundles.card import GRAPH, BundleError
from inference.bundles.graph_check import check_graph
from inference.engines.device import usable_cores
from inference.engines.engine import INPUT, OUTPUTS, EngineError, Floats, Output


class OpenVinoEngine:
    """`graph.onnx` in OpenVINO. `threads` is the number of cores for one batch, 0 for all of them.

    Several threads may call `run`: each gets a request of its own, and as many run side by side as there are cores.
    """

    name = "openvino-cpu"
    concurrent = True

    def __init__(self, bundle: ModelBundle, why: str, threads: int = 0) -> None:
        self.why = why
        self._compiled = _compiled(bundle, threads)
        self._idle: deque[Any] = deque()

    def run(self, films: Floats) -> Output:
        try:
            request = self._request()
            found = request.infer({INPUT: films})
        except (RuntimeError, MemoryError) as error:
            raise EngineError("The network could not be run on this film.", detail=str(error)) from error
        self._idle.append(request)
        return Output(*(found[name] for name in OUTPUTS))

    def _request(self) -> Any:
        """One that no thread is using; made where all are in use, which takes memory."""
        try:
            return self._idle.pop()
        except IndexError:
            return self._compiled.create_infer_request()


def _compiled(bundle: ModelBundle, threads: int) -> Any:
    """Raises BundleError. Left to itself OpenVINO computes in bfloat16 where the processor has it, which costs the
    third decimal of a score; keeps compiled models on the disk only where it is told to; and binds its threads to
    cores, which then wait for those of the decoder.
    """
    graph = bundle.content(GRAPH)
    check_graph(graph, bundle.card)
    cores = usable_cores()
    batches = max(1, cores // threads) if threads else 1
    options = {
        "INFERENCE_PRECISION_HINT": "f32",
        "ENABLE_CPU_PINNING": False,
        "NUM_STREAMS": batches,
        "INFERENCE_NUM_THREADS": batches * (threads or cores),
        "CACHE_DIR": "",
    }
    try:
        core = openvino.Core()
        return core.compile_model(core.read_model(graph), "CPU", options)
    except (RuntimeError, ValueError, MemoryError) as error:
        raise BundleError("The model's graph can't be loaded in OpenVINO.", detail=str(error)) from error
