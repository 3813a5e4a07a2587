"""Opening a `.pth` file, which is a pickle: only the converter process does this, on bytes it was given.

PyTorch's restricted unpickler is the first guard and was bypassed twice (CVE-2025-32434, CVE-2026-24747); that the
process holds nothing, lives for one file and can say only a line of text is the second.
"""

from __future__ import annotations

import pickle
import struct
import tarfile
import warnings
import zipfile
from io import BytesIO

import torch
from torch import Tensor

from training.weights.weights_limits import WeightsError, WeightsLimits
from training.weights.weights_tidy import tidy

_DAMAGE = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    EOFError,
    LookupError,
    NotImplementedError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
    struct.error,
    tarfile.TarError,
    zipfile.BadZipFile,
)


def tensors_of(content: bytes, limits: WeightsLimits) -> dict[str, Tensor]:
    """The state dict in the bytes of a `.pth` file. Raises WeightsError, MemoryError."""
    _check_archive(content, limits)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Detected pickle protocol", category=UserWarning)
            held = torch.load(BytesIO(content), map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise WeightsError(
            "The file is damaged or holds more than plain weights, and is not opened; save its state dict alone.",
            detail=str(error),
        ) from error
    except _DAMAGE as error:
        if "memory" in str(error).lower():
            raise MemoryError from error
        raise WeightsError("The file of weights is damaged.", detail=f"{type(error).__name__}: {error}") from error
    return tidy(held, limits)


def _check_archive(content: bytes, limits: WeightsLimits) -> None:
    """Hold what an archive says it unpacks to against the cap, before anything is unpacked."""
    if not content.startswith(b"PK"):
        return
    try:
        with zipfile.ZipFile(BytesIO(content)) as archive:
            members = [(member.filename, member.file_size) for member in archive.infolist()]
    except (zipfile.BadZipFile, *_DAMAGE) as error:
        raise WeightsError("The file of weights is damaged.", detail=str(error)) from error
    if any(name.endswith("/constants.pkl") for name, _ in members):
        raise WeightsError("The file is a TorchScript program, which is never run; save its state dict.")
    if sum(size for _, size in members) > limits.bytes or len(members) > 2 * limits.tensors:
        raise WeightsError("The file of weights unpacks to more than any real network holds.")
