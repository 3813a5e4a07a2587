"""Another model, or another version, speaks of the same finding: its point beside the one that was in force before.

No threshold is carried over. What the earlier model found and missed is kept, so that the two can be shown at equal
sensitivity even where the earlier model is no longer installed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal

from gui.review import Review

if TYPE_CHECKING:
    from inference.bundles.card import OperatingPoints
    from inference.scoring.beside import SideBySide

STATE = "last_points"


@dataclass(frozen=True, slots=True)
class LastPoints:
    """The model that spoke last of a label, and the table its points were read from.

    `model` is `name@version`; `scores_sha256` tells its weights from others, and its int8 graph from them.
    """

    model: str
    scores_sha256: str
    points: OperatingPoints


class Changing(QObject):
    """Compares once the earlier session's model is known, and after each change of the model."""

    changed = Signal()

    def __init__(self, review: Review, store: Callable[[str, Any], None], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._review = review
        self._store = store
        self._last: dict[str, LastPoints] | None = None  # None until the earlier session's are known
        self._before: dict[str, LastPoints] = {}  # of the labels whose model changed
        review.model_changed.connect(self._compare)
        review.check_changed.connect(self._note)
        review.operating_point_moved.connect(self.changed)

    def recall(self, last: Mapping[str, LastPoints]) -> None:
        """Take what an earlier session kept; then compare."""
        self._last = dict(last)
        self._compare()

    @property
    def old_title(self) -> str:
        """The earlier model, as it is written on the film; '' where nothing is compared."""
        own = self._review.model.id if self._review.model is not None else ""
        titles = (
            f"{'the earlier ' if last.model == own else ''}{last.model.replace('@', ' ')}"
            for last in self._before.values()
        )
        return ", ".join(dict.fromkeys(titles))

    def compared(self) -> tuple[SideBySide, ...]:
        """Every label that both models have, at the sensitivity in force."""
        if not self._before or self._review.model is None:
            return ()
        from inference.scoring.beside import side_by_side

        old = {label: last.points for label, last in self._before.items()}
        return side_by_side(old, self._review.model.tables, self._review.sensitivity)

    def dismiss(self) -> None:
        """The reader has seen it."""
        self._before = {}
        self.changed.emit()

    def _compare(self) -> None:
        model = self._review.model
        if model is None or self._last is None:
            return
        identity = (model.id, model.scores_sha256)
        found = {label: self._last[label] for label in model.tables if label in self._last}
        others = {label: last for label, last in found.items() if (last.model, last.scores_sha256) != identity}
        if others or self._before:
            self._before = others
            self.changed.emit()
        self._note()

    def _note(self) -> None:
        """Remember that the chosen model speaks of these labels now."""
        model = self._review.model
        if model is None or self._last is None:
            return
        now = {label: LastPoints(model.id, model.scores_sha256, points) for label, points in model.tables.items()}
        if any(self._last.get(label) != last for label, last in now.items()):
            self._last |= now
            self._store(STATE, dict(self._last))


# On a worker's thread: a table holds hundreds of records, and what reads them is not imported yet.


def read_last_points(stored: object) -> dict[str, LastPoints]:
    """What an earlier session kept, by label, as far as it can be read."""
    kept = stored if isinstance(stored, dict) else {}
    read = {str(label): _read(value) for label, value in kept.items()}
    return {label: last for label, last in read.items() if last is not None}


def _read(value: object) -> LastPoints | None:
    from inference.bundles.card import OperatingPoints
    from inference.bundles.card_check import counts_fit
    from inference.scoring.records import RecordError, from_json

    if not isinstance(value, dict) or not isinstance(value.get("model"), str):
        return None
    try:
        points = from_json(OperatingPoints, value.get("points"))
    except RecordError:
        return None
    return LastPoints(value["model"], str(value.get("scores_sha256")), points) if counts_fit(points) else None
