"""The plain convolutional network of the textbooks: convolutions and max pooling by turns, then flattened."""

from __future__ import annotations

from torch import nn

_CHANNELS = (32, 64, 64, 128, 256)


def sequential_features(input_channels: int) -> nn.Sequential:
    """Five stages of convolution, batch norm and ReLU with 2 x 2 max pooling between them: [N, C, S, S] to
    [N, 256, S/16, S/16], about 460,000 weights. The last pooling belongs to what flattens (`class_maps.flattened`).
    """
    stages: list[nn.Module] = []
    before = input_channels
    for number, channels in enumerate(_CHANNELS):
        pooling = [nn.MaxPool2d(2)] if number else []
        convolution = nn.Conv2d(before, channels, 3, padding=1, bias=False)
        stages.append(nn.Sequential(*pooling, convolution, nn.BatchNorm2d(channels), nn.ReLU(inplace=True)))
        before = channels
    return nn.Sequential(*stages)
