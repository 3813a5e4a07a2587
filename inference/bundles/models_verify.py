"""Everything that can be checked of a bundle without films of its own: tensors, graph, engines that agree, Grad-CAM."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from inference.bundles.bundle import ModelBundle
from inference.bundles.card import BundleError
from inference.engines.device import choose_engine
from inference.engines.engine import Engine, EngineError, Floats, Output, check_output
from inference.gate.gate import read_gate
from inference.networks.backbones import BACKBONES
from inference.scoring.preprocess import to_input
from inference.scoring.scores import probabilities
from inference.scoring.similar import read_reference

PROBABILITY_TOLERANCE = 1e-4  # contract.md, Numbers
MAP_TOLERANCE = 1e-3
CAM_TOLERANCE = 1e-4
_FILMS = 3


@dataclass(frozen=True, slots=True)
class Agreement:
    """Largest differences on random films: probabilities absolute, maps as shares of the largest absolute value."""

    probability: float
    maps: float
    grad_cam: float


def verify(bundle: ModelBundle) -> Agreement:
    """Load a verified bundle in both engines and hold them together, and look at all that `verify_graph` looks at.

    Raises BundleError in one sentence.
    """
    from inference.engines.torch_engine import load_network
    from inference.maps.cam import autograd_maps

    films = _noise(bundle)
    onnx = verify_graph(bundle)
    torch = _output(bundle, choose_engine(bundle, "torch", "cpu"), films)
    found = Agreement(
        _probability_difference(bundle, onnx, torch),
        relative_difference(onnx.class_maps, torch.class_maps),
        relative_difference(onnx.class_maps, autograd_maps(load_network(bundle), films)),
    )
    if not (found.probability <= PROBABILITY_TOLERANCE and found.maps <= MAP_TOLERANCE):
        raise BundleError("The model's graph and its weights do not give the same scores.")
    if not relative_difference(onnx.embedding, torch.embedding) <= MAP_TOLERANCE:
        raise BundleError("The model's graph and its weights do not give the same embedding.")
    if not found.grad_cam <= CAM_TOLERANCE:
        raise BundleError("The model's heat maps are not Grad-CAM.")
    return found


def verify_graph(bundle: ModelBundle) -> Output:
    """Run a verified bundle's graphs, and see that its gate and reference films, where it has them, are usable.

    All that can be checked where PyTorch is not installed. Returns what the graph gives for films of noise. Raises
    BundleError in one sentence.
    """
    read_gate(bundle)
    read_reference(bundle)
    films = _noise(bundle)
    output = _output(bundle, choose_engine(bundle, "onnx"), films)
    int8 = output
    if bundle.card.quantised is not None:
        int8 = _output(bundle, choose_engine(bundle, quantised=True), films)
    if not (_is_finite(output) and _is_finite(int8)):
        raise BundleError("The model's graph gives no usable scores.")
    return output


def _noise(bundle: ModelBundle) -> Floats:
    side = bundle.card.preprocess.size_px
    return to_input(np.random.default_rng(0).integers(0, 256, (_FILMS, side, side), dtype=np.uint8))


def _output(bundle: ModelBundle, engine: Engine, films: Floats) -> Output:
    """Raises BundleError: on films of noise nothing but the bundle can be at fault."""
    try:
        output = engine.run(films)
        check_output(output, len(films), bundle.card.outputs, BACKBONES[bundle.card.backbone].channels)
    except EngineError as error:
        raise BundleError("The model's graph can't be run, or gives something else.", detail=error.detail) from error
    return output


def _is_finite(output: Output) -> bool:
    return bool(np.isfinite(output.logits).all() and np.isfinite(output.class_maps).all())


def relative_difference(maps: np.ndarray, reference: np.ndarray) -> float:
    """The largest difference of two sets of maps as a share of the reference's largest absolute value."""
    if maps.shape != reference.shape:
        return float("inf")
    return float(np.abs(maps - reference).max() / max(np.abs(reference).max(), 1e-30))


def _probability_difference(bundle: ModelBundle, first: Output, second: Output) -> float:
    values = [probabilities(bundle.card, output.logits) for output in (first, second)]
    return float(np.abs(values[0] - values[1]).max())
