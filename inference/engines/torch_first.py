"""Whether PyTorch is there, told without importing it; and what has to happen before Qt starts where it is."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path


def has_torch() -> bool:
    """Whether PyTorch is installed. The viewer flavour of the frozen program has none: it reads films and trains no
    model.
    """
    return find_spec("torch") is not None


def load_torch_library(name: str = "c10.dll") -> bool:
    """Load one of torch's libraries without importing torch. Returns whether it is loaded.

    On Windows torch 2.9 and later cannot be imported after Qt has started unless its c10.dll came first (pytorch
    issues 166628 and 169429). Where that fails, or torch is missing, the window opens all the same: it needs torch for
    nothing but the engine of that name, and that one says so itself.
    """
    import ctypes

    spec = find_spec("torch")
    if spec is None or spec.origin is None:
        return False
    try:
        ctypes.CDLL(str(Path(spec.origin).parent / "lib" / name))
    except OSError:
        return False
    return True
