"""Stacks: several backbones side by side on the same films, and the sum of their maps."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from inference.maps.class_maps import Grid
from inference.networks.backbones import BackboneSpec, Cells


class Stack(nn.Module):
    """From films to the last activations of all members, [N, C_i, h_i, w_i] each, in their order."""

    def __init__(self, members: Sequence[nn.Module]) -> None:
        super().__init__()
        self.members = nn.ModuleList(members)

    def forward(self, films: Tensor) -> tuple[Tensor, ...]:
        return tuple(member(films) for member in self.members)


class GridSum(nn.Module):
    """The sum of the members' maps, [N, K, h_i, w_i], on the grid of the finest member, for films of one size.

    A map is read, bilinearly between the centres of its own cells, where the cells of the finest grid look; beyond its
    outermost centres its edge holds. Grids of as many cells can look at different places: DenseNet's cells look 14 px
    beside MobileNetV2's. Grids are square, as films are.
    """

    def __init__(self, spec: BackboneSpec, grids: Sequence[Grid]) -> None:
        super().__init__()
        self.finest = spec.finest
        count = grids[spec.finest][0]
        for number, (part, grid) in enumerate(zip(spec.parts, grids, strict=True)):
            self.register_buffer(_onto(number), reading(part.cells, grid[0], spec.cells, count), persistent=False)

    def forward(self, maps: Sequence[Tensor]) -> Tensor:
        total = maps[self.finest]
        for number, part in enumerate(maps):
            if number != self.finest:
                onto = self.get_buffer(_onto(number))
                total = total + onto @ part @ onto.T
        return total


def reading(given: Cells, count: int, wanted: Cells, wanted_count: int) -> Tensor:
    """Weights [wanted_count, count] that read values at the centres of one grid from another, along one axis."""
    centres_px = wanted.first_px + wanted.step_px * torch.arange(wanted_count)
    place = ((centres_px - given.first_px) / given.step_px).clamp(0, count - 1)
    return (1 - (place[:, None] - torch.arange(count)).abs()).clamp(min=0)


def _onto(number: int) -> str:
    return f"onto_{number}"
