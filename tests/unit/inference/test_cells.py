from __future__ import annotations

import numpy as np
import pytest
import torch

from imaging.heatmap import GridRect
from inference.maps.cells import cells_rect
from inference.networks.backbones import BACKBONES
from inference.scoring.preprocess import PreprocessSpec
from tests.bundles import card_of

# One of each family: the others have the same kernels, strides and paddings on their way.
FAMILIES = (
    "mobilenet_v3", "densenet121", "efficientnet_b0", "resnet18", "vgg16", "inception_v3", "convnext_tiny",
    "sequential_cnn", "tiny", "tiny_fine",
)  # fmt: skip
# Networks whose cells see the whole film see little beyond its edge: their centres are drawn towards its middle.
SLACK_PX = {"inception_v3": 16.0}
SLACK = 0.16  # of a cell, for all others; an even grid would be half a cell off
SIZE_PX = {"inception_v3": 299, "sequential_cnn": 150, "tiny": 96, "tiny_fine": 64}


@pytest.mark.parametrize("name", FAMILIES)
def test_the_table_says_where_the_cells_of_each_backbone_look(name: str) -> None:
    """The centre of what moves a cell in the middle, over random weights: not the centre of an even grid's square."""
    spec, side_px = BACKBONES[name], SIZE_PX.get(name, 128)
    with torch.random.fork_rng():
        torch.manual_seed(3)
        trunk = spec.build(1).eval()
        film = torch.rand(1, 1, side_px, side_px, requires_grad=True)
        activation = trunk(film)
        cell = activation.shape[3] // 2
        mixed = [(activation[0, :, cell, cell] * torch.randn(spec.channels)).sum() for _ in range(2)]
    moved = sum(torch.autograd.grad(value, film, retain_graph=True)[0][0, 0] ** 2 for value in mixed)
    assert isinstance(moved, torch.Tensor)
    along = (moved.sum(dim=0) + moved.sum(dim=1)).double().numpy()
    centre_px = float(np.average(np.arange(side_px) + 0.5, weights=along))
    expected = spec.cells.first_px + spec.cells.step_px * cell
    assert centre_px == pytest.approx(expected, abs=SLACK_PX.get(name, SLACK * spec.cells.step_px))


def test_a_grid_lies_about_the_centres_of_its_cells() -> None:
    wide = card_of(backbone="mobilenet_v2", preprocess=PreprocessSpec(size_px=224))
    assert cells_rect(wide, (7, 7)) == GridRect(-15.5 / 224, -15.5 / 224, 1.0, 1.0)
    even = card_of(backbone="vgg16", preprocess=PreprocessSpec(size_px=224))
    assert cells_rect(even, (14, 14)) == GridRect()
