"""On Windows torch's own library has to be loaded before Qt's application object is made."""

from __future__ import annotations

import ctypes
from importlib.util import find_spec
from pathlib import Path


def load_torch_library(name: str = "c10.dll") -> bool:
    """Load one of torch's libraries without importing torch. Returns whether it is loaded.

    On Windows torch 2.9 and later cannot be imported after Qt has started unless its c10.dll came first (pytorch
    issues 166628 and 169429). Where that fails, or torch is missing, the window opens all the same: it needs torch for
    nothing but the engine of that name, and that one says so itself.
    """
    spec = find_spec("torch")
    if spec is None or spec.origin is None:
        return False
    try:
        ctypes.CDLL(str(Path(spec.origin).parent / "lib" / name))
    except OSError:
        return False
    return True
