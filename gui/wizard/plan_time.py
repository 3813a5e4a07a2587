"""How long the plan on the page would take: measured once it rests, and only while somebody looks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal

from gui.training import Training
from gui.wizard.draft import Draft
from gui.wizard.way_card import MEASURING

if TYPE_CHECKING:
    from training.plan import TrainingPlan

SETTLE_MS = 600  # before steps are measured: a field may still be typed in


class PlanTime(QObject):
    """Tells what is known of it in words; '' where the plan can't be carried out."""

    said = Signal(str)

    def __init__(self, training: Training, draft: Draft, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._training = training
        self._draft = draft
        self._measured: TrainingPlan | None = None  # the plan that the estimate speaks of
        self._soon = QTimer(self, singleShot=True, interval=SETTLE_MS)
        self._soon.timeout.connect(self._measure)
        training.estimated.connect(lambda estimate: self.said.emit(estimate.sentence))
        training.estimate_failed.connect(self.said)

    def follow(self) -> None:
        """The plan is shown as it is now."""
        if self._draft.plan != self._measured:
            self.said.emit("" if self._draft.complaint else MEASURING)
            self._soon.start()

    def measure_again(self) -> None:
        self._training.forget_costs()
        self._measure()

    def rest(self) -> None:
        """Measure nothing more by itself."""
        self._soon.stop()
        if self._training.is_estimating:
            self._training.stop_estimating()
            self._measured = None

    def _measure(self) -> None:
        plan = self._draft.plan
        if plan is None or self._draft.complaint:
            self._training.stop_estimating()
            self.said.emit("")
            return
        self._measured = plan
        self._training.estimate(plan)
        if self._training.is_estimating:
            self.said.emit(MEASURING)
