"""The optimiser of a plan, and the learning rate at each of its steps."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch.nn import Parameter

from training.plan import LearningPlan

_WARM_SHARE, _COLDEST = 0.15, 1e-3  # one cycle: how long it rises, and the share of the rate that it begins with


def make_optimiser(
    backbone: Sequence[Parameter], head: Sequence[Parameter], plan: LearningPlan
) -> torch.optim.Optimizer:
    """The plan's optimiser with one group for the backbone (left out where it is frozen) and one for the head.

    Each group keeps its rate of the plan as `base`. `weight_decay` is L2 for SGD, Adam and Adamax, and decoupled for
    AdamW (Loshchilov 2019).
    """
    groups = [
        {"params": list(own), "lr": rate, "base": rate}
        for own, rate in ((backbone, plan.rate), (head, plan.head_rate))
        if own
    ]
    match plan.optimiser:
        case "sgd":
            return torch.optim.SGD(groups, momentum=0.9, nesterov=True, weight_decay=plan.weight_decay)
        case "adam":
            return torch.optim.Adam(groups, weight_decay=plan.weight_decay)
        case "adamax":
            return torch.optim.Adamax(groups, weight_decay=plan.weight_decay)
        case "adamw":
            return torch.optim.AdamW(groups, weight_decay=plan.weight_decay)


def set_rates(optimiser: torch.optim.Optimizer, share: float) -> None:
    """Let every group learn at this share of its rate of the plan."""
    for group in optimiser.param_groups:
        group["lr"] = group["base"] * share


def schedule_share(plan: LearningPlan, step: int, steps: int) -> float:
    """The share of the plan's rate at one of `steps` steps, from 0. The plateau schedule falls by epochs instead."""
    done = step / max(steps - 1, 1)
    match plan.schedule:
        case "cosine":
            return 0.5 * (1.0 + math.cos(math.pi * done))
        case "one_cycle" if done < _WARM_SHARE:
            return _COLDEST + (1.0 - _COLDEST) * 0.5 * (1.0 - math.cos(math.pi * done / _WARM_SHARE))
        case "one_cycle":
            return 0.5 * (1.0 + math.cos(math.pi * (done - _WARM_SHARE) / (1.0 - _WARM_SHARE)))
        case _:
            return 1.0
