"""Grad-CAM's arithmetic where the table's smallest inputs do not reach: grids of two sizes, odd grids, HiResCAM."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch

from inference.backbones import BACKBONES, MOBILENET_V3, TINY, stack
from inference.cam import autograd_maps, hires_maps
from inference.class_maps import finest, sum_on_grid
from inference.engine import INPUT
from inference.export import onnx_graph
from inference.head_spec import LINEAR, HeadSpec
from inference.models_verify import relative_difference
from inference.network import FilmNetwork, grids
from inference.preprocess import PreprocessSpec
from tests.networks import card_for, cloudy_films, stirred, trial

DENSE = HeadSpec(hidden=(24, 16))


def test_a_coarser_map_is_laid_on_the_finer_grid_by_its_cells_centres() -> None:
    coarse, fine = torch.tensor([[[[0.0, 1.0]]]]), torch.tensor([[[[10.0, 20.0, 30.0, 40.0]]]])
    total = sum_on_grid([coarse, fine], (1, 4))
    assert total.flatten().tolist() == pytest.approx([10.0, 20.25, 30.75, 41.0])
    assert torch.equal(sum_on_grid([fine], (1, 4)), fine)
    assert finest([(2, 2), (10, 10), (5, 5)]) == (10, 10)


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
