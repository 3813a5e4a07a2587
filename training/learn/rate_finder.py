"""A learning rate to begin with, found by trying: the rate rises from far too low to far too high (Smith 2017,
Cyclical Learning Rates for Training Neural Networks), and the loss falls most steeply where it is about right.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from imaging.progress import CancelToken
from inference.networks.network import FilmNetwork
from training.films.targets import class_weights
from training.learn.batches import Batch, Material, Use, prepared, seed_of
from training.learn.learning import training_mode
from training.learn.loop import new_learner
from training.learn.losses import loss_of
from training.learn.rates import set_rates
from training.plan import PlanError, TrainingPlan

STEPS = 100
LOWEST, HIGHEST = 1e-4, 1e2  # shares of the plan's rates
_SMOOTH = 0.9  # of the mean loss of the steps before
_UNSETTLED = 8  # steps until the mean says anything
_LOST = 4.0  # times the lowest loss: what follows is no learning


class Tried(NamedTuple):
    """One step: the share of the plan's rates that it was taken with, and the smoothed loss before it."""

    share: float
    loss: float


@dataclass(frozen=True, slots=True)
class RateCurve:
    """What was tried, by rising rate. `share` is the one of the plan's rates at which the loss falls most steeply,
    None where it never falls.
    """

    tried: tuple[Tried, ...]
    share: float | None


def find_rate(
    network: FilmNetwork,
    plan: TrainingPlan,
    training: Material,
    token: CancelToken,
    told: Callable[[int, int], None] = lambda step, steps: None,
) -> RateCurve:
    """Train a network, which is of no use afterwards, with a rate that rises with every step.

    Backbone and head keep the ratio of the plan's rates. The same plan and films give the same curve on a CPU. Raises
    PlanError for a plan without a rate, Cancelled.
    """
    if plan.network.mode == "quick":
        raise PlanError("Quick training fits its head without a learning rate: there is none to find.")
    tried: list[Tried] = []
    with contextlib.closing(_losses(network, plan, training)) as losses:
        for step, loss in enumerate(_smoothed(losses)):
            token.check()
            tried.append(Tried(share_at(step), loss))
            told(step + 1, STEPS)
            if not math.isfinite(loss) or loss > _LOST * min(trial.loss for trial in tried):
                break
    return RateCurve(tuple(tried), steepest(tried))


def share_at(step: int) -> float:
    """The share of the plan's rates at a step: each is as many times the one before."""
    return float(LOWEST * (HIGHEST / LOWEST) ** (step / (STEPS - 1)))


def steepest(tried: Sequence[Tried]) -> float | None:
    """The share at which the smoothed loss falls fastest for the rate's logarithm, before it is lowest; or None."""
    losses = np.array([trial.loss for trial in tried if math.isfinite(trial.loss)])[_UNSETTLED:]
    end = int(losses.argmin()) + 1 if len(losses) else 0
    if end < 3:
        return None
    slopes = np.gradient(losses[:end])  # the logarithm rises by the same with every step
    at = int(slopes.argmin())
    return tried[_UNSETTLED + at].share if slopes[at] < 0 else None


def _smoothed(losses: Iterator[float]) -> Iterator[float]:
    """The exponential mean of the losses so far, without the pull of its beginning."""
    mean = 0.0
    for number, loss in enumerate(losses, start=1):
        mean = _SMOOTH * mean + (1.0 - _SMOOTH) * loss
        yield mean / (1.0 - _SMOOTH**number)


def _losses(network: FilmNetwork, plan: TrainingPlan, training: Material) -> Generator[float, None, None]:
    """The loss of each step, before its weights are changed."""
    learner = new_learner(network, plan, torch.device("cuda" if torch.cuda.is_available() else "cpu"))
    weights = torch.from_numpy(class_weights(training.targets, plan.network, plan.learning.balance))
    weights = weights.to(network.mean.device)
    with contextlib.closing(prepared(training, plan, range(STEPS))) as batches:
        for step, parts in batches:
            set_rates(learner.optimiser, share_at(step))
            torch.manual_seed(seed_of(plan.seed, Use.DROPOUT, step))
            training_mode(network, keep_norm=plan.network.keep_norm)
            learner.optimiser.zero_grad(set_to_none=True)
            films = sum(len(part.films) for part in parts)
            loss = sum(_backward(network, plan, weights, part, share=len(part.films) / films) for part in parts)
            yield loss
            learner.optimiser.step()


def _backward(network: FilmNetwork, plan: TrainingPlan, weights: Tensor, batch: Batch, *, share: float) -> float:
    logits, _ = network.training_logits(batch.films.to(weights.device))
    is_softmax = plan.network.outputs == "softmax"
    loss = (
        loss_of(logits.float(), batch.wanted.to(weights.device), weights, plan.learning, is_softmax=is_softmax) * share
    )
    torch.autograd.backward(loss)
    return float(loss.detach())
