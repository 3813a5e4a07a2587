"""`Stack`: several backbones side by side on the same films."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn


class Stack(nn.Module):
    """From films to the last activations of all members, [N, C_i, h_i, w_i] each, in their order."""

    def __init__(self, members: Sequence[nn.Module]) -> None:
        super().__init__()
        self.members = nn.ModuleList(members)

    def forward(self, films: Tensor) -> tuple[Tensor, ...]:
        return tuple(member(films) for member in self.members)
