"""Two models at equal sensitivity, side by side. A threshold of one means nothing for another, not even for its next
version (Lunit INSIGHT 3.1 to 3.9 and CAD4TB 5 to 7 moved theirs), so that what is carried over is the sensitivity.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from inference.bundles.card import OperatingPoints
from inference.scoring.operating import CountedPoint, OperatingTable


@dataclass(frozen=True, slots=True)
class SideBySide:
    """One label's point of two models at one sensitivity, 0 to 1, each counted on its own films."""

    label: str
    sensitivity: float
    old: CountedPoint
    new: CountedPoint


def side_by_side(
    old: Mapping[str, OperatingPoints], new: Mapping[str, OperatingPoints], sensitivity: float
) -> tuple[SideBySide, ...]:
    """The points of all labels that both models have; letter case and underscores tell no labels apart."""
    olds = {plain(label): points for label, points in old.items()}
    return tuple(
        SideBySide(label, sensitivity, _point(olds[plain(label)], sensitivity), _point(points, sensitivity))
        for label, points in new.items()
        if plain(label) in olds
    )


def _point(points: OperatingPoints, sensitivity: float) -> CountedPoint:
    table = OperatingTable(points)
    return table.point_at(table.threshold_at(sensitivity))


def plain(label: str) -> str:
    """A label as it is compared: letter case and underscores tell none apart."""
    return label.replace("_", " ").strip().casefold()
