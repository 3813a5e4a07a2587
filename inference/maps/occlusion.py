"""Occlusion: hide one place of the film after the other and see how far the logit falls. Slow, and for any engine.

Zeiler and Fergus, Visualizing and Understanding Convolutional Networks (ECCV 2014), slid a grey square. A square has
edges of its own, which a network answers to; here the place is blurred until nothing of an opacity is left, and the
patch fades out at its border, so that what is put in looks like the film around it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from imaging.cv import cv2
from imaging.progress import CancelToken, Progress, no_progress
from inference.engines.engine import Engine, Floats, run_for_film
from inference.scoring.preprocess import Grey, to_input

_BLUR = 0.35  # the blur's standard deviation, in sides of the patch
_FADE = 0.5  # how long the patch takes to fade out, in its sides; half of that lies outside it


@dataclass(frozen=True, slots=True)
class OcclusionSpec:
    """`patch` is the side of what is hidden and `stride` the way to the next place, as shares of the input's side.

    `batch` films go through the network at once. A patch reaches half its side beyond the film at the outer places.
    """

    patch: float = 1 / 8
    stride: float = 1 / 16
    batch: int = 16

    @property
    def cells(self) -> int:
        """How many places there are along each side."""
        return max(1, round(1.0 / self.stride))

    @property
    def runs(self) -> int:
        """The cost, known beforehand: how many films the network looks at, the untouched one among them."""
        return self.cells**2 + 1


USUAL = OcclusionSpec()


def occlusion_map(
    engine: Engine,
    grey: Grey,
    logit: int,
    *,
    token: CancelToken,
    progress: Progress = no_progress,
    spec: OcclusionSpec = USUAL,
) -> Floats:
    """How far hiding each place lowers one logit: float32 [n, n], in units of the logit, positive where it falls.

    `grey` is the network's view, uint8 [S, S]; `logit` is an index. Progress counts network runs. The same film and
    spec give the same map. Raises FilmError where the network gives no number, and Cancelled.
    """
    film = to_input(grey[np.newaxis])[0, 0]
    logits = [_logits(engine, film[np.newaxis, np.newaxis], logit)]
    for batch in _batches(film, spec):
        token.check()
        logits.append(_logits(engine, batch, logit))
        progress(sum(map(len, logits)), spec.runs)
    scores = np.concatenate(logits)
    falls: Floats = (scores[0] - scores[1:]).reshape(spec.cells, spec.cells).astype(np.float32)
    return falls


def _batches(film: Floats, spec: OcclusionSpec) -> Iterator[Floats]:
    """The occluded films, [N, 1, S, S], row by row of the grid, `batch` at a time."""
    side = film.shape[0]
    blurred = cv2.GaussianBlur(film, (0, 0), _BLUR * spec.patch * side, borderType=cv2.BORDER_REPLICATE)
    difference = np.asarray(blurred, np.float32) - film
    hidden = [_hidden(side, (place + 0.5) / spec.cells, spec.patch) for place in range(spec.cells)]
    places = [(row, column) for row in range(spec.cells) for column in range(spec.cells)]
    for start in range(0, len(places), spec.batch):
        chosen = places[start : start + spec.batch]
        masks = np.stack([np.outer(hidden[row], hidden[column]) for row, column in chosen])
        yield (film + masks * difference)[:, np.newaxis]


def _hidden(side: int, centre: float, patch: float) -> Floats:
    """How much of each pixel along one axis is hidden, float32 [side]: 1 within the patch, fading out at its ends."""
    place = (np.arange(side) + 0.5) / side
    inside = (0.5 * patch - np.abs(place - centre)) / (_FADE * patch) + 0.5
    share: Floats = np.clip(inside, 0.0, 1.0).astype(np.float32)
    return share


def _logits(engine: Engine, films: Floats, logit: int) -> npt.NDArray[np.float64]:
    """One logit of each film, float64 [N]."""
    return run_for_film(engine, films).logits[:, logit].astype(np.float64)
