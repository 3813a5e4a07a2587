"""The only module that imports torchvision: beside a CPU build of torch its Linux wheel needs a guard first."""

from __future__ import annotations

import functools
import importlib.util
from importlib.machinery import PathFinder
from typing import Any

import torch
from torch import nn

_NMS = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"


def mobilenet_v2_features() -> nn.Module:
    """MobileNetV2 up to its last ReLU6: [N, 3, S, S] to [N, 1280, S/32, S/32]. Random weights."""
    features: nn.Module = _models()[0].mobilenet_v2(weights=None).features
    return features


@functools.cache
def _models() -> tuple[Any, Any]:
    """torchvision.models, and the library that must live as long as it does.

    PyPI's torchvision for Linux is built against CUDA. Beside a CPU build of torch its operators do not load, and
    registering their fake kernels raises 'operator torchvision::nms does not exist'. Where the pair matches, the
    operators exist already and defining them again would fail.
    """
    registry: Any = torch.library  # its functions carry no annotations
    library = None
    if torch.version.cuda is None and _built_for_cuda():
        library = registry.Library("torchvision", "FRAGMENT")
        for name in ("nms", "qnms"):
            library.define(f"{name}{_NMS}")
    from torchvision import models

    return models, library


def _built_for_cuda() -> bool:
    """Whether torchvision's own version carries a CUDA tag, `0.28.0+cu130` (the wheel's metadata leaves it out).

    Its `version.py` imports the whole package, so that the constant is taken from its code without running it; the
    path finder gives that code in the frozen program too, where no such file exists.
    """
    package = importlib.util.find_spec("torchvision")
    places = package.submodule_search_locations if package else None
    spec = PathFinder.find_spec("torchvision.version", list(places or ()))
    loader: Any = spec.loader if spec else None
    # Asked for by name: the frozen program's loader has the method without being an importlib.abc.InspectLoader.
    code = loader.get_code("torchvision.version") if hasattr(loader, "get_code") else None
    return code is not None and any("+cu" in constant for constant in code.co_consts if isinstance(constant, str))
