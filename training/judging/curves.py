"""The curves of a model's scores on films whose truth is known: ROC, and precision over recall."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Bools = npt.NDArray[np.bool_]
Vector = npt.NDArray[np.float64]


class CurvePoint(NamedTuple):
    """What a threshold does: films at or above it are called ill; `found` of the ill and `alarms` of the healthy are.

    The first point of a curve calls none ill, at a threshold above 1.
    """

    threshold: float
    found: int
    alarms: int


def points_of(ill: Bools, scores: Vector) -> tuple[CurvePoint, ...]:
    """One point for each distinct score, from none called ill to all. ill: bool [N]; scores: float [N]."""
    order = np.argsort(-scores, kind="stable")
    last_of_tie = np.append(np.flatnonzero(np.diff(scores[order])), len(ill) - 1) if len(ill) else np.array([], int)
    found, alarms = np.cumsum(ill[order])[last_of_tie], np.cumsum(~ill[order])[last_of_tie]
    at = scores[order][last_of_tie]
    rows = zip(at.tolist(), found.tolist(), alarms.tolist(), strict=True)
    return (CurvePoint(1.1, 0, 0), *(CurvePoint(*row) for row in rows))
