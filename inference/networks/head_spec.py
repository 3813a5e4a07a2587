"""`HeadSpec`: what stands between a backbone's features and the logits. Free of torch: cards are read without it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class HeadSpec:
    """Dense layers of the widths `hidden`, each with batch norm (where wanted), ReLU and dropout, then a linear layer.

    No hidden layers make a linear head. `dropout` is the share of values that training leaves out before each layer.
    """

    hidden: tuple[int, ...] = ()
    batch_norm: bool = True
    dropout: float = 0.0


LINEAR = HeadSpec()
