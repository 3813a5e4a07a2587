"""Marks that tell the class without any lung: small bright things that stand in one place on the films of one class."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from imaging.cv import cv2
from inference.scoring.preprocess import Grey
from training.judging.metrics import auc

_TILES = 8  # along each side
_MARK_SHARE = 0.06  # of the film's side: what is wider is no marker
_TELLING, _SURE = 0.8, 4.0  # AUC, and how many standard errors above one half it must lie
_SHOWN = 24
_ROWS = ("at the top", "in the middle", "at the bottom")
_COLUMNS = ("on the left", "in the centre", "on the right")


@dataclass(frozen=True, slots=True)
class Tile:
    """A place on the films, how well its brightest small thing tells the class, and films that show it."""

    place: str
    auc: float
    films: tuple[int, ...]


def telling_tiles(films: Grey, chosen: npt.NDArray[np.int64], ill: npt.NDArray[np.bool_]) -> Iterator[Tile]:
    """Places where a small bright thing tells the class.

    films: uint8 [N, S, S]; chosen: which to look at; ill: bool [N]. What is small and bright is what a morphological
    opening removes, against what stands out on the same film elsewhere: neither whiter lungs nor a sharper film count.
    """
    truth = ill[chosen]
    if truth.all() or not truth.any():
        return
    marks = np.stack([_brightest(films[at]) for at in chosen])
    error = math.sqrt((1 / truth.sum() + 1 / (~truth).sum()) / 12)
    for tile in range(marks.shape[1]):
        area = auc(truth, marks[:, tile])
        if abs(area - 0.5) > max(_TELLING - 0.5, _SURE * error):
            order = np.argsort(-marks[:, tile], kind="stable")
            yield Tile(_place(tile), max(area, 1 - area), tuple(chosen[order[:_SHOWN]].tolist()))


def _brightest(film: Grey) -> npt.NDArray[np.float64]:
    """How far the brightest small thing of each tile stands out, [64], as a multiple of what is usual on the film."""
    side = max(3, round(film.shape[0] * _MARK_SHARE) | 1)
    standing_out = cv2.morphologyEx(film, cv2.MORPH_TOPHAT, np.ones((side, side), np.uint8))
    edge = film.shape[0] // _TILES * _TILES
    tiles = standing_out[:edge, :edge].reshape(_TILES, edge // _TILES, _TILES, edge // _TILES)
    found = tiles.max(axis=(1, 3)).ravel().astype(np.float64)
    return np.asarray(found / max(float(np.median(found)), 1.0))


def _place(tile: int) -> str:
    """'at the top on the left'."""
    row, column = divmod(tile, _TILES)
    return f"{_ROWS[row * 3 // _TILES]} {_COLUMNS[column * 3 // _TILES]}"
