"""A framed part of a page: a heading in small capitals, and a column for the content."""

from __future__ import annotations

from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from gui.panels.box import label
from gui.theme import font


class Card(QFrame):
    """`word` stands on the right of the heading; `head` takes buttons beside it."""

    def __init__(self, heading: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("card", "true")
        self.setAccessibleName(heading)
        title = label(heading.upper(), tone="secondary")
        title.setFont(font("heading"))
        self.word = label(tone="secondary")
        self.head = QHBoxLayout()
        self.head.addWidget(title)
        self.head.addStretch(1)
        self.head.addWidget(self.word)
        self.column = QVBoxLayout(self)
        self.column.setContentsMargins(16, 12, 16, 14)
        self.column.setSpacing(8)
        self.column.addLayout(self.head)
