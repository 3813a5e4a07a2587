"""Whether an ONNX graph is safe to load: all of it in one file, standard operators, the card's inputs and outputs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from inference.bundles.card import BundleError, ModelCard
from inference.engines.engine import INPUT, OUTPUTS

if TYPE_CHECKING:
    import onnx

_DOMAINS = {"", "ai.onnx"}
# The networks of the table run straight on; a hostile Loop keeps the first film for ever, with the engine's thread.
_ENDLESS = {"Loop", "If", "Scan", "SequenceMap"}
_FLOAT = 1  # onnx.TensorProto.FLOAT


def check_graph(content: bytes, card: ModelCard) -> None:
    """Raise BundleError where a graph names other files, uses operators of others or does not fit the card.

    The file is only parsed, never run. External data could read any file that the program may read.
    """
    import onnx
    from google.protobuf.message import DecodeError

    try:
        model = onnx.load_model_from_string(content)
    except (DecodeError, ValueError) as error:
        raise BundleError("The model's graph is damaged.", detail=str(error)) from error
    if any(
        tensor.external_data or tensor.data_location == onnx.TensorProto.EXTERNAL for tensor in _tensors(model.graph)
    ):
        raise BundleError("The model's graph takes data from other files and is not loaded.")
    domains = {entry.domain for entry in model.opset_import} | {node.domain for node in _nodes(model.graph)}
    if not domains <= _DOMAINS or model.functions:
        raise BundleError("The model's graph uses operators of its own and is not loaded.")
    if any(node.op_type in _ENDLESS for node in _nodes(model.graph)):
        raise BundleError("The model's graph holds loops or branches, which may have no end, and is not loaded.")
    size = card.preprocess.size_px
    if _shape(model.graph.input, INPUT)[1:] != [1, size, size]:
        raise BundleError("The model's graph does not take the films that its card describes.")
    logits, maps, embedding = (_shape(model.graph.output, name) for name in OUTPUTS)
    maps_fit = len(maps) == 4 and maps[1] in (0, card.outputs)  # the exporter leaves it free behind a dense head
    if logits[1:] != [card.outputs] or not maps_fit or len(embedding) != 2:
        raise BundleError("The model's graph does not give the labels that its card names.")


def _shape(values: Any, name: str) -> list[int]:
    """The dimensions of a graph's float32 input or output, 0 where they are free; empty where there is no such one."""
    found = [value.type.tensor_type for value in values if value.name == name]
    if not found or found[0].elem_type != _FLOAT:
        return []
    return [dim.dim_value for dim in found[0].shape.dim]


def _nodes(graph: onnx.GraphProto) -> Iterator[onnx.NodeProto]:
    for node in graph.node:
        yield node
        for attribute in node.attribute:
            for inner in (*attribute.graphs, attribute.g):
                yield from _nodes(inner)


def _tensors(graph: onnx.GraphProto) -> Iterator[onnx.TensorProto]:
    yield from _sparse_and_dense(graph.initializer, graph.sparse_initializer)
    for node in graph.node:
        for attribute in node.attribute:
            yield from _sparse_and_dense(
                (*attribute.tensors, attribute.t), (*attribute.sparse_tensors, attribute.sparse_tensor)
            )
            for inner in (*attribute.graphs, attribute.g):
                yield from _tensors(inner)


def _sparse_and_dense(dense: Any, sparse: Any) -> Iterator[onnx.TensorProto]:
    yield from dense
    for tensor in sparse:
        yield from (tensor.values, tensor.indices)
