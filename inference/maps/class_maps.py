"""Grad-CAM in closed form: from last activations and the gradient of the head to class maps (contract.md, Grad-CAM).

For label c the map is sum_k mean(d logit_c / d A_k) * A_k, raw. Every head sees A through a pooling that is linear, or
picks values (a maximum): the mean gradient over A's cells is known without going through A again.
"""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, cat, nn

Grid = tuple[int, int]  # height and width of a map in cells
FLATTEN_POOL = 2


def pooled(activations: Sequence[Tensor]) -> Tensor:
    """Averages over the cells of activations [N, C_i, h_i, w_i], concatenated: [N, sum C_i], the embedding."""
    averages = [activation.mean(dim=(2, 3)) for activation in activations]
    return averages[0] if len(averages) == 1 else cat(averages, dim=1)


def flattened(activation: Tensor) -> Tensor:
    """An activation [N, C, h, w] pooled 2 x 2 by maximum, then flattened to [N, C * (h // 2) * (w // 2)]."""
    return nn.functional.max_pool2d(activation, FLATTEN_POOL).flatten(1)


def map_of_average(activation: Tensor, gradient: Tensor) -> Tensor:
    """The maps [N, K, h, w] of A [N, C, h, w] seen as its average; gradient: d logit / d average, [K, C] or [N, K, C].

    d logit / d A_k is gradient_k / (h * w) in every cell (Selvaraju 2017, appendix A).
    """
    return _weighted(activation, gradient) / (activation.shape[2] * activation.shape[3])


def map_of_flattened(activation: Tensor, gradient: Tensor) -> Tensor:
    """The maps [N, K, h, w] of A seen through `flattened`; gradient: d logit / d vector, [K, D] or [N, K, D].

    A maximum hands its gradient to one cell of A, so that the mean over A's cells is the sum over the vector's cells of
    one channel, divided by the number of A's.
    """
    by_channel = gradient.reshape(*gradient.shape[:-1], activation.shape[1], -1).sum(dim=-1)
    return map_of_average(activation, by_channel)


def _weighted(activation: Tensor, weights: Tensor) -> Tensor:
    """sum_k weights_k * A_k: for weights [K, C] of all films alike a 1x1 convolution, for [N, K, C] a product."""
    if weights.dim() == 2:
        return nn.functional.conv2d(activation, weights[:, :, None, None])
    flat = weights @ activation.flatten(2)
    return flat.reshape(-1, weights.shape[1], activation.shape[2], activation.shape[3])
