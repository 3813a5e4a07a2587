"""Labels as the numbers that a network is held against, and how much each counts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from training.plan import Balance, LearningPlan, NetworkPlan

Floats32 = npt.NDArray[np.float32]


def targets_of(labels_of: Sequence[Sequence[str]], labels: Sequence[str], normal: str | None, outputs: str) -> Floats32:
    """Targets [N, K], 0 or 1, of films with these labels: K is 1 for one logit (the finding), else one for each label.

    `outputs` is that of NetworkPlan; `normal` is the label that is no finding, None where there is none.
    """
    if outputs == "one_logit":
        return np.array([[any(label != normal for label in own)] for own in labels_of], np.float32)
    return np.array([[label in own for label in labels] for own in labels_of], np.float32)


def class_weights(targets: Floats32, network: NetworkPlan, balance: Balance) -> Floats32:
    """How much each output counts, float32 [K], so that rare classes weigh as much as frequent ones; ones for none.

    For a softmax the weight of a class, N / (K * its films); else that of an ill film, the healthy ones over the ill.
    """
    films, outputs = targets.shape
    found = targets.sum(axis=0)
    if balance != "weights":
        return np.ones(outputs, np.float32)
    if network.outputs == "softmax":
        return np.asarray(films / (outputs * np.maximum(found, 1)), np.float32)
    return np.asarray((films - found) / np.maximum(found, 1), np.float32)


def judging_weights(targets: Floats32, network: NetworkPlan, balance: Balance) -> Floats32:
    """The weights by which a plan that balances classes, by weights or by drawing films, is judged; else ones."""
    return class_weights(targets, network, "none" if balance == "none" else "weights")


def sampling_weights(targets: Floats32, balance: Balance) -> npt.NDArray[np.float64] | None:
    """How likely each film is to be drawn, float64 [N] with the sum 1, so that films of every class come equally often.

    None where every film comes once an epoch. Films with the same set of findings are a class.
    """
    if balance != "sampling":
        return None
    _, group, counts = np.unique(targets, axis=0, return_inverse=True, return_counts=True)
    each = 1.0 / counts[group.reshape(-1)]
    return np.asarray(each / each.sum(), np.float64)


def softened(wanted: Tensor, plan: LearningPlan, *, is_softmax: bool) -> Tensor:
    """Targets [N, K] with label smoothing (Szegedy 2016): a part of the certainty is given to the other classes."""
    share = plan.label_smoothing
    return wanted * (1.0 - share) + share / (wanted.shape[1] if is_softmax else 2.0)


def mixed(films: Tensor, wanted: Tensor, alpha: float, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
    """Films [N, 1, S, S] and targets [N, K] blended with those of other films of the batch (mixup, Zhang 2018).

    The share is drawn from Beta(alpha, alpha); `alpha` 0 changes nothing.
    """
    if alpha == 0:
        return films, wanted
    share = float(rng.beta(alpha, alpha))
    order = torch.from_numpy(rng.permutation(len(films)))
    return films * share + films[order] * (1.0 - share), wanted * share + wanted[order] * (1.0 - share)
