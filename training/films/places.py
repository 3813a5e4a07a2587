"""Training by place: where it is known where a finding lies, each cell of the class map answers for what lies there.

With labels alone a network may call a film ill by the surroundings of an opacity, and its map then peaks beside it.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from imaging.phantom import Phantom
from inference.scoring.preprocess import Grey

_RARE = 10.0  # cells with a finding are few: each counts as so many without


def place_loss(head: nn.Module, class_map: Tensor, places: Tensor) -> Tensor:
    """How wrong the cells are: cross entropy of each cell's own logit with the share of the cell that is marked.

    class_map: raw, [N, h, w], of a linear head on averages, whose logit is the sum of the map plus the bias: the mean
    of the cells' own logits. places: [N, S, S], 0 to 1.
    """
    assert isinstance(head, nn.Linear)
    height, width = class_map.shape[1:]
    own = class_map * (height * width) + head.bias[0]
    share = functional.adaptive_avg_pool2d(places[:, None], (height, width))[:, 0]
    return functional.binary_cross_entropy_with_logits(own, share, pos_weight=torch.tensor(_RARE))


def opacity_mask(phantom: Phantom, side_px: int) -> Grey:
    """Where the opacities of a synthetic film lie on the network's square, squashed: uint8 [S, S], 255 within."""
    height, width = phantom.pixels.shape
    at = (np.arange(side_px) + 0.5) / side_px
    mask = np.zeros((side_px, side_px), np.uint8)
    for opacity in phantom.opacities:
        x, y = (at * width - opacity.cx_px) / opacity.rx_px, (at * height - opacity.cy_px) / opacity.ry_px
        mask[np.square(x)[None, :] + np.square(y)[:, None] <= 1.0] = 255
    return mask
