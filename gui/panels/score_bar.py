"""The score of a finding against its operating point, as a bar with a tick."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from gui.films.entries import point_figure, score_words
from gui.theme import PALETTE

BAR_PX = 5
TICK_PX = 2
HEIGHT_PX = 16


class ScoreBar(QWidget):
    """Filled up to the probability; the tick stands where the operating point is. Both 0 to 1."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._probability = 0.0
        self._operating_point = 1.0
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        return QSize(160, HEIGHT_PX)

    def set_score(self, probability: float, operating_point: float) -> None:
        self._probability = probability
        self._operating_point = operating_point
        flagged = "flagged" if probability >= operating_point else "not flagged"
        self.setAccessibleName(
            f"Score {score_words(probability)}, operating point {point_figure(operating_point)}, {flagged}"
        )
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        bar = QRectF(0, (HEIGHT_PX - BAR_PX) / 2, self.width(), BAR_PX)
        painter.setBrush(QColor(PALETTE.line))
        painter.drawRoundedRect(bar, BAR_PX / 2, BAR_PX / 2)
        flagged = self._probability >= self._operating_point
        painter.setBrush(QColor(PALETTE.amber if flagged else PALETTE.secondary))
        filled = max(BAR_PX, bar.width() * self._probability)
        painter.drawRoundedRect(QRectF(bar.left(), bar.top(), filled, BAR_PX), BAR_PX / 2, BAR_PX / 2)
        x_px = min(bar.right() - TICK_PX, max(0.0, bar.width() * self._operating_point - TICK_PX / 2))
        painter.setBrush(QColor(PALETTE.panel))
        painter.drawRect(QRectF(x_px - 1.5, 1, TICK_PX + 3, HEIGHT_PX - 2))
        painter.setBrush(QColor(PALETTE.strong))
        painter.drawRect(QRectF(x_px, 1, TICK_PX, HEIGHT_PX - 2))
