from __future__ import annotations

import pytest
import torch

from imaging.errors import NegatoscopeError
from inference.bundles.export import onnx_graph
from inference.networks.backbones import BACKBONES, BackboneSpec
from inference.networks.network import build_network
from inference.scoring.preprocess import PreprocessSpec
from tests.bundles import card_of, random_network


def preprocess(spec: BackboneSpec, size_px: int) -> PreprocessSpec:
    return PreprocessSpec(size_px=size_px, mean=spec.mean, std=spec.std)


@pytest.mark.parametrize("name", BACKBONES)
def test_what_does_not_fit_the_backbone_is_refused(name: str) -> None:
    spec = BACKBONES[name]
    with pytest.raises(NegatoscopeError, match="pixels at least"):
        build_network(name, 1, preprocess(spec, spec.min_size_px - 1))
    with pytest.raises(NegatoscopeError, match="channel"):
        build_network(name, 1, PreprocessSpec(size_px=64, mean=(0.5, 0.5), std=(0.2, 0.2)))


def test_grey_becomes_three_normalised_channels() -> None:
    network = build_network("mobilenet_v2", 1, PreprocessSpec())
    grey = torch.full((1, 1, 2, 2), 0.5)
    expected = [(0.5 - 0.485) / 0.229, (0.5 - 0.456) / 0.224, (0.5 - 0.406) / 0.225]
    assert network.normalise(grey)[0, :, 0, 0].tolist() == pytest.approx(expected, abs=1e-6)


def test_exporting_leaves_the_mode_as_it_was() -> None:
    network = random_network(card_of()).train()
    first = onnx_graph(network, 64)
    assert network.training
    assert onnx_graph(network.eval(), 64) == first
    assert not network.training
