"""The auxiliary head of InceptionV3 (Szegedy 2016, section 4): it helps training and is no part of a bundle."""

from __future__ import annotations

from collections import OrderedDict

from torch import Tensor, nn

from inference.networks.backbones import AuxiliarySpec

_POOLED = 5  # cells a side after pooling, all of which the 5 x 5 convolution sees
_INNER, _WIDTH = 128, 768


class AuxiliaryHead(nn.Module):
    """Activations [N, channels, h, w] from the middle of the trunk to logits [N, K]. Names as torchvision's."""

    def __init__(self, spec: AuxiliarySpec, outputs: int) -> None:
        super().__init__()
        self.conv0 = _convolution(spec.channels, _INNER, 1)
        self.conv1 = _convolution(_INNER, _WIDTH, _POOLED)
        self.fc = nn.Linear(_WIDTH, outputs)

    def forward(self, activation: Tensor) -> Tensor:
        pooled = _pooled(activation)
        logits: Tensor = self.fc(self.conv1(self.conv0(pooled)).mean(dim=(2, 3)))
        return logits


def _pooled(activation: Tensor) -> Tensor:
    """5 x 5 means in steps of three, as published, where 17 x 17 cells (films of 299 px) leave enough of them."""
    if min(activation.shape[2:]) >= 3 * _POOLED + 2:
        return nn.functional.avg_pool2d(activation, kernel_size=5, stride=3)
    return nn.functional.adaptive_avg_pool2d(activation, _POOLED)


def _convolution(inputs: int, outputs: int, side: int) -> nn.Sequential:
    convolution = nn.Conv2d(inputs, outputs, side, bias=False)
    nn.init.trunc_normal_(convolution.weight, std=0.1 if side == 1 else 0.01)
    return nn.Sequential(
        OrderedDict(conv=convolution, bn=nn.BatchNorm2d(outputs, eps=1e-3), relu=nn.ReLU(inplace=True))
    )
