"""Grad-CAM's arithmetic where the table's smallest inputs do not reach: grids of two sizes, odd grids, HiResCAM."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from inference.bundles.export import onnx_graph
from inference.bundles.models_verify import relative_difference
from inference.engines.engine import INPUT
from inference.engines.onnx_door import onnxruntime
from inference.maps.cam import autograd_maps, hires_maps
from inference.networks.backbones import BACKBONES, DENSENET169, MOBILENET_V2, MOBILENET_V3, TINY, Cells, stack
from inference.networks.head_spec import LINEAR, HeadSpec
from inference.networks.network import FilmNetwork, grids
from inference.networks.stack import GridSum, reading
from inference.scoring.preprocess import PreprocessSpec
from tests.networks import card_for, cloudy_films, stirred, trial

DENSE = HeadSpec(hidden=(24, 16))


def test_maps_are_added_where_their_cells_look() -> None:
    """Cells of 4 px beside each other, from 2 px on; of 8 px, from 4 px on; of 8 px as well, but 4 px further."""
    fine, coarse, moved = Cells(2.0, 4.0), Cells(4.0, 8.0), Cells(8.0, 8.0)
    values = torch.tensor([0.0, 1.0])
    assert (reading(coarse, 2, fine, 4) @ values).tolist() == pytest.approx([0.0, 0.25, 0.75, 1.0])
    assert (reading(moved, 2, fine, 4) @ values).tolist() == pytest.approx([0.0, 0.0, 0.25, 0.75])
    assert torch.equal(reading(fine, 4, fine, 4), torch.eye(4))


def test_the_grid_of_a_stack_is_that_of_its_finest_member() -> None:
    both = stack(MOBILENET_V2, DENSENET169)
    assert (both.finest, both.cells) == (0, MOBILENET_V2.cells)
    assert (stack(DENSENET169, MOBILENET_V2).finest, stack(DENSENET169, TINY).finest) == (0, 1)
    lone = BACKBONES["tiny"]
    assert (lone.finest, lone.parts) == (0, (lone,))
    sums = GridSum(both, [(7, 7), (7, 7)])
    peak = torch.zeros(1, 1, 7, 7)
    peak[0, 0, 2, 5] = 32.0
    # DenseNet's cells look 14 px further down and to the right than MobileNetV2's, which are 32 px apart.
    found = sums([torch.zeros(1, 1, 7, 7), peak])[0, 0]
    assert found[2:4, 5:7].flatten().tolist() == pytest.approx([18 * 18 / 32, 18 * 14 / 32, 14 * 18 / 32, 14 * 14 / 32])
    assert float(found.sum()) == pytest.approx(32.0)


@pytest.mark.parametrize("head", [LINEAR, DENSE], ids=["linear", "dense"])
def test_a_second_stack_is_one_line_and_its_grids_may_differ(head: HeadSpec) -> None:
    spec = stack(TINY, MOBILENET_V3)
    assert (spec.name, spec.channels, spec.input_channels) == ("stack_tiny_mobilenet_v3", 96 + 960, 1)
    assert grids(spec, 80) == ((10, 10), (3, 3))
    films = cloudy_films(80, count=3)
    network = stirred(FilmNetwork(spec, 2, PreprocessSpec(size_px=80, mean=(0.5,), std=(0.25,)), head), films)
    reference = autograd_maps(network, films)
    session = onnxruntime.InferenceSession(onnx_graph(network, 80), providers=["CPUExecutionProvider"])
    maps = session.run(["class_maps"], {INPUT: films})[0]
    assert maps.shape == (3, 2, 10, 10)
    assert relative_difference(maps, reference) <= 1e-4
    with torch.inference_mode():
        assert relative_difference(network(torch.from_numpy(films))[1].numpy(), reference) <= 1e-4


@pytest.mark.parametrize("channels", [1, 3])
def test_an_odd_grid_is_flattened_exactly(tmp_path: Path, channels: int) -> None:
    """At 150 px A has 9 x 9 cells, of which the pooling before the head leaves 4 x 4."""
    tried = trial(tmp_path / "odd@1", card_for(BACKBONES["sequential_cnn"], DENSE, 150, channels), cloudy_films(150))
    assert tried.onnx.class_maps.shape == (7, 3, 9, 9)
    assert tried.cam_difference() <= 1e-4
    assert tried.score_difference() <= 1e-4


def test_hires_cam_is_grad_cam_where_the_head_sees_averages() -> None:
    films = cloudy_films(64, count=2)
    for head in (LINEAR, DENSE):
        network = FilmNetwork(TINY, 2, PreprocessSpec(size_px=64, mean=(0.5,), std=(0.25,)), head)
        network = stirred(network, films)
        assert relative_difference(hires_maps(network, films), autograd_maps(network, films)) <= 1e-12


def test_hires_cam_of_a_flattened_linear_head_adds_up_to_the_logit() -> None:
    """Draelos and Carin 2020: its cells are what the logit is made of. Grad-CAM's are not."""
    films = cloudy_films(64, count=2)
    preprocess = PreprocessSpec(size_px=64, mean=(0.5,), std=(0.25,))
    network = stirred(FilmNetwork(BACKBONES["sequential_cnn"], 2, preprocess), films)
    with torch.inference_mode():
        logits = network(torch.from_numpy(films))[0].numpy() - network.state_dict()["head.bias"].numpy()
    assert np.allclose(hires_maps(network, films).sum(axis=(2, 3)), logits, atol=1e-4)
    assert not np.allclose(autograd_maps(network, films).sum(axis=(2, 3)), logits, atol=1e-2)
