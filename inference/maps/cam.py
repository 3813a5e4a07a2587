"""Heat maps by autograd in float64, straight from their definitions: the reference that closed forms are held against.

The network is copied, so that its mode, its precision and its gradients stay as they were. No hooks are set: A comes
out of `activations` and goes into the head by hand, detached, so that nothing is differentiated but the head.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from inference.engines.engine import Floats
from inference.networks.backbones import BackboneSpec
from inference.networks.network import FilmNetwork

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
    with torch.enable_grad():
        logits = reference.head(reference.seen_by_head(activations))
        # Films do not influence each other, so that their logits may be summed.
        totals = [logits[:, label].sum() for label in range(logits.shape[1])]
        gradients = [torch.autograd.grad(total, activations, retain_graph=True) for total in totals]
    by_member = [
        torch.stack([product(activation, row[number]).sum(dim=1) for row in gradients], dim=1).detach().numpy()
        for number, activation in enumerate(activations)
    ]
    return _summed(by_member, network.spec)


def _summed(maps: Sequence[Doubles], spec: BackboneSpec) -> Doubles:
    """The sum of the members' maps, each read where the cells of the finest grid look."""
    side = maps[spec.finest].shape[2]
    centres_px = spec.cells.first_px + spec.cells.step_px * np.arange(side)
    total = np.zeros_like(maps[spec.finest])
    for part, values in zip(spec.parts, maps, strict=True):
        own_px = part.cells.first_px + part.cells.step_px * np.arange(values.shape[2])
        laid = values
        for axis in (2, 3):
            laid = np.apply_along_axis(lambda line, own=own_px: np.interp(centres_px, own, line), axis, laid)
        total += laid
    return total
