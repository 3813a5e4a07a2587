"""Test-time augmentation: a film's score as the mean over slightly shifted and zoomed views of it."""

from __future__ import annotations

import re
from typing import NamedTuple

import numpy as np

from imaging.cv import cv2
from inference.engines.engine import Engine, Floats, Output, is_concurrent, wanted_batch


class View(NamedTuple):
    """What is done to the square: moved right and down by shares of its side, then zoomed about its centre."""

    right: float
    down: float
    zoom: float


# The film itself first. No view is mirrored: the heart is on the left.
VIEWS = (
    View(0.0, 0.0, 1.0),
    View(0.03, 0.0, 1.05),
    View(-0.03, 0.0, 1.05),
    View(0.0, 0.03, 0.95),
    View(0.0, -0.03, 0.95),
    View(0.02, 0.02, 1.0),
    View(-0.02, -0.02, 1.0),
    View(0.02, -0.02, 1.1),
    View(-0.02, 0.02, 1.1),
)
MOST_VIEWS = len(VIEWS)


class ViewsEngine:
    """`engine` on the first `count` of `VIEWS`: the mean of their logits; class maps and embedding of the film itself.

    The name tells, as in `onnx-cpu+5views`, and `why` what it costs.
    """

    def __init__(self, engine: Engine, count: int) -> None:
        if not 1 <= count <= MOST_VIEWS:
            raise ValueError(f"1 to {MOST_VIEWS} views")
        self._engine = engine
        self._views = VIEWS[1:count]

    @property
    def name(self) -> str:
        return f"{self._engine.name}+{len(self._views) + 1}views"

    @property
    def why(self) -> str:
        return f"{self._engine.why}; {cost(len(self._views) + 1)}"

    @property
    def concurrent(self) -> bool:
        """Whether several threads may run batches: the engine inside decides."""
        return is_concurrent(self._engine)

    @property
    def wanted_batch(self) -> int:
        """How many films the engine inside would like: the views are given to it one after another."""
        return wanted_batch(self._engine)

    def run(self, films: Floats) -> Output:
        plain = self._engine.run(films)
        # Summed in float64, so that the mean does not depend on how views are grouped.
        total = plain.logits.astype(np.float64)
        for view in self._views:
            total += self._engine.run(seen(films, view)).logits
        return Output((total / (len(self._views) + 1)).astype(np.float32), plain.class_maps, plain.embedding)


def with_views(engine: Engine, count: int) -> Engine:
    """The engine itself for one view, else the mean over `count` views. Raises ValueError beyond `MOST_VIEWS`."""
    return engine if count == 1 else ViewsEngine(engine, count)


def views_of(name: str) -> int:
    """How many views stand behind an engine's name."""
    found = re.fullmatch(r".*\+(\d{1,3})views", name)
    return int(found[1]) if found else 1


def cost(count: int) -> str:
    """What so many views cost, in words."""
    return f"{count} views: {count} times the network's time"


def seen(films: Floats, view: View) -> Floats:
    """Every film of [N, 1, S, S] under the view; what was outside the film repeats its border."""
    side = films.shape[-1]
    middle = (side - 1) / 2
    matrix = np.array(
        [
            [view.zoom, 0.0, middle - view.zoom * middle + view.right * side],
            [0.0, view.zoom, middle - view.zoom * middle + view.down * side],
        ]
    )
    moved = [
        cv2.warpAffine(film[0], matrix, (side, side), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        for film in films
    ]
    return np.stack(moved)[:, np.newaxis].astype(np.float32, copy=False)
