"""BACKBONES: every network a bundle may name, in one explicit table."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, NamedTuple

from inference.scoring.preprocess import IMAGENET_MEAN, IMAGENET_STD

if TYPE_CHECKING:
    from torch import nn


class PublishedWeights(NamedTuple):
    """Weights that torchvision publishes: a file of torch's own format whose name ends in the start of its sha256."""

    url: str


class AuxiliarySpec(NamedTuple):
    """A second head that helps training: it reads the output of the trunk's child `after`, [N, channels, h, w]."""

    after: str
    channels: int


class Cells(NamedTuple):
    """Where the cells of A lie in the network's input: the centre of the first one's receptive field, and the way to
    the next, in pixels of either axis (the centre of the first pixel is 0.5).

    Not the squares that a grid of so many cells would have: a convolution of stride two with a kernel of three and a
    padding of one looks half a pixel of its input up and to the left of its square, and over five of them half a cell
    is gone. Each layer moves the centre by ((kernel - 1) / 2 - padding) times the strides before it (Araujo, Norris and
    Sim, Computing Receptive Fields of Convolutional Neural Networks, Distill 2019).
    """

    first_px: float
    step_px: float


@dataclass(frozen=True, slots=True)
class BackboneSpec:
    """One backbone: [N, C, S, S] to its last activation A, [N, channels, h, w], on which Grad-CAM stands.

    `build` makes its trunk with random weights for C input channels: `input_channels` of them, or one (weights for
    three are folded). `size_px` is the usual side of its input, `min_size_px` the smallest legal one, at which A still
    has 2 x 2 cells: fewer are no heat map. `mean` and `std` are the input normalisation to begin with, that of its
    published weights where there are any; `weights_licence` is theirs. `cam_layer` names A in words, `cells` says where
    its cells lie. `pooling` says how the head sees A: as its average, or pooled 2 x 2 by maximum and flattened, which
    fixes the input's size. A stack has `members`, whose averages are concatenated: its A are those of all members.
    """

    name: str
    title: str
    build: Callable[[int], nn.Module]
    input_channels: int
    channels: int
    size_px: int
    min_size_px: int
    mean: tuple[float, ...]
    std: tuple[float, ...]
    cam_layer: str
    cells: Cells
    weights_licence: str = ""
    published: PublishedWeights | None = None
    pooling: Literal["average", "flatten"] = "average"
    auxiliary: AuxiliarySpec | None = None
    members: tuple[BackboneSpec, ...] = ()

    @property
    def parts(self) -> tuple[BackboneSpec, ...]:
        """The members of a stack; of any other backbone, itself."""
        return self.members or (self,)

    @property
    def finest(self) -> int:
        """Which of `parts` has the smallest cells, the first of equals: a stack's maps are added on its grid."""
        steps = [part.cells.step_px for part in self.parts]
        return steps.index(min(steps))


def _torchvision(name: str) -> Callable[[int], nn.Module]:
    def build(channels: int) -> nn.Module:
        from inference.networks.torchvision_door import trunk

        return trunk(name, channels)

    return build


def _tiny(channels: int) -> nn.Module:
    from inference.networks.tiny_backbone import tiny_features

    return tiny_features(channels)


def _tiny_fine(channels: int) -> nn.Module:
    from inference.networks.tiny_backbone import tiny_fine_features

    return tiny_fine_features(channels)


def _sequential(channels: int) -> nn.Module:
    from inference.networks.sequential_cnn import sequential_features

    return sequential_features(channels)


_EVEN = Cells(0.5, 32.0)  # five times stride two, each kernel odd and padded by half of it


def _imagenet(
    name: str,
    title: str,
    channels: int,
    file_name: str,
    *,
    min_size_px: int,
    cam_layer: str,
    size_px: int = 224,
    cells: Cells = _EVEN,
    licence: str = "BSD-3-Clause",
) -> BackboneSpec:
    """A backbone of torchvision with the file of its published ImageNet weights."""
    return BackboneSpec(
        name=name,
        title=title,
        build=_torchvision(name),
        input_channels=3,
        channels=channels,
        size_px=size_px,
        min_size_px=min_size_px,
        mean=IMAGENET_MEAN,
        std=IMAGENET_STD,
        cam_layer=cam_layer,
        cells=cells,
        weights_licence=licence,
        published=PublishedWeights(f"https://download.pytorch.org/models/{file_name}"),
    )


def stack(*members: BackboneSpec) -> BackboneSpec:
    """Backbones side by side on the same film, their pooled features concatenated: `stack(RESNET18, VGG16)` is a row.

    All see the same input, normalised as the first member wants it (the first of those with fewest channels). Every
    member is pooled by its average, and none has an auxiliary head.
    """
    narrowest = min(members, key=lambda member: member.input_channels)

    def build(channels: int) -> nn.Module:
        from inference.networks.stack import Stack

        return Stack([member.build(channels) for member in members])

    return BackboneSpec(
        name="_".join(["stack", *(member.name for member in members)]),
        title=" + ".join(member.title for member in members),
        build=build,
        input_channels=narrowest.input_channels,
        channels=sum(member.channels for member in members),
        size_px=max(member.size_px for member in members),
        min_size_px=max(member.min_size_px for member in members),
        mean=narrowest.mean,
        std=narrowest.std,
        cam_layer="; ".join(f"{member.title}: {member.cam_layer}" for member in members),
        cells=min((member.cells for member in members), key=lambda cells: cells.step_px),
        weights_licence="; ".join(f"{member.title}: {member.weights_licence or 'none'}" for member in members),
        members=members,
    )


MOBILENET_V2 = _imagenet(
    "mobilenet_v2", "MobileNetV2", 1280, "mobilenet_v2-7ebf99e0.pth", min_size_px=33, cam_layer="the last ReLU6"
)
MOBILENET_V3 = _imagenet(
    "mobilenet_v3",
    "MobileNetV3-Large",
    960,
    "mobilenet_v3_large-5c1a4163.pth",
    min_size_px=33,
    cam_layer="the last Hardswish",
)
DENSENET121 = _imagenet(
    "densenet121",
    "DenseNet121",
    1024,
    "densenet121-a639ec97.pth",
    min_size_px=61,
    cam_layer="the ReLU after the last batch norm",
    cells=Cells(14.5, 32.0),
)
DENSENET169 = _imagenet(
    "densenet169",
    "DenseNet169",
    1664,
    "densenet169-b2777c0a.pth",
    min_size_px=61,
    cam_layer="the ReLU after the last batch norm",
    cells=Cells(14.5, 32.0),
)
EFFICIENTNET_B0 = _imagenet(
    "efficientnet_b0",
    "EfficientNet-B0",
    1280,
    "efficientnet_b0_rwightman-7f5810bc.pth",
    min_size_px=33,
    cam_layer="the last SiLU",
    licence="Apache-2.0",
)
EFFICIENTNET_B3 = _imagenet(
    "efficientnet_b3",
    "EfficientNet-B3",
    1536,
    "efficientnet_b3_rwightman-b3899882.pth",
    min_size_px=33,
    cam_layer="the last SiLU",
    size_px=300,
    licence="Apache-2.0",
)
EFFICIENTNET_V2_S = _imagenet(
    "efficientnet_v2_s",
    "EfficientNetV2-S",
    1280,
    "efficientnet_v2_s-dd5fe13b.pth",
    min_size_px=33,
    cam_layer="the last SiLU",
    size_px=300,
)
RESNET18 = _imagenet(
    "resnet18", "ResNet18", 512, "resnet18-f37072fd.pth", min_size_px=33, cam_layer="the last block's ReLU"
)
RESNET50 = _imagenet(
    "resnet50", "ResNet50", 2048, "resnet50-11ad3fa6.pth", min_size_px=33, cam_layer="the last block's ReLU"
)
VGG16 = _imagenet(
    "vgg16",
    "VGG16",
    512,
    "vgg16-397923af.pth",
    min_size_px=32,
    cam_layer="the last ReLU; the max pooling after it is left out",
    cells=Cells(8.0, 16.0),
)
INCEPTION_V3 = dataclasses.replace(
    _imagenet(
        "inception_v3",
        "InceptionV3",
        2048,
        "inception_v3_google-0cc3c7bd.pth",
        min_size_px=107,
        cam_layer="the last mixed block, each branch after its ReLU",
        cells=Cells(37.5, 32.0),
        size_px=299,
        licence="Apache-2.0",
    ),
    # The published weights come from TensorFlow: torchvision changes ImageNet's normalisation to this inside the model.
    mean=(0.5, 0.5, 0.5),
    std=(0.5, 0.5, 0.5),
    auxiliary=AuxiliarySpec(after="Mixed_6e", channels=768),
)
CONVNEXT_TINY = _imagenet(
    "convnext_tiny",
    "ConvNeXt-Tiny",
    768,
    "convnext_tiny-983f1562.pth",
    min_size_px=64,
    cam_layer="the last stage's output; its mean goes to the head without the published layer norm",
    cells=Cells(16.0, 32.0),
)
SEQUENTIAL_CNN = BackboneSpec(
    name="sequential_cnn",
    title="Sequential CNN",
    build=_sequential,
    input_channels=3,
    channels=256,
    size_px=150,
    min_size_px=32,
    mean=(0.5,),
    std=(0.25,),
    cam_layer="the last ReLU, before its max pooling",
    cells=Cells(8.0, 16.0),
    pooling="flatten",
)
TINY = BackboneSpec(
    name="tiny",
    title="Tiny CNN",
    build=_tiny,
    input_channels=1,
    channels=96,
    size_px=128,
    min_size_px=9,
    mean=(0.5,),
    std=(0.25,),
    cam_layer="the last ReLU",
    cells=Cells(0.5, 8.0),
)
TINY_FINE = dataclasses.replace(
    TINY,
    name="tiny_fine",
    title="Tiny CNN with fine cells",
    build=_tiny_fine,
    channels=64,
    min_size_px=8,
    cells=Cells(2.0, 4.0),
)

_ROWS = (
    MOBILENET_V2,
    MOBILENET_V3,
    DENSENET121,
    DENSENET169,
    EFFICIENTNET_B0,
    EFFICIENTNET_B3,
    EFFICIENTNET_V2_S,
    RESNET18,
    RESNET50,
    VGG16,
    INCEPTION_V3,
    CONVNEXT_TINY,
    SEQUENTIAL_CNN,
    stack(MOBILENET_V2, DENSENET169),
    TINY,
    TINY_FINE,
)
BACKBONES: Mapping[str, BackboneSpec] = MappingProxyType({row.name: row for row in _ROWS})
