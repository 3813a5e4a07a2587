"""BACKBONES: every network a bundle may name, in one explicit table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from inference.preprocess import IMAGENET_MEAN, IMAGENET_STD

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True, slots=True)
class BackboneSpec:
    """One backbone: [N, input_channels, S, S] to its last activation A, [N, channels, h, w], on which Grad-CAM stands.

    `build` makes it with random weights. `size_px` is the usual side of its input, `min_size_px` the smallest legal.
    `mean` and `std` are the input normalisation it was first trained with. `weights_licence` is that of its published
    weights, empty where there are none. `cam_layer` names A in words.
    """

    name: str
    title: str
    build: Callable[[], nn.Module]
    input_channels: int
    channels: int
    size_px: int
    min_size_px: int
    mean: tuple[float, ...]
    std: tuple[float, ...]
    cam_layer: str
    weights_licence: str = ""


def _mobilenet_v2() -> nn.Module:
    from inference.torchvision_door import mobilenet_v2_features

    return mobilenet_v2_features()


def _tiny() -> nn.Module:
    from inference.tiny_backbone import tiny_features

    return tiny_features()


BACKBONES: Mapping[str, BackboneSpec] = MappingProxyType(
    {
        "mobilenet_v2": BackboneSpec(
            name="mobilenet_v2",
            title="MobileNetV2",
            build=_mobilenet_v2,
            input_channels=3,
            channels=1280,
            size_px=224,
            min_size_px=32,
            mean=IMAGENET_MEAN,
            std=IMAGENET_STD,
            cam_layer="the last ReLU6",
            weights_licence="Apache-2.0",
        ),
        "tiny": BackboneSpec(
            name="tiny",
            title="Tiny CNN",
            build=_tiny,
            input_channels=1,
            channels=96,
            size_px=128,
            min_size_px=8,
            mean=(0.5,),
            std=(0.25,),
            cam_layer="the last ReLU",
        ),
    }
)
