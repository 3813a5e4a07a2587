"""A field with axes, painted by hand: what every plot of the wizard stands on."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from gui.theme import PALETTE, font

LEFT_PX, TOP_PX, RIGHT_PX, BOTTOM_PX = 42, 8, 10, 36
_TICKS = 4


@dataclass(frozen=True, slots=True)
class Axis:
    """What an axis spans, where its lines stand, and its name."""

    low: float
    high: float
    ticks: tuple[float, ...]
    name: str = ""

    def share(self, value: float) -> float:
        return (value - self.low) / (self.high - self.low)


def share_axis(name: str) -> Axis:
    """An axis from 0 to 1."""
    return Axis(0.0, 1.0, (0.0, 0.25, 0.5, 0.75, 1.0), name)


def round_axis(low: float, high: float, name: str = "") -> Axis:
    """An axis that holds both values, with lines at round numbers (1, 2 or 5 times a power of ten)."""
    if not (math.isfinite(low) and math.isfinite(high)):
        low, high = 0.0, 1.0
    span = max(high - low, 1e-6, abs(high) * 1e-6)
    power = 10.0 ** math.floor(math.log10(span / _TICKS))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor * _TICKS >= span * 0.999)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    last = max(last, first + 1)
    return Axis(first * step, last * step, tuple(count * step for count in range(first, last + 1)), name)


class Plot(QWidget):
    """The field, its lines and their numbers; what stands in it is painted by `paint_content`."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.x_axis, self.y_axis = share_axis(""), share_axis("")
        self.nothing = ""  # what is said where there is nothing to paint
        self.setAccessibleName(name)
        self.setMinimumSize(130, 130)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def sizeHint(self) -> QSize:
        return QSize(260, 210)

    def field(self) -> QRectF:
        return QRectF(LEFT_PX, TOP_PX, self.width() - LEFT_PX - RIGHT_PX, self.height() - TOP_PX - BOTTOM_PX)

    def at(self, x: float, y: float) -> QPointF:
        """Where a value stands in the widget."""
        field = self.field()
        return QPointF(
            field.left() + self.x_axis.share(x) * field.width(), field.bottom() - self.y_axis.share(y) * field.height()
        )

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(font("small"))
        if self.nothing:
            painter.setPen(QPen(QColor(PALETTE.line), 1))
            painter.setBrush(QColor(PALETTE.background))
            painter.drawRect(self.field())
            painter.setPen(QColor(PALETTE.secondary))
            where = self.field().adjusted(12, 0, -12, 0)
            painter.drawText(where, Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, self.nothing)
            return
        self._paint_axes(painter)
        self.paint_content(painter)

    def paint_content(self, painter: QPainter) -> None:
        """What stands in the field."""
        raise NotImplementedError

    def _paint_axes(self, painter: QPainter) -> None:
        field = self.field()
        painter.setPen(QPen(QColor(PALETTE.line), 1))
        painter.setBrush(QColor(PALETTE.background))
        painter.drawRect(field)
        for value in self.x_axis.ticks:
            painter.drawLine(self.at(value, self.y_axis.low), self.at(value, self.y_axis.high))
        for value in self.y_axis.ticks:
            painter.drawLine(self.at(self.x_axis.low, value), self.at(self.x_axis.high, value))
        painter.setPen(QColor(PALETTE.secondary))
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        for value in self.y_axis.ticks:
            y_px = self.at(self.x_axis.low, value).y()
            painter.drawText(QRectF(0, y_px - 8, LEFT_PX - 5, 16), right, number(value))
        self._paint_x_numbers(painter)
        width = painter.fontMetrics().horizontalAdvance(self.x_axis.name)
        left_px = min(field.center().x() - width / 2, self.width() - width - 2)  # as far in the middle as it fits
        painter.drawText(QPointF(max(0.0, left_px), field.bottom() + 30), self.x_axis.name)

    def _paint_x_numbers(self, painter: QPainter) -> None:
        field = self.field()
        most = max(1, int(field.width() // 36))
        every = math.ceil((len(self.x_axis.ticks) - 1) / most) if len(self.x_axis.ticks) > 1 else 1
        for value in self.x_axis.ticks[::every]:
            x_px = self.at(value, self.y_axis.low).x()
            painter.drawText(
                QRectF(x_px - 20, field.bottom() + 3, 40, 14), Qt.AlignmentFlag.AlignHCenter, number(value)
            )


def number(value: float) -> str:
    """Short, as the numbers of an axis are."""
    if abs(value) < 1e-12:
        return "0"
    digits, small, power = f"{value:.1e}".partition("e-")
    return f"{digits.removesuffix('.0')}e-{int(power)}" if small and int(power) > 2 else f"{value:.3g}"


def paint_line(painter: QPainter, points: Sequence[QPointF], colour: str, width_px: float = 2.0) -> None:
    """A line through the points."""
    pen = QPen(QColor(colour), width_px)
    pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    painter.setPen(pen)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawPolyline(QPolygonF(list(points)))


def paint_dot(painter: QPainter, at: QPointF, colour: str, radius_px: float = 3.0) -> None:
    """A round dot."""
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(colour))
    painter.drawEllipse(at, radius_px, radius_px)


def paint_diagonal(painter: QPainter, plot: Plot) -> None:
    """The dashed line on which both axes are equal."""
    painter.setPen(QPen(QColor(PALETTE.outline), 1, Qt.PenStyle.DashLine))
    painter.drawLine(plot.at(0.0, 0.0), plot.at(1.0, 1.0))
