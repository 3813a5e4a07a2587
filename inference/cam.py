"""Heat maps by autograd in float64, straight from their definitions: the reference that closed forms are held against.

The network is copied, so that its mode, its precision and its gradients stay as they were. No hooks are set: A comes
out of `activations` and goes into the head by hand, detached, so that nothing is differentiated but the head.
"""

from __future__ import annotations

import copy
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from inference.class_maps import finest, sum_on_grid
from inference.engine import Floats
from inference.network import FilmNetwork

Doubles = npt.NDArray[np.float64]


def autograd_maps(network: FilmNetwork, films: Floats) -> Doubles:
    """Grad-CAM (Selvaraju 2017) before its ReLU, [N, K, h, w], of films [N, 1, S, S].

    For each logit c: sum_k mean(d logit_c / d A_k) * A_k, summed over the members of a stack on the finer grid.
    """
    return _maps(network, films, lambda activation, gradient: gradient.mean(dim=(2, 3), keepdim=True) * activation)


def hires_maps(network: FilmNetwork, films: Floats) -> Doubles:
    """HiResCAM (Draelos and Carin 2020) before any ReLU, [N, K, h, w], of films [N, 1, S, S].

    For each logit c: sum_k d logit_c / d A_k * A_k, cell by cell. Where the head sees the average of A, the gradient is
    the same in every cell and this is Grad-CAM; where it sees A flattened, the map says which cells the logit rests on.
    """
    return _maps(network, films, lambda activation, gradient: gradient * activation)


def _maps(network: FilmNetwork, films: Floats, product: Callable[[Tensor, Tensor], Tensor]) -> Doubles:
    """`product` takes A and the gradient, both [N, C, h, w]; its result is summed over channels and members."""
    reference = copy.deepcopy(network).double().cpu().eval()
    with torch.no_grad():
        found = reference.activations(torch.from_numpy(films).double())
    activations = [activation.requires_grad_() for activation in found]
    grid = finest([(activation.shape[2], activation.shape[3]) for activation in activations])
    maps = []
    with torch.enable_grad():
        logits = reference.head(reference.seen_by_head(activations))
        for label in range(logits.shape[1]):
            # Films do not influence each other, so that their logits may be summed.
            gradients = torch.autograd.grad(logits[:, label].sum(), activations, retain_graph=True)
            parts = [product(*pair).sum(dim=1) for pair in zip(activations, gradients, strict=True)]
            maps.append(sum_on_grid([part[:, None] for part in parts], grid)[:, 0])
    return torch.stack(maps, dim=1).detach().numpy()
