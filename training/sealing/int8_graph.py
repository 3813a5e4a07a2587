"""From a float32 ONNX graph to int8 ones, by ONNX Runtime's static quantisation in the QDQ format."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

import onnx

from inference.engines.engine import INPUT
from inference.engines.onnx_door import quantisation_modules
from inference.scoring.preprocess import Grey, to_input

STEM_LAYERS = 3

_quantization, _quant_utils = quantisation_modules()


class Int8Maker:
    """Makes int8 graphs of one float32 graph. The ranges of its tensors are measured once, on `films`.

    films: uint8 [N, S, S]. Use it in a `with` statement: it keeps files beside each other in a temporary folder.
    """

    def __init__(self, graph: bytes, films: Grey) -> None:
        self._model = onnx.load_model_from_string(graph)
        self._films = films
        # Otherwise it warns that the graph was not prepared; the exporter has folded all there is to fold already.
        _quant_utils.add_pre_process_metadata(self._model)

    def __enter__(self) -> Int8Maker:
        self._folder = tempfile.TemporaryDirectory()
        onnx.save_model(self._model, self._path("float.onnx"))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._folder.cleanup()

    def graphs(self) -> Iterator[tuple[str, bytes]]:
        """Graphs and what each leaves in float32, in words: the fastest one first.

        The head always stays in float32: quantised, the maps of MobileNetV2 correlate 0.84 with what they were. The
        stem and layers a channel (depthwise) have ranges that differ most between channels, where a tensor has one.
        """
        layers = [node for node in self._model.graph.node if node.op_type == "Conv"]
        stem = {node.name for node in layers[:STEM_LAYERS]}
        depthwise = {node.name for node in layers if self._is_depthwise(node)}
        head = self._head()
        tried: list[set[str]] = []
        for words, left in (
            ("the head", head),
            ("the head and the stem", head | stem),
            ("the head, the stem and depthwise layers", head | stem | depthwise),
        ):
            if left not in tried:
                tried.append(left)
                yield words, self._quantised(left)

    def _quantised(self, left: set[str]) -> bytes:
        """7 bits a weight keep processors without VNNI from saturating in 16 bits: results are the same on all."""
        target = self._path("int8.onnx")
        _quantization.quantize_static(
            self._path("float.onnx"),
            target,
            _Films(self._films),
            quant_format=_quantization.QuantFormat.QDQ,
            activation_type=_quantization.QuantType.QUInt8,
            weight_type=_quantization.QuantType.QInt8,
            per_channel=True,
            reduce_range=True,
            nodes_to_exclude=sorted(left),
            calibration_cache_path=self._path("ranges.json"),
        )
        return _without_leftovers(onnx.load_model(target))

    def _head(self) -> set[str]:
        """The nodes behind the backbone, by name: all that the embedding does not come from."""
        made_by = {name: node for node in self._model.graph.node for name in node.output}
        wanted, backbone = ["embedding"], set()
        while wanted:
            node = made_by.get(wanted.pop())
            if node is not None and node.name not in backbone:
                backbone.add(node.name)
                wanted += node.input
        return {node.name for node in self._model.graph.node} - backbone

    def _is_depthwise(self, node: onnx.NodeProto) -> bool:
        groups = next((item.i for item in node.attribute if item.name == "group"), 1)
        return groups > 1

    def _path(self, name: str) -> Path:
        return Path(self._folder.name) / name


class _Films:
    """What ONNX Runtime calls a CalibrationDataReader: one film a call, then None."""

    def __init__(self, films: Grey) -> None:
        self._films = iter(films)

    def get_next(self) -> dict[str, Any] | None:
        film = next(self._films, None)
        return None if film is None else {INPUT: to_input(film[None])}


def _without_leftovers(model: onnx.ModelProto) -> bytes:
    """The graph less the constants that nothing reads any more: the bounds of activations that were folded."""
    used = {name for node in model.graph.node for name in node.input} | {value.name for value in model.graph.output}
    kept = [tensor for tensor in model.graph.initializer if tensor.name in used]
    nodes = [node for node in model.graph.node if used.intersection(node.output)]
    del model.graph.initializer[:]
    model.graph.initializer.extend(kept)
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    content: bytes = model.SerializeToString()
    return content
