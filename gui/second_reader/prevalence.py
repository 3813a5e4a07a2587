"""How many films are ill where this reader works: typed, or learnt from what the reader decided. By finding."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from gui.memory import Memory
from gui.review import Review
from gui.second_reader.deciding import Deciding

if TYPE_CHECKING:
    from inference.scoring.predictive import Prevalence

LEARNT = "learnt"
STATE = "prevalence"


class Prevalences(QObject):
    """A predictive value is shown only at one of these. Nothing is assumed: without one there is none."""

    changed = Signal()

    def __init__(self, review: Review, deciding: Deciding, memory: Memory, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._review = review
        self._memory = memory
        self._wanted: dict[str, float | str] = {}  # a share, or LEARNT
        self._decided: dict[str, tuple[int, int]] = {}  # films called ill and healthy
        review.model_changed.connect(self._count_all)
        deciding.decision_changed.connect(lambda _key, label: self._count(label))

    def of(self, label: str) -> Prevalence | None:
        """The prevalence in force for a finding."""
        from inference.scoring.predictive import Prevalence

        wanted = self._wanted.get(label)
        if wanted is None:
            return None
        return Prevalence(wanted) if isinstance(wanted, float) else self.learnable(label)

    def learnable(self, label: str) -> Prevalence | None:
        """What the decided films say; None while they are too few."""
        from inference.scoring.predictive import learnt

        return learnt(*self._decided.get(label, (0, 0)))

    def state(self) -> dict[str, float | str]:
        """For the next time."""
        return dict(self._wanted)

    def recall(self, stored: object) -> None:
        """Take what an earlier session kept, as far as it is a share; what was typed in this one stays."""
        if isinstance(stored, dict):
            kept = {str(label): value for label, value in stored.items() if value == LEARNT or _is_share(value)}
            self._wanted = {**kept, **self._wanted}
            self.changed.emit()

    def set_typed(self, label: str, share: float | None) -> None:
        """The reader typed a share, 0 to 1, or None: no predictive value any more."""
        if share is None:
            self._wanted.pop(label, None)
        else:
            self._wanted[label] = float(share)
        self._tell()

    def learn(self, label: str) -> None:
        """Take the share of the decided films, and follow it as more are decided."""
        self._wanted[label] = LEARNT
        self._tell()

    def _tell(self) -> None:
        self._memory.set_state(STATE, self.state())
        self.changed.emit()

    def _count_all(self) -> None:
        for label in self._review.model.card.findings if self._review.model is not None else ():
            self._count(label)

    def _count(self, label: str) -> None:
        self._memory.decided(label, lambda counts: self._counted(label, counts))

    def _counted(self, label: str, counts: tuple[int, int]) -> None:
        if self._decided.get(label) != counts:
            self._decided[label] = counts
            self.changed.emit()


def _is_share(value: object) -> bool:
    return isinstance(value, float) and 0 < value < 1
