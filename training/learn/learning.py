"""What every way of training does at each step: which layers learn, and the average of the weights that is kept."""

from __future__ import annotations

import torch
from torch.nn.modules.batchnorm import _BatchNorm

from inference.networks.network import FilmNetwork


def training_mode(network: FilmNetwork, *, keep_norm: bool) -> None:
    """Batch norm of the backbone keeps its statistics where wanted; that of a dense head is new and never does."""
    network.train()
    if keep_norm:
        for module in network.features.modules():
            if isinstance(module, _BatchNorm):
                module.eval()


def move_average(averaged: FilmNetwork, network: FilmNetwork, number: int, over_steps: int) -> None:
    """Move the averaged weights towards the present ones; early steps count less, as the average is still short."""
    share = max(1.0 / over_steps, 1.0 - (1.0 + number) / (10.0 + number))
    with torch.no_grad():
        for target, source in zip(averaged.state_dict().values(), network.state_dict().values(), strict=True):
            if source.is_floating_point():
                target.lerp_(source, share)
            else:
                target.copy_(source)
