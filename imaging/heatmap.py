"""`Heatmap`: a raw Grad-CAM grid and where it lies on the film."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, slots=True)
class GridRect:
    """A rectangle as shares of the width and height of what it lies in.

    The network's input in the film: (0, 0, 1, 1) for a squashed film; larger than the film where it was padded, smaller
    where it was cropped.
    """

    left: float = 0.0
    top: float = 0.0
    width: float = 1.0
    height: float = 1.0


@dataclass(frozen=True, slots=True, eq=False)
class Heatmap:
    """Grad-CAM of one label.

    `raw` is float32 [h, w], before the ReLU; `scale` is the card's heat scale, shown as 1.0. `rect` is what the network
    saw of the film, `cells` where the grid lies in that: a convolutional network's cells look beside the squares that
    an even grid would have, so that the grid can reach beyond the input on one side and fall short of it on the other.
    """

    label: str
    raw: npt.NDArray[np.float32]
    scale: float
    rect: GridRect = GridRect()
    cells: GridRect = GridRect()

    def scaled(self) -> npt.NDArray[np.float32]:
        """The map as it is painted, 0 to 1: ReLU, divided by the scale, clipped. float32 [h, w]."""
        return np.clip(np.maximum(self.raw, 0.0) / np.float32(self.scale), 0.0, 1.0).astype(np.float32)
