from __future__ import annotations

import math

import onnx
import pytest
import torch

from inference.bundles.export import onnx_graph
from inference.networks.auxiliary import AuxiliaryHead
from inference.networks.backbones import BACKBONES, INCEPTION_V3
from inference.networks.head_spec import HeadSpec
from inference.networks.heads import make_head
from inference.networks.network import FilmNetwork, build_network
from inference.scoring.preprocess import PreprocessSpec

PREPROCESS = PreprocessSpec(size_px=107, mean=INCEPTION_V3.mean, std=INCEPTION_V3.std)


@pytest.mark.parametrize("hidden", [(), (6,), (6, 5)])
@pytest.mark.parametrize("batch_norm", [True, False])
def test_the_gradient_is_that_of_autograd(hidden: tuple[int, ...], *, batch_norm: bool) -> None:
    torch.manual_seed(0)
    head = make_head(8, 3, HeadSpec(hidden, batch_norm, dropout=0.5)).double()
    head(torch.randn(40, 8, dtype=torch.float64))  # batch norm takes statistics
    head.eval()
    features = torch.randn(5, 8, dtype=torch.float64, requires_grad=True)
    logits, gradient = head.with_gradient(features)
    assert torch.equal(logits, head(features))
    for label in range(3):
        (expected,) = torch.autograd.grad(logits[:, label].sum(), features, retain_graph=True)
        assert torch.allclose(gradient.expand(5, -1, -1)[:, label], expected, atol=1e-12)


@pytest.mark.parametrize("hidden", [(), (6,)])
def test_dropout_works_in_training_alone(hidden: tuple[int, ...]) -> None:
    head = make_head(8, 2, HeadSpec(hidden, batch_norm=False, dropout=0.5))
    features = torch.randn(4, 8)
    assert not torch.equal(head(features), head(features))
    head.eval()
    assert torch.equal(head(features), head(features))


@pytest.fixture(scope="module")
def inception() -> FilmNetwork:
    return build_network("inception_v3", 2, PREPROCESS, auxiliary=True)


def test_the_auxiliary_head_trains_the_blocks_before_it(inception: FilmNetwork) -> None:
    logits, auxiliary = inception.train().training_logits(torch.rand(2, 1, 107, 107))
    assert auxiliary is not None
    assert logits.shape == auxiliary.shape == (2, 2)
    inception.zero_grad()
    torch.autograd.backward(auxiliary.sum())
    trained = {
        name
        for name, block in inception.features.named_children()
        if any(weight.grad is not None for weight in block.parameters())
    }
    assert {"Conv2d_1a_3x3", "Mixed_6e"} <= trained
    assert not {"Mixed_7a", "Mixed_7c"} & trained


def test_the_auxiliary_head_is_no_part_of_weights_and_graph(inception: FilmNetwork) -> None:
    served = inception.weights()
    assert served.keys() == build_network("inception_v3", 2, PREPROCESS).state_dict().keys()
    assert inception.state_dict().keys() - served.keys() >= {"auxiliary.fc.weight", "auxiliary.conv0.conv.weight"}
    graph = onnx.load_model_from_string(onnx_graph(inception, 107)).graph
    values = sum(math.prod(tensor.dims) for tensor in graph.initializer)
    assert 0.9 * values < sum(tensor.numel() for tensor in served.values()) < 1.05 * values


def test_training_logits_are_those_of_serving(inception: FilmNetwork) -> None:
    films = torch.rand(2, 1, 107, 107)
    with torch.inference_mode():
        assert torch.allclose(inception.eval().training_logits(films)[0], inception(films)[0], atol=1e-6)


def test_other_backbones_have_no_auxiliary_head() -> None:
    network = build_network("tiny", 1, PreprocessSpec(size_px=32, mean=(0.5,), std=(0.25,)), auxiliary=True)
    assert network.auxiliary is None
    assert network.training_logits(torch.rand(2, 1, 32, 32))[1] is None
    assert [name for name, spec in BACKBONES.items() if spec.auxiliary] == ["inception_v3"]


@pytest.mark.parametrize("cells", [5, 17, 20])
def test_the_auxiliary_head_takes_films_of_any_size(cells: int) -> None:
    assert INCEPTION_V3.auxiliary is not None
    head = AuxiliaryHead(INCEPTION_V3.auxiliary, 3)
    assert head(torch.rand(2, 768, cells, cells)).shape == (2, 3)
