"""Small plots of a check: measures with their intervals, and whether scores mean what they say. Painted by hand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from gui.theme import PALETTE, font

if TYPE_CHECKING:
    from inference.bundles.card import Measure
    from inference.scoring.local_table import ReliabilityBin

BAR_PX = QSize(100, 26)
PLOT_PX = QSize(240, 232)
LEFT_PX, TOP_PX, RIGHT_PX, BOTTOM_PX = 34, 8, 10, 38
DOT_PX = 3.5


class IntervalBar(QWidget):
    """Two measures on one scale from 0 to 1: the reader's films above, the card's promise below, each with its
    interval.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._own: Measure | None = None
        self._promised: Measure | None = None
        self.setFixedHeight(BAR_PX.height())
        self.setMinimumWidth(BAR_PX.width())
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        return BAR_PX

    def show_measures(self, own: Measure | None, promised: Measure | None) -> None:
        self._own, self._promised = own, promised
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(QColor(PALETTE.line), 1))
        for share in (0.0, 0.5, 1.0):
            x_px = self._x(share)
            painter.drawLine(QPointF(x_px, 3), QPointF(x_px, self.height() - 3))
        for measure, y_px, colour in ((self._own, 9.0, PALETTE.accent), (self._promised, 18.0, PALETTE.secondary)):
            if measure is not None:
                painter.setPen(QPen(QColor(colour), 2))
                painter.drawLine(QPointF(self._x(measure.low), y_px), QPointF(self._x(measure.high), y_px))
                painter.setPen(Qt.PenStyle.NoPen)
                painter.setBrush(QColor(colour))
                painter.drawEllipse(QPointF(self._x(measure.value), y_px), DOT_PX, DOT_PX)

    def _x(self, share: float) -> float:
        return DOT_PX + 1 + share * (self.width() - 2 * DOT_PX - 2)


class ReliabilityPlot(QWidget):
    """Of films with about one score, the share that is ill, with Wilson's interval. On the diagonal a score of 0.7
    means that 7 of 10 such films are ill.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._bins: tuple[ReliabilityBin, ...] = ()
        self.setFixedSize(PLOT_PX)
        self.setAccessibleName("Reliability of the scores")

    def sizeHint(self) -> QSize:
        return PLOT_PX

    def show_bins(self, bins: Sequence[ReliabilityBin]) -> None:
        self._bins = tuple(bins)
        said = (f"score {bar.probability:.2f}: {bar.ill} of {bar.films} ill" for bar in self._bins)
        self.setAccessibleDescription("; ".join(said))
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(font("small"))
        field = self._field()
        self._paint_axes(painter, field)
        if not self._bins:
            painter.setPen(QColor(PALETTE.secondary))
            painter.drawText(field, Qt.AlignmentFlag.AlignCenter, "Not kept of this check")
            return
        from inference.scoring.operating import wilson

        for bar in self._bins:
            share = wilson(bar.ill, bar.films)
            at = self._at(field, bar.probability, share.value)
            painter.setPen(QPen(QColor(PALETTE.accent_line), 2))
            painter.drawLine(self._at(field, bar.probability, share.low), self._at(field, bar.probability, share.high))
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(PALETTE.accent))
            painter.drawEllipse(at, DOT_PX, DOT_PX)

    def _paint_axes(self, painter: QPainter, field: QRectF) -> None:
        painter.setPen(QPen(QColor(PALETTE.line), 1))
        painter.setBrush(QColor(PALETTE.background))
        painter.drawRect(field)
        for share in (0.25, 0.5, 0.75):
            painter.drawLine(self._at(field, share, 0.0), self._at(field, share, 1.0))
            painter.drawLine(self._at(field, 0.0, share), self._at(field, 1.0, share))
        painter.setPen(QPen(QColor(PALETTE.outline), 1, Qt.PenStyle.DashLine))
        painter.drawLine(self._at(field, 0.0, 0.0), self._at(field, 1.0, 1.0))
        painter.setPen(QColor(PALETTE.secondary))
        for share, text in ((0.0, "0"), (0.5, "0.5"), (1.0, "1")):
            x_px, y_px = self._at(field, share, 0.0).x(), self._at(field, 0.0, share).y()
            painter.drawText(QRectF(x_px - 20, field.bottom() + 3, 40, 14), Qt.AlignmentFlag.AlignHCenter, text)
            right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
            painter.drawText(QRectF(0, y_px - 8, field.left() - 5, 16), right, text)
        where = QRectF(field.left(), field.bottom() + 18, field.width(), 16)
        painter.drawText(where, Qt.AlignmentFlag.AlignHCenter, "Score; upwards: share that is ill")

    def _field(self) -> QRectF:
        return QRectF(LEFT_PX, TOP_PX, self.width() - LEFT_PX - RIGHT_PX, self.height() - TOP_PX - BOTTOM_PX)

    @staticmethod
    def _at(field: QRectF, score: float, share: float) -> QPointF:
        return QPointF(field.left() + score * field.width(), field.bottom() - share * field.height())
