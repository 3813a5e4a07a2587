"""Published and stored weights in the trunks, weights for three channels in one, and the blocks to be frozen."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from imaging.errors import NegatoscopeError
from inference.networks.backbones import BACKBONES, BackboneSpec
from inference.networks.network import FilmNetwork, build_network, load_start_weights, stages
from inference.networks.torchvision_door import torchvision_models
from inference.scoring.preprocess import PreprocessSpec

WEIGHTS = Path(__file__).parents[4] / "shared" / "data" / "weights" / "mobilenet_v2_imagenet.safetensors"
PUBLISHED = [spec for spec in BACKBONES.values() if spec.published]
THREE_CHANNELS = [spec for spec in BACKBONES.values() if spec.input_channels == 3]


def by_name(spec: BackboneSpec) -> str:
    return spec.name


def network_for(spec: BackboneSpec, channels: int = 3) -> FilmNetwork:
    given = PreprocessSpec(size_px=spec.min_size_px, mean=(0.45,) * channels, std=(0.25,) * channels)
    return build_network(spec.name, 2, given).eval()


def torchvision_network(spec: BackboneSpec) -> nn.Module:
    """The whole network as torchvision makes it, with batch-norm statistics of no particular kind."""
    name = {"mobilenet_v3": "mobilenet_v3_large"}.get(spec.name, spec.name)
    kind: dict[str, Any] = {"init_weights": True} if name == "inception_v3" else {}
    network: nn.Module = getattr(torchvision_models(), name)(weights=None, **kind)
    for key, buffer in network.named_buffers():
        if key.endswith(("running_mean", "running_var")):
            buffer.uniform_(0.5, 1.5)
    return network.eval()


def published(network: nn.Module) -> dict[str, Tensor]:
    """Its tensors as published files hold them: older ones lack the count of batches."""
    return {name: value for name, value in network.state_dict().items() if not name.endswith("num_batches_tracked")}


def pooled_by_torchvision(spec: BackboneSpec, network: nn.Module, films: Tensor) -> Tensor:
    """What torchvision's own classifier would see; of VGG16, whose pooling is another, the mean of the last ReLU."""
    if spec.name == "vgg16":
        features = network.get_submodule("features")
        assert isinstance(features, nn.Sequential)
        activation: Tensor = features[:-1](films)
        return activation.mean(dim=(2, 3))
    setattr(network, "fc" if hasattr(network, "fc") else "classifier", nn.Flatten())
    seen: Tensor = network(films)
    return seen


@pytest.mark.parametrize("spec", PUBLISHED, ids=by_name)
def test_published_weights_make_the_backbone_what_torchvision_runs(spec: BackboneSpec) -> None:
    whole, network = torchvision_network(spec), network_for(spec)
    head = {name: value.clone() for name, value in network.head.state_dict().items()}
    load_start_weights(network, published(whole))
    films = torch.rand(2, 1, spec.min_size_px, spec.min_size_px)
    with torch.inference_mode():
        expected = pooled_by_torchvision(spec, whole, network.normalise(films).expand(-1, 3, -1, -1))
        assert torch.allclose(network(films)[2], expected, rtol=1e-4, atol=1e-5 * float(expected.abs().max()))
    assert all(torch.equal(value, head[name]) for name, value in network.head.state_dict().items())


@pytest.mark.parametrize("spec", PUBLISHED, ids=by_name)
def test_the_table_names_a_file_that_torchvision_publishes(spec: BackboneSpec) -> None:
    assert spec.published is not None
    models = torchvision_models()
    name = {"mobilenet_v3": "mobilenet_v3_large"}.get(spec.name, spec.name)
    found = {weights.url: weights for weights in models.get_model_weights(name)}
    transforms = found[spec.published.url].transforms()
    assert spec.weights_licence
    if spec.name != "inception_v3":  # torchvision changes its input inside the model: see the table
        assert (list(spec.mean), list(spec.std)) == (list(transforms.mean), list(transforms.std))


@pytest.mark.parametrize("spec", THREE_CHANNELS, ids=by_name)
def test_folded_into_one_channel_a_network_says_the_same_of_grey_films(spec: BackboneSpec) -> None:
    rgb, grey = network_for(spec), network_for(spec, channels=1)
    load_start_weights(grey, rgb.weights())
    grey.head.load_state_dict(rgb.head.state_dict())
    films = torch.rand(3, 1, spec.min_size_px, spec.min_size_px)
    with torch.inference_mode():
        for one, three in zip(grey(films), rgb(films), strict=True):
            assert torch.allclose(one, three, rtol=1e-3, atol=1e-4 * float(three.abs().max()))
    first = next(part for part in grey.features.modules() if isinstance(part, nn.Conv2d))
    assert first.in_channels == first.weight.shape[1] == 1


def test_the_names_of_densenets_old_file_are_understood() -> None:
    network = network_for(BACKBONES["densenet121"])
    old = {
        re.sub(r"(denselayer\d+\.(?:norm|conv))([12])", r"\1.\2", name): value + 1.0
        for name, value in network.weights().items()
        if value.is_floating_point()
    }
    assert "features.denseblock1.denselayer1.norm.1.weight" in old
    before = network.features.state_dict()["denseblock4.denselayer16.norm2.bias"].clone()
    load_start_weights(network, old)
    assert torch.equal(network.features.state_dict()["denseblock4.denselayer16.norm2.bias"], before + 1.0)


def test_a_stack_takes_one_file_for_each_member_or_those_of_another_stack() -> None:
    spec = BACKBONES["stack_mobilenet_v2_densenet169"]
    network, other = network_for(spec), network_for(spec)
    for number, member in enumerate(spec.members):
        load_start_weights(network, network_for(member).weights(), number)
    with pytest.raises(NegatoscopeError, match="another network"):
        load_start_weights(network, network_for(spec.members[0]).weights(), 1)
    load_start_weights(network, other.weights())
    mine, theirs = network.features.state_dict(), other.features.state_dict()
    assert all(torch.equal(value, theirs[name]) for name, value in mine.items())


def spoilt(tensors: dict[str, Tensor], change: str) -> dict[str, Tensor]:
    name = "features.1.0.weight"
    if change == "missing":
        return {key: value for key, value in tensors.items() if key != name}
    if change == "unknown":
        return tensors | {"features.9.0.weight": torch.zeros(1)}
    if change == "misshaped":
        return tensors | {name: torch.zeros(3, 3)}
    if change == "whole numbers":
        return tensors | {name: tensors[name].to(torch.int64)}
    return tensors | {name: torch.full_like(tensors[name], torch.nan)}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("missing", "belong to another network"),
        ("unknown", "belong to another network"),
        ("misshaped", r"another network: 1.0.weight has the shape \(3, 3\), not \(32, 16, 3, 3\)"),
        ("whole numbers", "belong to another network"),
        ("no numbers", "damaged: 1.0.weight holds values that are no numbers"),
    ],
)
def test_weights_that_do_not_fit_are_refused_and_change_nothing(change: str, words: str) -> None:
    network, other = network_for(BACKBONES["tiny"], 1), network_for(BACKBONES["tiny"], 1)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    with pytest.raises(NegatoscopeError, match=words):
        load_start_weights(network, spoilt(other.weights(), change))
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())


@pytest.mark.skipif(not WEIGHTS.is_file(), reason="the published weights are not here")
def test_converted_imagenet_weights_fill_the_whole_backbone() -> None:
    network = network_for(BACKBONES["mobilenet_v2"])
    load_start_weights(network, load_file(WEIGHTS))
    assert network.features.state_dict()["0.0.weight"].std() > 0.1


@pytest.mark.parametrize("name", BACKBONES)
def test_the_stages_hold_every_weight_of_the_backbone_once(name: str) -> None:
    with torch.device("meta"):
        network = network_for(BACKBONES[name], BACKBONES[name].input_channels)
    found = [id(weight) for stage in stages(network) for weight in stage.parameters()]
    assert len(found) == len(set(found))
    assert set(found) == {id(weight) for weight in network.features.parameters()}
    assert len(stages(network)) >= 5
    first = next(network.features.parameters())
    assert any(weight is first for weight in stages(network)[0].parameters())


def test_the_stages_of_a_stack_go_equally_deep_in_all_members() -> None:
    with torch.device("meta"):
        network = network_for(BACKBONES["stack_mobilenet_v2_densenet169"])
    members = [
        set(map(id, member.parameters())) for member in network.features.children() for member in member.children()
    ]
    for stage in stages(network):
        assert all(any(id(weight) in member for weight in stage.parameters()) for member in members)
