"""A small convolutional network of our own: enough for synthetic films, and quick in tests."""

from __future__ import annotations

from torch import nn

_Stage = tuple[int, int, int]  # channels, side of the kernel, stride
_STAGES: tuple[_Stage, ...] = ((16, 3, 2), (32, 3, 2), (48, 3, 2), (64, 3, 1), (96, 3, 1))
# A kernel of four with a stride of two looks at the middle of what its cell covers; one of three looks half a pixel up
# and to the left, which adds up to nearly half a cell over three stages.
_FINE_STAGES: tuple[_Stage, ...] = ((16, 4, 2), (32, 4, 2), (32, 3, 1), (48, 3, 1), (64, 3, 1))


def tiny_features(input_channels: int = 1) -> nn.Sequential:
    """Five stages of convolution, batch norm and ReLU: [N, C, S, S] to [N, 96, S/8, S/8], about 100,000 weights."""
    return _stages(input_channels, _STAGES)


def tiny_fine_features(input_channels: int = 1) -> nn.Sequential:
    """The same with cells half as wide: [N, C, S, S] to [N, 64, S/4, S/4], about 60,000 weights."""
    return _stages(input_channels, _FINE_STAGES)


def _stages(input_channels: int, rows: tuple[_Stage, ...]) -> nn.Sequential:
    stages: list[nn.Module] = []
    before = input_channels
    for channels, kernel, stride in rows:
        convolution = nn.Conv2d(before, channels, kernel, stride=stride, padding=1, bias=False)
        stages.append(nn.Sequential(convolution, nn.BatchNorm2d(channels), nn.ReLU(inplace=True)))
        before = channels
    return nn.Sequential(*stages)
