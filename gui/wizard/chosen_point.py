"""Where the operating point of a finding stands, on the part of a run's films that is looked at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gui.second_reader.scores import RECOMMENDED_SENSITIVITY

if TYPE_CHECKING:
    from gui.wizard.result_work import Shown
    from inference.bundles.card import OperatingRow
    from training.judging.run_result import JudgedPart

RECOMMENDED = -1


@dataclass(frozen=True, slots=True)
class ChosenPoint:
    """`stop` counts the stops of the slider, -1 is the recommended point. It is one for all parts of the films, and
    chosen on the validation part alone.
    """

    shown: Shown
    part: JudgedPart
    finding: str
    stop: int = RECOMMENDED

    @property
    def stops(self) -> tuple[OperatingRow, ...]:
        """Where the point may be put on this part: nowhere on the test part."""
        return self.shown.stops[self.finding] if self.part.name == "validation" else ()

    @property
    def threshold(self) -> float:
        """As a probability."""
        stops = self.shown.stops[self.finding]
        is_own = 0 <= self.stop < len(stops)
        return stops[self.stop].threshold if is_own else self.shown.result.parts["validation"].points[self.finding]

    @property
    def thresholds(self) -> dict[str, float]:
        """Those of all findings, the others' as recommended."""
        return self.shown.result.parts["validation"].points | {self.finding: self.threshold}

    @property
    def sensitivity(self) -> float:
        """What share of ill films it finds by the model's table: the viewer's slider holds that."""
        return self.shown.slider[self.finding][self.stop] if self.stop >= 0 else RECOMMENDED_SENSITIVITY
