"""First step: which films, and what is wrong with them."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtWidgets import QWidget

from gui.training import Training
from gui.wizard.draft import Draft


class DataPage(QWidget):
    """Choose or drop labelled films, see how they are parted and what may go wrong."""

    def __init__(self, training: Training, draft: Draft, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._training = training
        self._draft = draft

    @property
    def is_ready(self) -> bool:
        return self._training.found is not None

    @property
    def words(self) -> str:
        return ""

    def take(self, source: Path) -> None:
        """Inspect these films."""
        catalogue = self._training.catalogue
        if catalogue is not None:
            self._draft.begin(source, catalogue.cores)
            if self._draft.plan is not None:
                self._training.inspect(self._draft.plan)
