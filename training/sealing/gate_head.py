"""The small network that tells a frontal chest film from everything else by its layout."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import nn
from torch.nn import functional

from inference.engines.engine import Floats

_HIDDEN, _BATCH, _EPOCHS = 128, 128, 20
_RATE, _DECAY, _SMOOTHING = 3e-3, 1e-3, 0.02
_DROP_INPUT, _DROP_HIDDEN = 0.2, 0.3


@dataclass(frozen=True, slots=True, eq=False)
class Head:
    """One hidden layer with a ReLU: hidden [H, D], hidden_bias [H], output [K, H], output_bias [K], float32."""

    hidden: Floats
    hidden_bias: Floats
    output: Floats
    output_bias: Floats


def fit_head(layouts: Floats, looks: npt.NDArray[np.int64], count: int, seed: int) -> Head:
    """Fit to layouts, float32 [N, D], and what they show, int64 [N] below `count`. The same input gives the same head.

    Dropout on the input keeps it from leaning on any one edge, which a photograph may have too.
    """
    mean, scale = layouts.mean(axis=0), layouts.std(axis=0) + 0.02
    inputs, targets = torch.from_numpy((layouts - mean) / scale), torch.from_numpy(looks)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        first, last = nn.Linear(layouts.shape[1], _HIDDEN), nn.Linear(_HIDDEN, count)
        network = nn.Sequential(nn.Dropout(_DROP_INPUT), first, nn.ReLU(), nn.Dropout(_DROP_HIDDEN), last)
        _train(network, inputs, targets)
    hidden = first.weight.detach().numpy() / scale
    bias = first.bias.detach().numpy() - hidden @ mean
    return Head(
        np.ascontiguousarray(hidden, np.float32),
        np.ascontiguousarray(bias, np.float32),
        last.weight.detach().numpy().copy(),
        last.bias.detach().numpy().copy(),
    )


def _train(network: nn.Module, inputs: torch.Tensor, targets: torch.Tensor) -> None:
    optimiser = torch.optim.AdamW(network.parameters(), _RATE, weight_decay=_DECAY)
    batches = -(-len(inputs) // _BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, _RATE, total_steps=_EPOCHS * batches)
    network.train()
    for _ in range(_EPOCHS):
        order = torch.randperm(len(inputs))
        for start in range(0, len(inputs), _BATCH):
            chosen = order[start : start + _BATCH]
            loss = functional.cross_entropy(network(inputs[chosen]), targets[chosen], label_smoothing=_SMOOTHING)
            optimiser.zero_grad()
            torch.autograd.backward(loss)
            optimiser.step()
            schedule.step()
