"""A small convolutional network of our own: enough for synthetic films, and quick in tests."""

from __future__ import annotations

from torch import nn

_STAGES = ((16, 2), (32, 2), (48, 2), (64, 1), (96, 1))


def tiny_features(input_channels: int = 1) -> nn.Sequential:
    """Five stages of convolution, batch norm and ReLU: [N, C, S, S] to [N, 96, S/8, S/8], about 100,000 weights."""
    stages: list[nn.Module] = []
    before = input_channels
    for channels, stride in _STAGES:
        convolution = nn.Conv2d(before, channels, 3, stride=stride, padding=1, bias=False)
        stages.append(nn.Sequential(convolution, nn.BatchNorm2d(channels), nn.ReLU(inplace=True)))
        before = channels
    return nn.Sequential(*stages)
