"""Grad-CAM by autograd in float64, straight from its definition: the reference that the closed form is held against."""

from __future__ import annotations

import copy

import numpy as np
import numpy.typing as npt
import torch

from inference.engine import Floats
from inference.network import FilmNetwork


def autograd_maps(network: FilmNetwork, films: Floats) -> npt.NDArray[np.float64]:
    """Raw maps [N, K, h, w] of films [N, 1, S, S]: for each logit c, sum_k mean(d logit_c / d A_k) * A_k.

    The network is copied, so that its mode, its precision and its gradients stay as they were. No hooks are set.
    """
    reference = copy.deepcopy(network).double().cpu().eval()
    with torch.enable_grad():
        activation = reference.features(reference.normalise(torch.from_numpy(films).double())).requires_grad_()
        logits = reference.head(activation.mean(dim=(2, 3)))
        maps = [_map(logits[:, label].sum(), activation) for label in range(logits.shape[1])]
    return torch.stack(maps, dim=1).detach().numpy()


def _map(logit: torch.Tensor, activation: torch.Tensor) -> torch.Tensor:
    """The map [N, h, w] of one label; films do not influence each other, so that their logits may be summed."""
    (gradient,) = torch.autograd.grad(logit, activation, retain_graph=True)
    weights = gradient.mean(dim=(2, 3), keepdim=True)
    return (weights * activation).sum(dim=1)
