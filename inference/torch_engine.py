"""torch on a GPU (CUDA or Apple's MPS) and, when asked, on the CPU."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from typing import Literal

import numpy as np
import torch

from inference.bundle import ModelBundle
from inference.card import WEIGHTS, BundleError
from inference.engine import EngineLostError, EngineMemoryError, Floats, Output
from inference.network import FilmNetwork, network_of

Device = Literal["cpu", "cuda", "mps"]
# Of MPS, of the CPU's allocator, and of the system below it.
_NO_MEMORY = re.compile(r"out of memory|not enough memory|can't allocate memory", re.IGNORECASE)


class TorchEngine:
    """The bundle's network in float32 on one device."""

    def __init__(self, bundle: ModelBundle, device: Device, why: str) -> None:
        self.name = f"torch-{device}"
        self.why = why
        self._device = torch.device(device)
        with device_errors(device):
            self._network = load_network(bundle).to(self._device)

    def run(self, films: Floats) -> Output:
        with device_errors(self._device.type), torch.inference_mode(), exact_cudnn():
            batch = torch.from_numpy(films).to(self._device)
            logits, class_maps, embedding = (part.cpu().numpy() for part in self._network(batch))
        return Output(logits, np.ascontiguousarray(class_maps), embedding)


def load_network(bundle: ModelBundle) -> FilmNetwork:
    """The bundle's network with its weights, in evaluation mode. Every tensor must be there, and no other.

    Raises BundleError.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load

    network = network_of(bundle.card).eval()
    try:
        tensors = load(bundle.content(WEIGHTS))
    except (SafetensorError, KeyError, ValueError, TypeError) as error:  # some types it reads, and torch does not
        raise BundleError("The model's weights are damaged.", detail=str(error)) from error
    wanted = {name: (tensor.shape, tensor.dtype) for name, tensor in network.state_dict().items()}
    if wanted != {name: (tensor.shape, tensor.dtype) for name, tensor in tensors.items()}:
        raise BundleError("The model's weights do not fit the network that its card names.")
    network.load_state_dict(tensors)
    return network


def exact_cudnn() -> contextlib.AbstractContextManager[None]:
    """NVIDIA's cuDNN as the contract's numbers want it; `flags` switches it off where `enabled` is not named.

    TensorFloat-32 would cost the third decimal, where engines agree on probabilities to 1e-4; algorithms that add up
    in any order would let equal runs differ.
    """
    flags: contextlib.AbstractContextManager[None] = torch.backends.cudnn.flags(
        enabled=True, deterministic=True, allow_tf32=False
    )
    return flags


@contextlib.contextmanager
def device_errors(device: str) -> Iterator[None]:
    """PyTorch's errors as ours: out of memory by its type or, on MPS and the CPU, by its text; else a lost GPU.

    An "illegal memory access" is a lost GPU: after it, no smaller batch will run there either.
    """
    try:
        yield
    except RuntimeError as error:
        if isinstance(error, torch.OutOfMemoryError) or _NO_MEMORY.search(str(error)):
            raise EngineMemoryError("The memory for the network ran out.", detail=str(error)) from error
        if device != "cpu":
            raise EngineLostError("The GPU stopped answering.", detail=str(error)) from error
        raise
