"""Long work on a page of its own: what it is busy with, how far it is, and the way to stop it."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QProgressBar, QPushButton, QVBoxLayout, QWidget

from gui.panels.box import label
from gui.theme import font


class RunningPage(QWidget):
    """How far long work is, and the way to stop it. `counted` names what the bar counts, `aside` is a quiet line."""

    stop_asked = Signal()

    def __init__(self, counted: str, aside: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.words = label(tone="strong")
        self.words.setFont(font("strong"))
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setFixedWidth(360)
        self.bar.setAccessibleName(counted)
        self.stop = QPushButton("Stop")
        self.stop.clicked.connect(self.stop_asked)
        whole = QVBoxLayout(self)
        whole.setSpacing(12)
        whole.addStretch(1)
        for widget in (self.words, self.bar, label(aside, tone="secondary"), self.stop):
            whole.addWidget(widget, 0, Qt.AlignmentFlag.AlignHCenter)
        whole.addStretch(1)

    def show_progress(self, words: str, done: int, total: int) -> None:
        self.words.setText(words)
        self.bar.setRange(0, total)  # 0 to 0: busy, no one knows how long
        self.bar.setValue(done)
