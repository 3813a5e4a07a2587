"""What a network is punished for: cross-entropy, binary cross-entropy, and the focal loss of either kind."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from training.plan import LearningPlan


def loss_of(logits: Tensor, wanted: Tensor, weights: Tensor, plan: LearningPlan, *, is_softmax: bool) -> Tensor:
    """The mean loss of a batch, a scalar.

    logits, wanted: float32 [N, K]; `wanted` holds targets 0 to 1, which sum to one a film for a softmax.
    weights: float32 [K], of `targets.class_weights`. The focal loss (Lin 2017) counts what is right already less, by
    (1 - p) ** gamma of the probability p given to the truth.
    """
    gamma = plan.focal_gamma if plan.loss == "focal" else 0.0
    if is_softmax:
        shares = functional.log_softmax(logits, dim=1)
        return -(wanted * weights * (1.0 - shares.exp()) ** gamma * shares).sum(dim=1).mean()
    each = functional.binary_cross_entropy_with_logits(logits, wanted, pos_weight=weights, reduction="none")
    right = torch.sigmoid(logits) * wanted + torch.sigmoid(-logits) * (1.0 - wanted)
    return ((1.0 - right) ** gamma * each).mean()
