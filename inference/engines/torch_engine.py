"""torch on a GPU (CUDA or Apple's MPS) and, when asked, on the CPU."""

from __future__ import annotations

import contextlib
import re
import threading
import time
from collections.abc import Iterator
from typing import Literal

import numpy as np
import torch

from inference.bundles.bundle import ModelBundle
from inference.bundles.card import WEIGHTS, BundleError
from inference.engines.batching import BatchSize, most_films
from inference.engines.engine import BATCH_CPU, EngineLostError, EngineMemoryError, Floats, Output
from inference.networks.network import FilmNetwork, network_of

Device = Literal["cpu", "cuda", "mps"]
# Its ten bits behind the point keep scores to 1e-2 where bfloat16's seven cost 2.4e-2; its range is the smaller one.
HALF = torch.float16
# Of MPS, of the CPU's allocator, and of the system below it.
# Of PyTorch, of the system, and of Python, which has no memory for the stack of a thread.
_NO_MEMORY = re.compile(
    r"out of memory|not enough memory|can(no|')t allocate memory|can't start new thread", re.IGNORECASE
)


class TorchEngine:
    """The bundle's network on one device, in float32 or, with `half`, in 16 bits where that is enough (autocast).

    `index` is the number of the GPU. Several threads may call `run`: they take turns on the device, and what comes
    before and after goes on beside it.
    """

    concurrent = True

    def __init__(self, bundle: ModelBundle, device: Device, why: str, *, index: int = 0, half: bool = False) -> None:
        self.name = f"torch-{device}-half" if half else f"torch-{device}"
        self.why = why
        self._device = torch.device(device, index) if device == "cuda" else torch.device(device)
        self._half = half
        self._sizes = BatchSize(most_films(bundle.card.preprocess.size_px))
        self._turn = threading.Lock()
        with device_errors(device):
            self._network = load_network(bundle).to(self._device)
            if device != "cpu":
                put_channels_last(self._network)

    @property
    def wanted_batch(self) -> int:
        """How many films it would like at a time."""
        return BATCH_CPU if self._device.type == "cpu" else self._sizes.wanted

    def run(self, films: Floats) -> Output:
        with device_errors(self._device.type):
            batch = self._on_device(films)
            with self._turn, torch.inference_mode(), exact_cudnn():
                start = time.perf_counter()
                try:
                    output = self._output(batch)
                except RuntimeError:
                    self._sizes.failed(len(films))
                    raise
                self._sizes.ran(len(films), time.perf_counter() - start)
        return output

    def _output(self, batch: torch.Tensor) -> Output:
        """In half precision a film whose activations leave its range takes its batch to full precision."""
        with torch.autocast(self._device.type, HALF, enabled=self._half):
            parts = [part.float().cpu().numpy() for part in self._network(batch)]
        if self._half and not all(np.isfinite(part).all() for part in parts):
            parts = [part.cpu().numpy() for part in self._network(batch)]
        logits, class_maps, embedding = parts
        return Output(logits, np.ascontiguousarray(class_maps), embedding)

    def _on_device(self, films: Floats) -> torch.Tensor:
        """Pinned memory lets the copy run while the host goes on, and while the GPU still has the batch before."""
        batch = torch.from_numpy(films)
        if self._device.type == "cuda":
            return batch.pin_memory().to(self._device, non_blocking=True)
        return batch.to(self._device)


def put_channels_last(network: FilmNetwork) -> None:
    """Lay out the convolutions' weights as tensor cores work on them; activations follow the weights. On a CPU scoring
    gains nothing for these networks, and training up to two thirds (MobileNetV2).
    """
    for parameter in network.parameters():
        if parameter.dim() == 4:
            parameter.data = parameter.data.contiguous(memory_format=torch.channels_last)


def gpu_index(device: Device, wanted: int) -> int:
    """The number of the GPU for the `wanted`-th of several processes: they share, where there are fewer GPUs."""
    return wanted % max(1, torch.cuda.device_count()) if device == "cuda" else 0


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


def lacks_memory(error: BaseException) -> bool:
    """Whether an error says that memory ran out: by its type or, of PyTorch on a CPU and of threads, by its text."""
    if isinstance(error, (MemoryError, torch.OutOfMemoryError)):
        return True
    return isinstance(error, RuntimeError) and _NO_MEMORY.search(str(error)) is not None


@contextlib.contextmanager
def device_errors(device: str) -> Iterator[None]:
    """PyTorch's errors as ours: out of memory by its type or, on MPS and the CPU, by its text; else a lost GPU.

    An "illegal memory access" is a lost GPU: after it, no smaller batch will run there either.
    """
    try:
        yield
    except RuntimeError as error:
        if lacks_memory(error):
            raise EngineMemoryError("The memory for the network ran out.", detail=str(error)) from error
        if device != "cpu":
            raise EngineLostError("The GPU stopped answering.", detail=str(error)) from error
        raise
