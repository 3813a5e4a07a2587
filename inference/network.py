"""The network of a bundle: normalisation, backbone, pooling and a linear head, with its Grad-CAM maps for free."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from imaging.errors import NegatoscopeError
from inference.backbones import BACKBONES, BackboneSpec
from inference.preprocess import PreprocessSpec

if TYPE_CHECKING:
    from inference.card import ModelCard


class FilmNetwork(nn.Module):
    """From films, float32 [N, 1, S, S] in 0 to 1, to logits, class maps and the embedding.

    `features` and `head` are what training fine-tunes and what `weights.safetensors` holds; the normalisation belongs
    to the card's preprocess and is no weight.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, spec: BackboneSpec, outputs: int, preprocess: PreprocessSpec) -> None:
        super().__init__()
        self.features = spec.build()
        self.head = nn.Linear(spec.channels, outputs)
        self.register_buffer("mean", torch.tensor(preprocess.mean).view(1, -1, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(preprocess.std).view(1, -1, 1, 1), persistent=False)

    def normalise(self, films: Tensor) -> Tensor:
        """Films to the backbone's input, [N, C, S, S]: broadcasting makes one grey channel three."""
        return (films - self.mean) / self.std

    def forward(self, films: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Logits [N, K], raw Grad-CAM maps [N, K, h, w] (before the ReLU) and the embedding [N, D].

        For average pooling and a linear head, d logit_c / d A_k is W_ck / (h * w) in every cell, so that Grad-CAM's
        sum_k mean(d logit_c / d A_k) * A_k is a 1x1 convolution of A with the head's weights (Selvaraju 2017, app. A).
        """
        activation = self.features(self.normalise(films))
        embedding = activation.mean(dim=(2, 3))
        cells = activation.shape[2] * activation.shape[3]
        maps = nn.functional.conv2d(activation, self.head.weight[:, :, None, None]) / cells
        return self.head(embedding), maps, embedding


def build_network(backbone: str, outputs: int, preprocess: PreprocessSpec) -> FilmNetwork:
    """A network with random weights (torch's global generator). `outputs` is K, the number of logits.

    Raises NegatoscopeError where the preprocess does not fit the backbone.
    """
    spec = BACKBONES[backbone]
    if not len(preprocess.mean) == len(preprocess.std) == spec.input_channels:
        raise NegatoscopeError(f"{spec.title} takes {spec.input_channels} channels; the preprocess has others.")
    if preprocess.size_px < spec.min_size_px:
        raise NegatoscopeError(f"{spec.title} needs films of {spec.min_size_px} pixels at least.")
    return FilmNetwork(spec, outputs, preprocess)


def network_of(card: ModelCard) -> FilmNetwork:
    """The network that a card describes, with random weights."""
    return build_network(card.backbone, card.outputs, card.preprocess)


def load_start_weights(network: FilmNetwork, path: Path) -> None:
    """Load a backbone's published weights, safetensors in torchvision's layout, into `network.features`.

    The published classifier is left out. Raises NegatoscopeError where a tensor is missing or has another shape.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        published = load_file(path)
    except (SafetensorError, OSError) as error:
        raise NegatoscopeError("The start weights can't be read.", detail=str(error)) from error
    prefix = "features."
    tensors = {name.removeprefix(prefix): value for name, value in published.items() if name.startswith(prefix)}
    try:
        network.features.load_state_dict(tensors, strict=True)
    except RuntimeError as error:
        raise NegatoscopeError("The start weights belong to another network.", detail=str(error)) from error
