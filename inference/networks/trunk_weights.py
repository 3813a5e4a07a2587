"""Weights of trunks: published ones loaded, and those of three input channels folded into one."""

from __future__ import annotations

import re
from collections.abc import Mapping

import torch
from torch import Tensor, nn

from imaging.errors import NegatoscopeError

_PREFIX = "features."
# What follows the trunk, in torchvision's networks and in bundles.
_AUXILIARY = "AuxLogits."
_HEADS = ("classifier.", "fc.", _AUXILIARY, "head.")
# DenseNet's published file is older than torch's rule against dots in names: norm.1 is norm1 today.
_OLD_DENSENET = re.compile(r"(denselayer\d+\.(?:norm|relu|conv))\.([12]\.)")
# Counts batches while training; files older than the count lack it, and evaluation never reads it.
_COUNTER = "num_batches_tracked"


def folded(features: nn.Sequential) -> nn.Sequential:
    """A trunk for three input channels made, in place, one for one channel. Its weights are kept."""
    name, first = next((name, part) for name, part in features.named_modules() if isinstance(part, nn.Conv2d))
    one = nn.Conv2d(
        1,
        first.out_channels,
        (first.kernel_size[0], first.kernel_size[1]),
        stride=(first.stride[0], first.stride[1]),
        padding=first.padding if isinstance(first.padding, str) else (first.padding[0], first.padding[1]),
        bias=first.bias is not None,
        device=first.weight.device,
    )
    with torch.no_grad():
        one.weight.copy_(folded_weight(first.weight))
        if one.bias is not None and first.bias is not None:
            one.bias.copy_(first.bias)
    features.set_submodule(name, one)
    return features


def folded_weight(weight: Tensor) -> Tensor:
    """A first convolution's weight [O, 3, k, k] for one channel, [O, 1, k, k]: the sum over the channels.

    Exact for grey films in three channels that are normalised alike. ImageNet's three means and deviations differ by a
    tenth or less from their average; training takes that up.
    """
    return weight.sum(dim=1, keepdim=True)


def load_trunk(trunk: nn.Module, tensors: Mapping[str, Tensor]) -> None:
    """Load published or stored weights into a trunk; what belongs to a head is left out, and RGB weights are folded.

    Raises NegatoscopeError in one sentence where a tensor lacks, is too many, or has another shape or kind.
    """
    _load(trunk, _trunk_tensors(tensors))


def load_auxiliary(auxiliary: nn.Module, tensors: Mapping[str, Tensor]) -> None:
    """Load what torchvision publishes for an auxiliary head, less its last layer, where it is there at all."""
    names = [name for name in tensors if name.startswith(_AUXILIARY)]
    given = {name.removeprefix(_AUXILIARY): tensors[name] for name in names}
    own = {name: tensor for name, tensor in auxiliary.state_dict().items() if name.startswith("fc.")}
    if given:
        _load(auxiliary, given | own)


def _load(module: nn.Module, tensors: Mapping[str, Tensor]) -> None:
    wanted = module.state_dict()
    given = {name: _fitted(tensor, wanted.get(name)) for name, tensor in tensors.items()}
    missing = [name for name in wanted if name not in given and not name.endswith(_COUNTER)]
    unknown = [name for name in given if name not in wanted]
    if missing or unknown:
        detail = f"missing {missing[:5]}, unknown {unknown[:5]}"
        raise NegatoscopeError("The start weights belong to another network.", detail=detail)
    for name, tensor in given.items():
        _check(name, tensor, wanted[name])
    module.load_state_dict(given, strict=False)


def _check(name: str, tensor: Tensor, wanted: Tensor) -> None:
    if tensor.shape != wanted.shape or tensor.is_floating_point() != wanted.is_floating_point():
        raise NegatoscopeError(
            f"The start weights belong to another network: {name} has the shape {tuple(tensor.shape)}, "
            f"not {tuple(wanted.shape)}."
        )
    if tensor.is_floating_point() and not bool(tensor.isfinite().all()):
        raise NegatoscopeError(f"The start weights are damaged: {name} holds values that are no numbers.")


def _trunk_tensors(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors that are a trunk's, by its own names."""
    split = any(name.startswith(_PREFIX) for name in tensors)
    kept = {name: tensor for name, tensor in tensors.items() if not name.startswith(_HEADS)}
    prefix = _PREFIX if split else ""
    return {_OLD_DENSENET.sub(r"\1\2", name.removeprefix(prefix)): tensor for name, tensor in kept.items()}


def _fitted(tensor: Tensor, wanted: Tensor | None) -> Tensor:
    """Folded where the trunk looks at one channel and the weights at three."""
    if wanted is None or wanted.dim() != 4 or tensor.dim() != 4:
        return tensor
    return folded_weight(tensor) if (wanted.shape[1], tensor.shape[1]) == (1, 3) else tensor
