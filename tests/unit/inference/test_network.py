from __future__ import annotations

from pathlib import Path

import pytest
import torch

from imaging.errors import NegatoscopeError
from inference.backbones import BACKBONES, BackboneSpec
from inference.export import onnx_graph
from inference.network import build_network, load_start_weights
from inference.preprocess import PreprocessSpec
from inference.trunk_weights import read_tensors
from tests.bundles import card_of, random_network

WEIGHTS = Path(__file__).parents[4] / "shared" / "data" / "weights" / "mobilenet_v2_imagenet.safetensors"


def preprocess(spec: BackboneSpec, size_px: int) -> PreprocessSpec:
    return PreprocessSpec(size_px=size_px, mean=spec.mean, std=spec.std)


@pytest.mark.parametrize("name", BACKBONES)
def test_every_backbone_runs_at_its_smallest_input(name: str) -> None:
    spec = BACKBONES[name]
    assert spec.name == name
    network = build_network(name, 2, preprocess(spec, spec.min_size_px)).eval()
    logits, maps, embedding = network(torch.rand(3, 1, spec.min_size_px, spec.min_size_px))
    assert logits.shape == (3, 2)
    assert maps.shape[:2] == (3, 2)
    assert embedding.shape == (3, spec.channels)


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


@pytest.mark.skipif(not WEIGHTS.is_file(), reason="the published weights are not here")
def test_published_weights_fill_the_whole_backbone() -> None:
    network = build_network("mobilenet_v2", 1, PreprocessSpec())
    head = network.state_dict()["head.weight"].clone()
    load_start_weights(network, read_tensors(WEIGHTS))
    assert torch.equal(network.state_dict()["head.weight"], head)
    assert network.features.state_dict()["0.0.weight"].std() > 0.1


def test_a_file_of_weights_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    (tmp_path / "torn.safetensors").write_bytes(b"\x08")
    for name in ("torn.safetensors", "missing.safetensors"):
        with pytest.raises(NegatoscopeError, match="can't be read"):
            read_tensors(tmp_path / name)
