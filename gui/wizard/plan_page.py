"""Second step: how the network learns."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from gui.training import Training
from gui.wizard.draft import Draft


class PlanPage(QWidget):
    """Every field of the plan, the few that matter first."""

    changed = Signal()

    def __init__(self, training: Training, draft: Draft, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._training = training
        self._draft = draft
        self.download = False
        self.words = self.foot = ""

    @property
    def is_ready(self) -> bool:
        return self._draft.plan is not None and not self._draft.complaint

    def hold(self) -> None:
        """The run is being started."""

    def let_go(self, sentence: str) -> None:
        """It was started, or not, and why."""
