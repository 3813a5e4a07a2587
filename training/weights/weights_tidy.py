"""A plain state dict out of whatever a file of weights held: no wrapper's names, float32, nothing shared."""

from __future__ import annotations

import re
from collections.abc import Mapping

import torch
from torch import Tensor, nn

from training.weights.weights_limits import DEFAULT_LIMITS, WeightsError, WeightsLimits

# Where training programs keep the weights among their other state, and what they put before every name.
_NESTED = ("state_dict", "model_state_dict", "model")
_PREFIXES = ("module.", "_orig_mod.")
_DEPTH = 3
_NAME = re.compile(r"[\w.\-/]{1,256}")
_TENSOR_TYPES = (Tensor, nn.Parameter)


def tidy(held: object, limits: WeightsLimits = DEFAULT_LIMITS) -> dict[str, Tensor]:
    """The state dict that a file held, bare or inside a training state. Raises WeightsError.

    Floating tensors become float32, whole numbers int64, each with storage of its own. Sizes are held against the
    caps before anything is copied: a tensor may claim many values and store one.
    """
    found = _state_dict(held)
    if not found or len(found) > limits.tensors:
        raise WeightsError("The file of weights holds no network: it has no tensors, or more than any real one.")
    tensors = {_checked_name(name): _checked_tensor(name, value) for name, value in found.items()}
    if sum(tensor.numel() * 4 for tensor in tensors.values()) > limits.bytes:
        raise WeightsError("The file of weights claims more values than any real network has.")
    return _unwrapped({name: _own(name, tensor) for name, tensor in tensors.items()})


def _state_dict(held: object) -> Mapping[object, object]:
    """Look through the wrappers of training programs, a few deep: a cyclic pickle has no end."""
    for _ in range(_DEPTH):
        if not isinstance(held, Mapping):
            raise WeightsError("The file holds no weights by name; save the network's state dict.")
        inner = next((held[key] for key in _NESTED if isinstance(held.get(key), Mapping)), None)
        if inner is None:
            return held
        held = inner
    raise WeightsError("The file holds no weights by name; save the network's state dict.")


def _checked_name(name: object) -> str:
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise WeightsError("A tensor in the file of weights has no usable name.")
    return name


def _checked_tensor(name: object, value: object) -> Tensor:
    if not isinstance(value, Tensor) or type(value) not in _TENSOR_TYPES:
        raise WeightsError(f"The file of weights holds “{name}”, which is no tensor.", detail=type(value).__name__)
    plain = value.layout == torch.strided and value.device.type == "cpu" and not value.is_quantized
    if not plain or value.is_complex() or value.dim() > 8:
        raise WeightsError(f"The tensor “{name}” is of a kind that no network here takes.", detail=str(value.dtype))
    return value


def _own(name: str, tensor: Tensor) -> Tensor:
    """A copy that shares nothing, in the type that networks here have."""
    kind = torch.float32 if tensor.is_floating_point() else torch.int64
    copy = tensor.detach().to(kind, copy=True, memory_format=torch.contiguous_format)
    if tensor.is_floating_point() and not bool(torch.isfinite(copy).all()):
        raise WeightsError(f"The tensor “{name}” holds values that are no numbers, or too large.")
    return copy


def _unwrapped(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """Names without what all of them were given in front by a wrapper."""
    for prefix in _PREFIXES:
        if all(name.startswith(prefix) and name != prefix for name in tensors):
            return _unwrapped({name.removeprefix(prefix): tensor for name, tensor in tensors.items()})
    return tensors
