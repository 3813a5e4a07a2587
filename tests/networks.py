"""Networks of the whole table with weights under which a mistake shows, and what the contract says of their numbers."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from inference.bundles.bundle import ModelBundle, write_bundle
from inference.bundles.card import ModelCard
from inference.bundles.models_verify import relative_difference
from inference.engines.device import choose_engine
from inference.engines.engine import Floats, Output
from inference.engines.torch_engine import load_network
from inference.maps.cam import Doubles, autograd_maps
from inference.networks.backbones import BackboneSpec
from inference.networks.head_spec import HeadSpec
from inference.networks.network import FilmNetwork, network_of
from inference.scoring.preprocess import PreprocessSpec, to_input
from inference.scoring.scores import probabilities
from tests.bundles import multi_label_card


def card_for(spec: BackboneSpec, head: HeadSpec, size_px: int, channels: int | None = None) -> ModelCard:
    """Three independent findings on one backbone. Its own normalisation, or one for `channels` channels."""
    mean, std = (spec.mean, spec.std) if channels is None else ((0.45,) * channels, (0.25,) * channels)
    preprocess = PreprocessSpec(size_px=size_px, mean=mean, std=std)
    return dataclasses.replace(multi_label_card(), backbone=spec.name, head=head, preprocess=preprocess)


def cloudy_films(size_px: int, count: int = 7, seed: int = 5) -> Floats:
    """Films of clouds and noise as network input, float32 [N, 1, S, S]: unlike each other also after pooling."""
    rng = np.random.default_rng(seed)
    side = -(-size_px // 8)
    clouds = np.kron(rng.integers(0, 200, (count, 8, 8)), np.ones((1, side, side), np.int64))[:, :size_px, :size_px]
    return to_input((clouds + rng.integers(0, 56, clouds.shape)).astype(np.uint8))


def stirred_network(card: ModelCard, films: Floats, seed: int = 1) -> FilmNetwork:
    """The card's network with seeded random weights, `stirred`."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return stirred(network_of(card), films, seed)


def stirred(network: FilmNetwork, films: Floats, seed: int = 1) -> FilmNetwork:
    """The network in evaluation mode, changed in place: no constant is left at zero or one.

    Batch norm gets statistics of about the size that `films` give, so that activations keep an ordinary size through
    a hundred layers; a bias, a statistic or a scale that some path forgets changes the result. Its variance is taken
    about zero: about the mean it would blow up the differences between films, and rounding with them, layer by layer.
    """
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        _stir(network.eval())
        norms = [module for module in network.modules() if isinstance(module, _BatchNorm)]
        handles = [norm.register_forward_pre_hook(_settle) for norm in norms]
        with torch.no_grad():
            network.training_logits(torch.from_numpy(films))
        for handle in handles:
            handle.remove()
    return network


def _stir(network: nn.Module) -> None:
    """Give every bias and scale a random value of ordinary size."""
    with torch.no_grad():
        for name, weight in network.named_parameters():
            if name.endswith("layer_scale"):
                weight.uniform_(0.1, 0.4)
            elif name.endswith("bias"):
                weight.normal_(0, 0.3)
            elif weight.dim() == 1:
                weight.uniform_(0.5, 1.1)


def _settle(norm: nn.Module, given: tuple[torch.Tensor]) -> None:
    """Set the statistics of a batch norm to about those of what it is given, [N, C] or [N, C, h, w]."""
    assert isinstance(norm, _BatchNorm)
    assert norm.running_mean is not None
    assert norm.running_var is not None
    values = given[0].transpose(0, 1).flatten(1)
    norm.running_mean.copy_(values.mean(dim=1)).mul_(torch.empty(len(values)).uniform_(0.1, 0.5))
    norm.running_var.copy_(values.square().mean(dim=1)).mul_(torch.empty(len(values)).uniform_(1.0, 2.0))


@dataclass(frozen=True, slots=True, eq=False)
class Trial:
    """One network as a bundle, what both engines say of the same films, and the reference of its maps."""

    bundle: ModelBundle
    network: FilmNetwork
    films: Floats
    onnx: Output
    torch: Output
    reference: Doubles

    def score_difference(self) -> float:
        """Between the engines: the largest difference of a probability."""
        scores = [probabilities(self.bundle.card, out.logits) for out in (self.onnx, self.torch)]
        return float(np.abs(scores[0] - scores[1]).max())

    def map_difference(self) -> float:
        """Between the engines, as a share of the largest value."""
        return relative_difference(self.onnx.class_maps, self.torch.class_maps)

    def cam_difference(self) -> float:
        """Of the worse engine against float64 autograd."""
        return max(relative_difference(out.class_maps, self.reference) for out in (self.onnx, self.torch))


def trial(folder: Path, card: ModelCard, films: Floats) -> Trial:
    """Write the bundle of a stirred network, load it in both engines and run the films."""
    network = stirred_network(card, films)
    bundle = write_bundle(folder, card, network)
    onnx, eager = choose_engine(bundle, "onnx", threads=1).run(films), choose_engine(bundle, "torch", "cpu").run(films)
    return Trial(bundle, network, films, onnx, eager, autograd_maps(load_network(bundle), films))
