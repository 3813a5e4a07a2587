"""The network of a bundle: normalisation, backbone, pooling and head, with its Grad-CAM maps by closed form."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from imaging.errors import NegatoscopeError
from inference.maps.class_maps import (
    FLATTEN_POOL,
    Grid,
    flattened,
    map_of_average,
    map_of_flattened,
    pooled,
)
from inference.networks.auxiliary import AuxiliaryHead
from inference.networks.backbones import BACKBONES, BackboneSpec
from inference.networks.head_spec import LINEAR, HeadSpec
from inference.networks.heads import make_head
from inference.networks.stack import GridSum, Stack
from inference.networks.trunk_weights import load_auxiliary, load_trunk
from inference.scoring.preprocess import PreprocessSpec

if TYPE_CHECKING:
    from inference.bundles.card import ModelCard

_AUXILIARY = "auxiliary."
_OF_A_STACK = "features.members."


class FilmNetwork(nn.Module):
    """From films, float32 [N, 1, S, S] in 0 to 1, to logits, class maps and the embedding.

    `features` (the trunk) and `head` are what training fine-tunes and what `weights.safetensors` holds; the
    normalisation belongs to the card's preprocess and is no weight. `auxiliary` helps training and is none of the
    bundle's. Stacks and flattened heads take films of the preprocess's size alone, other backbones of any.
    """

    mean: Tensor
    std: Tensor

    def __init__(
        self,
        spec: BackboneSpec,
        outputs: int,
        preprocess: PreprocessSpec,
        head: HeadSpec = LINEAR,
        *,
        auxiliary: bool = False,
    ) -> None:
        super().__init__()
        self.spec = spec
        self.features = spec.build(len(preprocess.mean))
        # What only these two need to know before they see a film.
        found = grids(spec, preprocess.size_px) if spec.members or spec.pooling == "flatten" else ()
        self.grid_sum = GridSum(spec, found) if spec.members else None
        self.head = make_head(_head_inputs(spec, found), outputs, head)
        wanted = spec.auxiliary if auxiliary else None
        self.auxiliary = AuxiliaryHead(wanted, outputs) if wanted else None
        self.register_buffer("mean", torch.tensor(preprocess.mean).view(1, -1, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(preprocess.std).view(1, -1, 1, 1), persistent=False)

    def normalise(self, films: Tensor) -> Tensor:
        """Films to the backbone's input, [N, C, S, S]: broadcasting makes one grey channel three."""
        return (films - self.mean) / self.std

    def activations(self, films: Tensor) -> tuple[Tensor, ...]:
        """The last activation A of the backbone, [N, C, h, w], and of every member of a stack, from films."""
        found = self.features(self.normalise(films))
        return found if isinstance(found, tuple) else (found,)

    def seen_by_head(self, activations: Sequence[Tensor]) -> Tensor:
        """What the head takes, [N, D]: the averages of all activations, or the one activation flattened."""
        return flattened(activations[0]) if self.spec.pooling == "flatten" else pooled(activations)

    def forward(self, films: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Logits [N, K], raw Grad-CAM maps [N, K, h, w] (before the ReLU) and the embedding [N, D].

        The embedding is the average of A whatever the head sees. In training mode the maps mean little.
        """
        activations = self.activations(films)
        embedding = pooled(activations)
        seen = flattened(activations[0]) if self.spec.pooling == "flatten" else embedding
        logits, gradient = self.head.with_gradient(seen)
        return logits, self.maps(activations, gradient), embedding

    def training_logits(self, films: Tensor) -> tuple[Tensor, Tensor | None]:
        """Logits [N, K], without class maps, and those of the auxiliary head where the network has one."""
        if self.auxiliary is None or self.spec.auxiliary is None:
            return self.head(self.seen_by_head(self.activations(films))), None
        activation, middle = self.normalise(films), None
        for name, block in self.features.named_children():
            activation = block(activation)
            if name == self.spec.auxiliary.after:
                middle = self.auxiliary(activation)
        return self.head(self.seen_by_head([activation])), middle

    def weights(self) -> dict[str, Tensor]:
        """The tensors of a bundle: all that scores a film, without the auxiliary head."""
        return {name: value for name, value in self.state_dict().items() if not name.startswith(_AUXILIARY)}

    def maps(self, activations: Sequence[Tensor], gradient: Tensor) -> Tensor:
        """Raw Grad-CAM maps [N, K, h, w]; gradient: d logit / d what the head sees, [K, D] or [N, K, D]."""
        if self.spec.pooling == "flatten":
            return map_of_flattened(activations[0], gradient)
        shares = torch.split(gradient, [part.channels for part in self.spec.parts], dim=-1)
        parts = [map_of_average(*pair) for pair in zip(activations, shares, strict=True)]
        summed: Tensor = parts[0] if self.grid_sum is None else self.grid_sum(parts)
        return summed


def grids(spec: BackboneSpec, size_px: int) -> tuple[Grid, ...]:
    """The grid of A, height and width in cells, for films of `size_px`: one for each member of a stack.

    Found by running the shapes alone, on torch's meta device: no weights are made and no random number is drawn.
    """
    found = []
    for part in spec.parts:
        with torch.device("meta"), torch.no_grad():
            activation = part.build(part.input_channels).eval()(torch.empty(1, part.input_channels, size_px, size_px))
        found.append((activation.shape[2], activation.shape[3]))
    return tuple(found)


def _head_inputs(spec: BackboneSpec, found: tuple[Grid, ...]) -> int:
    """The number of values that the head sees of one film."""
    if spec.pooling == "average":
        return spec.channels
    height, width = found[0]
    return spec.channels * (height // FLATTEN_POOL) * (width // FLATTEN_POOL)


def build_network(
    backbone: str,
    outputs: int,
    preprocess: PreprocessSpec,
    head: HeadSpec = LINEAR,
    *,
    auxiliary: bool = False,
) -> FilmNetwork:
    """A network with random weights (torch's global generator). `outputs` is K, the number of logits.

    `auxiliary` adds the auxiliary head where the backbone has one: for training. Raises NegatoscopeError where the
    preprocess does not fit the backbone.
    """
    spec = BACKBONES[backbone]
    if not len(preprocess.mean) == len(preprocess.std) in {1, spec.input_channels}:
        either = "one channel" if spec.input_channels == 1 else f"one or {spec.input_channels} channels"
        raise NegatoscopeError(f"{spec.title} takes {either}; the preprocess has others.")
    if preprocess.size_px < spec.min_size_px:
        raise NegatoscopeError(f"{spec.title} needs films of {spec.min_size_px} pixels at least.")
    return FilmNetwork(spec, outputs, preprocess, head, auxiliary=auxiliary)


def network_of(card: ModelCard) -> FilmNetwork:
    """The network that a card describes, with random weights."""
    return build_network(card.backbone, card.outputs, card.preprocess, card.head)


def load_start_weights(network: FilmNetwork, tensors: Mapping[str, Tensor], member: int = 0) -> None:
    """Load published weights in torchvision's layout, or those of a bundle, into the backbone; its head stays.

    A stack takes one published set for each `member`, or all of another stack's from its bundle. The auxiliary head,
    where there is one, takes what is published for it. Raises NegatoscopeError in one sentence where a tensor lacks, is
    too many, has another shape or holds no numbers.
    """
    trunk = network.features
    if isinstance(trunk, Stack) and not any(name.startswith(_OF_A_STACK) for name in tensors):
        trunk = trunk.members[member]
    load_trunk(trunk, tensors)
    if network.auxiliary is not None:
        load_auxiliary(network.auxiliary, tensors)


def stages(network: FilmNetwork) -> list[nn.Module]:
    """The blocks of the backbone that hold weights, from the film to A: what training freezes first stands first.

    The stages of a stack hold a share of each member's blocks, so that freezing goes equally deep in all of them.
    """
    trunk = network.features
    if not isinstance(trunk, Stack):
        return _blocks(trunk)
    members = [_blocks(member) for member in trunk.members]
    count = min(len(blocks) for blocks in members)
    return [
        nn.ModuleList(block for blocks in members for block in _share(blocks, number, count)) for number in range(count)
    ]


def _blocks(trunk: nn.Module) -> list[nn.Module]:
    return [block for block in trunk.children() if any(True for _ in block.parameters())]


def _share(blocks: list[nn.Module], number: int, count: int) -> list[nn.Module]:
    """The `number`th of `count` parts of a list, all as long as can be done evenly."""
    return blocks[number * len(blocks) // count : (number + 1) * len(blocks) // count]
