"""A framed piece of a wizard's page: a heading in small capitals, a word beside it, and the content below."""

from __future__ import annotations

from PySide6.QtCore import QRectF
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from gui.panels.box import PanelBox
from gui.theme import PALETTE

RADIUS_PX = 6


class Framed(PanelBox):
    """A panel with a line round it."""

    def __init__(self, heading: str, parent: QWidget | None = None) -> None:
        super().__init__(heading, parent)
        self.heading.setVisible(bool(heading))
        self.word.setVisible(False)

    def say(self, word: str) -> None:
        """The word on the right of the heading; '' for none."""
        self.word.setText(word)
        self.word.setVisible(bool(word))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(QColor(PALETTE.line), 1))
        painter.setBrush(QColor(PALETTE.panel))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), RADIUS_PX, RADIUS_PX)
