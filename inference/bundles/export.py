"""A network as an ONNX graph: float32, a free batch size, the outputs logits, class_maps and embedding."""

from __future__ import annotations

import tempfile
import warnings
from pathlib import Path

import torch

from inference.engines.engine import INPUT, OUTPUTS
from inference.networks.network import FilmNetwork

OPSET = 17
# The exporter that needs nothing but `onnx` says that it is the old way; the new one needs onnxscript too.
_OLD_EXPORTER = ("You are using the legacy TorchScript-based ONNX export", "The feature will be removed")


def onnx_graph(network: FilmNetwork, size_px: int) -> bytes:
    """The graph of a network for films of `size_px`, in evaluation mode: batch norm is folded into the convolutions."""
    was_training = network.training
    network.eval()
    try:
        with warnings.catch_warnings(), tempfile.TemporaryDirectory() as folder:
            for message in _OLD_EXPORTER:
                warnings.filterwarnings("ignore", message=message, category=DeprecationWarning)
            path = Path(folder) / "graph.onnx"
            _export(network, size_px, path)
            return path.read_bytes()
    finally:
        network.train(was_training)


def _export(network: FilmNetwork, size_px: int, path: Path) -> None:
    film = torch.zeros(1, 1, size_px, size_px, device=network.mean.device)
    torch.onnx.export(
        network,
        (film,),
        path,
        dynamo=False,
        opset_version=OPSET,
        input_names=[INPUT],
        output_names=list(OUTPUTS),
        dynamic_axes={name: {0: "films"} for name in (INPUT, *OUTPUTS)},
    )
