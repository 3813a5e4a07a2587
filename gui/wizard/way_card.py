"""How much of the network learns: quick, standard or full, with a sentence each, and what that takes here."""

from __future__ import annotations

from html import escape

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QPushButton, QRadioButton, QVBoxLayout

from gui.panels.box import label
from gui.theme import font
from gui.wizard.card import Card

MODES = {
    "quick": ("Quick", "Looks at each film once and fits a calibrated head: minutes, and no GPU is needed."),
    "standard": ("Standard", "Trains the last blocks of the network and a new head, on changed films."),
    "full": ("Full", "Trains the whole network: for a GPU, or overnight."),
}
MEASURING = "Measuring how long it takes here…"


class WayCard(Card):
    """Three radio buttons and the estimate."""

    mode_chosen = Signal(str)
    measure_asked = Signal()

    def __init__(self) -> None:
        super().__init__("Way of training")
        self.modes: dict[str, QRadioButton] = {}
        self._group = QButtonGroup(self)
        line = QHBoxLayout()
        line.setSpacing(16)
        for mode, (name, words) in MODES.items():
            button = QRadioButton(name)
            button.setFont(font("strong"))
            button.setAccessibleDescription(words)
            button.clicked.connect(lambda _=False, mode=mode: self.mode_chosen.emit(mode))
            self._group.addButton(button)
            self.modes[mode] = button
            column = QVBoxLayout()
            column.setSpacing(2)
            column.addWidget(button)
            about = label(words, tone="secondary", wrap=True)
            about.setContentsMargins(26, 0, 0, 0)
            column.addWidget(about)
            column.addStretch(1)
            line.addLayout(column, 1)
        self.estimate = label(tone="strong", wrap=True)
        self.again = QPushButton("Measure again")
        self.again.setProperty("kind", "chip")
        self.again.clicked.connect(self.measure_asked)
        foot = QHBoxLayout()
        foot.addWidget(self.estimate, 1)
        foot.addWidget(self.again)
        self.column.addLayout(line)
        self.column.addLayout(foot)

    def show_mode(self, mode: str) -> None:
        self.modes[mode].setChecked(True)

    def show_estimate(self, words: str) -> None:
        self.estimate.setText(escape(words))
        self.again.setEnabled(words != MEASURING)
