"""The only module that imports torchvision: beside a CPU build of torch its Linux wheel needs a guard first."""

from __future__ import annotations

import functools
import importlib.util
import itertools
from collections import OrderedDict
from collections.abc import Callable
from importlib.machinery import PathFinder
from typing import Any

import torch
from torch import nn

from inference.networks.trunk_weights import folded

_NMS = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"


def trunk(name: str, input_channels: int) -> nn.Sequential:
    """A backbone of the table up to its last activation A, with random weights; its children are its blocks in order.

    The children, and so the tensors, are called as torchvision calls them. With one input channel the first
    convolution is folded: the same network for grey films in three equal channels.
    """
    maker = _CUT.get(name)
    features = maker(torchvision_models()) if maker else _features(name)
    return features if input_channels == 3 else folded(features)


def _features(name: str) -> nn.Sequential:
    """Of the backbones that torchvision itself splits into `features` and a classifier."""
    features: nn.Sequential = getattr(torchvision_models(), _OTHER_NAMES.get(name, name))(weights=None).features
    return features


def _densenet(name: str, models: Any) -> nn.Sequential:
    """DenseNet's last ReLU stands outside torchvision's `features`: without it A would be the batch norm before it."""
    features: nn.Sequential = getattr(models, name)(weights=None).features
    features.add_module("relu5", nn.ReLU())
    return features


def _resnet(name: str, models: Any) -> nn.Sequential:
    return _before(getattr(models, name)(weights=None), "avgpool")


def _vgg16(models: Any) -> nn.Sequential:
    """VGG16 up to its last ReLU. Its classifier of half a gigabyte is never made; weights begin as torchvision's."""
    features: nn.Sequential = models.vgg.make_layers(models.vgg.cfgs["D"])[:-1]
    for layer in features:
        if isinstance(layer, nn.Conv2d) and layer.bias is not None:
            nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")
            nn.init.zeros_(layer.bias)
    return features


def _inception_v3(models: Any) -> nn.Sequential:
    """InceptionV3 up to Mixed_7c. Its auxiliary head is `inference.networks.auxiliary`."""
    return _before(models.inception_v3(weights=None, aux_logits=False, init_weights=True), "avgpool")


def _before(network: nn.Module, end: str) -> nn.Sequential:
    """The children of a network that runs them one after the other, up to the one called `end`."""
    children = itertools.takewhile(lambda child: child[0] != end, network.named_children())
    return nn.Sequential(OrderedDict(children))


_OTHER_NAMES = {"mobilenet_v3": "mobilenet_v3_large"}
_CUT: dict[str, Callable[[Any], nn.Sequential]] = {
    "densenet121": functools.partial(_densenet, "densenet121"),
    "densenet169": functools.partial(_densenet, "densenet169"),
    "resnet18": functools.partial(_resnet, "resnet18"),
    "resnet50": functools.partial(_resnet, "resnet50"),
    "vgg16": _vgg16,
    "inception_v3": _inception_v3,
}


def torchvision_models() -> Any:
    """The module torchvision.models."""
    return _models()[0]


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
