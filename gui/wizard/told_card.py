"""What happened in a run, in words: the newest below, in sight as long as nobody scrolled away from it."""

from __future__ import annotations

import time

from PySide6.QtGui import QColor
from PySide6.QtWidgets import QListWidget, QListWidgetItem, QSizePolicy, QWidget

from gui.frame.icons import icon
from gui.frame.plain import plain_tip
from gui.theme import PALETTE
from gui.wizard.framed import Framed
from training.running.run_story import Word

DOTS = {"": PALETTE.secondary, "amber": PALETTE.amber, "red": PALETTE.red, "green": PALETTE.green}
ICONS = {"amber": "warning", "red": "cross", "green": "check", "": "minus"}


class ToldCard(Framed):
    """A line for each word of a story, with its clock."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("What happened", parent)
        self._shown: tuple[Word, ...] = ()
        self.words = QListWidget()
        self.words.setAccessibleName("What happened")
        self.words.setWordWrap(True)
        self.words.setFrameShape(QListWidget.Shape.NoFrame)
        self.words.setMinimumHeight(72)
        self.words.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Ignored)
        self.words.setSelectionMode(QListWidget.SelectionMode.NoSelection)
        self.column.addWidget(self.words, 1)

    def show_words(self, words: tuple[Word, ...]) -> None:
        if words == self._shown:
            return
        bar = self.words.verticalScrollBar()
        follows = bar.value() >= bar.maximum() - 4
        self._shown = words
        self.words.clear()
        for word in words:
            clock = time.strftime("%H:%M:%S", time.localtime(word.time))
            item = QListWidgetItem(icon(ICONS[word.tone], DOTS[word.tone]), f"{clock}  {word.text}")
            item.setToolTip(plain_tip(word.text))
            if word.tone:
                item.setForeground(QColor(DOTS[word.tone]))
            self.words.addItem(item)
        if follows:
            self.words.scrollToBottom()
