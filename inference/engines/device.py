"""Which engine runs a bundle, and why, in the words of the status bar."""

from __future__ import annotations

import ctypes
import os
import platform
import sys
from dataclasses import dataclass
from typing import Literal

from imaging.errors import NegatoscopeError
from inference.bundles.bundle import ModelBundle
from inference.engines.engine import Engine, EngineLostError, EngineMemoryError
from inference.engines.fallback import FallbackEngine
from inference.engines.torch_first import has_torch

EngineName = Literal["auto", "onnx", "torch"]
DeviceName = Literal["auto", "cpu", "cuda"]
_NO_TORCH = "a GPU is used through PyTorch, which this flavour does not carry"


@dataclass(frozen=True, slots=True)
class GpuUse:
    """How a GPU is used: `index` is its number among several; `half` runs the network in 16 bits."""

    index: int = 0
    half: bool = False


FIRST_GPU = GpuUse()


@dataclass(frozen=True, slots=True)
class Gpu:
    """The GPU that torch can use: `device` is its name there, None where there is none; `why` says what was found."""

    device: Literal["cuda", "mps"] | None
    why: str


def choose_engine(
    bundle: ModelBundle,
    engine: EngineName = "auto",
    device: DeviceName = "auto",
    threads: int = 0,
    use: GpuUse = FIRST_GPU,
    *,
    quantised: bool = False,
) -> Engine:
    """The engine for a bundle: the GPU where there is one, else what was measured to be fastest on the CPU (ADR 17).

    `threads` is the number of cores that a CPU takes for one batch, 0 for all of them or for what is measured to be
    best. `quantised` asks for the int8 graph, which is never chosen unasked. Raises NegatoscopeError for what can't be
    had, BundleError for a bundle that can't be loaded.
    """
    if engine == "torch" and not has_torch():
        raise NegatoscopeError("The engine torch needs PyTorch, which this flavour does not carry; choose auto.")
    if use.half and (engine == "onnx" or quantised):
        raise NegatoscopeError("ONNX Runtime runs in full precision; half precision needs a GPU, or the engine torch.")
    if quantised:
        return _quantised(bundle, engine, device, threads)
    if engine == "onnx":
        if device == "cuda":
            raise NegatoscopeError("ONNX Runtime runs on the CPU here; for the GPU choose the engine torch.")
        return _onnx(bundle, "as asked for", threads)
    if device == "cpu":
        return _on_cpu(bundle, engine, "as asked for", threads, use)
    gpu = find_gpu()
    if gpu.device is not None and device in ("auto", gpu.device):
        return _on_gpu(bundle, gpu.device, gpu.why, threads, use)
    if device == "cuda":
        raise NegatoscopeError(f"No CUDA GPU can be used: {gpu.why}.")
    return _on_cpu(bundle, engine, gpu.why, threads, use)


def usable_cores() -> int:
    """The cores that this process may use, which can be fewer than the machine has."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1


def find_gpu() -> Gpu:
    """What torch could run on. torch is imported only where the machine has a GPU at all: it takes seconds."""
    apple = sys.platform == "darwin" and platform.machine() == "arm64"
    if not (apple or _cuda_driver_sees_gpu()):
        return Gpu(None, "no GPU found")
    if not has_torch():
        return Gpu(None, _NO_TORCH)
    import torch

    if apple:
        return Gpu("mps", "Apple GPU") if torch.backends.mps.is_available() else Gpu(None, "no GPU found")
    if torch.version.cuda is None:
        return Gpu(None, "a GPU was found, but this PyTorch is built for the CPU")
    if not torch.cuda.is_available():
        return Gpu(None, "a GPU was found, but its driver does not fit this PyTorch")
    return Gpu("cuda", torch.cuda.get_device_name(0))


def _cuda_driver_sees_gpu() -> bool:
    """Ask NVIDIA's driver itself (CUDA driver API: cuInit, cuDeviceGetCount); no driver, no GPU."""
    try:
        driver = ctypes.CDLL("nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1")
    except OSError:
        return False
    count = ctypes.c_int(0)
    return driver.cuInit(0) == 0 and driver.cuDeviceGetCount(ctypes.byref(count)) == 0 and count.value > 0


def _on_cpu(bundle: ModelBundle, engine: EngineName, reason: str, threads: int, use: GpuUse) -> Engine:
    from inference.engines.engine_choice import fastest_engine

    if engine == "torch":
        return _torch_cpu(bundle, reason, half=use.half)
    if use.half:
        raise NegatoscopeError(f"Half precision needs a GPU, or the engine torch ({reason}).")
    return fastest_engine(bundle, reason, threads)


def _on_gpu(bundle: ModelBundle, device: Literal["cuda", "mps"], name: str, threads: int, use: GpuUse) -> Engine:
    from inference.engines.torch_engine import TorchEngine, gpu_index

    def make_cpu(reason: str) -> Engine:
        return _onnx(bundle, reason, threads)

    why = f"PyTorch on the GPU ({name}{', half precision' if use.half else ''})"
    try:
        engine = TorchEngine(bundle, device, why, index=gpu_index(device, use.index), half=use.half)
        return FallbackEngine(engine, make_cpu)
    except EngineMemoryError:
        return make_cpu("the GPU has no room for the model")
    except EngineLostError:
        return make_cpu("the GPU does not answer")


def _onnx(bundle: ModelBundle, reason: str, threads: int) -> Engine:
    from inference.engines.onnx_engine import onnx_engine

    return onnx_engine(bundle, f"ONNX Runtime on the CPU ({reason})", threads)


def _quantised(bundle: ModelBundle, engine: EngineName, device: DeviceName, threads: int) -> Engine:
    from inference.engines.onnx_engine import onnx_engine

    if engine == "torch" or device == "cuda":
        raise NegatoscopeError("The quantised graph runs in ONNX Runtime on the CPU only.")
    if bundle.card.quantised is None:
        raise NegatoscopeError(f"The model {bundle.id} has no quantised graph.")
    why = "ONNX Runtime on the CPU, quantised to 8 bits (as asked for)"
    return onnx_engine(bundle, why, threads, quantised=True)


def _torch_cpu(bundle: ModelBundle, reason: str, *, half: bool = False) -> Engine:
    from inference.engines.torch_engine import TorchEngine

    return TorchEngine(bundle, "cpu", f"PyTorch on the CPU ({reason})", half=half)
