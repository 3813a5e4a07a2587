"""Where the cells of a model's maps lie in its input."""

from __future__ import annotations

from imaging.heatmap import GridRect
from inference.bundles.card import ModelCard
from inference.networks.backbones import BACKBONES


def cells_rect(card: ModelCard, cells: tuple[int, int]) -> GridRect:
    """The rectangle of a grid of (rows, columns) in the network's input, each cell about its receptive field's centre.

    As shares of the input's sides: it can begin before the input and end before its end.
    """
    (rows, columns), side_px = cells, card.preprocess.size_px
    place = BACKBONES[card.backbone].cells
    start = (place.first_px - place.step_px / 2) / side_px
    return GridRect(start, start, place.step_px * columns / side_px, place.step_px * rows / side_px)
