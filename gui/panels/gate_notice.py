"""What to do with a film that the model may not speak about, and the mark of one that the reader insisted on."""

from __future__ import annotations

from html import escape

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from gui.films.entries import Stage
from gui.panels.box import label
from gui.review import Review

INSIST, TAKE_BACK = "Score it anyway", "Take the score back"


class GateNotice(QWidget):
    """A button below the reasons of a film outside the gate; an amber line above a score that was insisted on."""

    insist_asked = Signal(str)  # film key
    take_back_asked = Signal(str)

    def __init__(self, review: Review, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._review = review
        self._key = ""
        self.line = label(tone="amber", wrap=True)
        self.insist = QPushButton(INSIST)
        self.insist.setAccessibleDescription("Its score is then marked as one outside what the model knows")
        self.take_back = QPushButton(TAKE_BACK)
        self.take_back.setProperty("kind", "chip")
        chips = QHBoxLayout()
        chips.addWidget(self.take_back)
        chips.addStretch(1)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 4)
        whole.setSpacing(6)
        whole.addWidget(self.line)
        whole.addLayout(chips)
        whole.addWidget(self.insist)
        self.insist.clicked.connect(lambda: self.insist_asked.emit(self._key))
        self.take_back.clicked.connect(lambda: self.take_back_asked.emit(self._key))
        self.refresh()

    def refresh(self) -> None:
        """Show what concerns the selected film; nothing where the model may speak about it."""
        review = self._review
        entry = review.selected_film
        self._key = entry.key if entry is not None else ""
        reasons = review.outside(self._key) if review.visibility.ai_visible else ""
        insisted = review.is_insisted(self._key)
        self.line.setText(f"Outside what the model knows: {escape(reasons)}. Scored because you insisted.")
        self.insist.setEnabled(review.stage(self._key) is not Stage.ANALYSING)
        self.line.setVisible(insisted)
        self.take_back.setVisible(insisted)
        self.insist.setVisible(not insisted)
        self.setVisible(bool(reasons))
