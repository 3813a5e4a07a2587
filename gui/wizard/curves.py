"""The live curves of a run: lines over epochs, each named by its colour and its form."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter
from PySide6.QtWidgets import QWidget

from gui.theme import PALETTE
from gui.wizard.plot import TOP_PX, Axis, Plot, number, paint_dot, paint_line, round_axis

if TYPE_CHECKING:
    from training.running.run_story import Dot

LEGEND_PX = 20
_FEW = 40  # points that are worth a dot each


@dataclass(frozen=True, slots=True)
class Line:
    """A curve. `dotted` lines are those of the validation part: they have a dot for each epoch."""

    name: str
    colour: str
    dots: Sequence[Dot]
    dotted: bool = False


class CurvePlot(Plot):
    """Curves over epochs, with their last values beside their names."""

    def __init__(self, name: str, nothing: str, parent: QWidget | None = None) -> None:
        super().__init__(name, parent)
        self._lines: tuple[Line, ...] = ()
        self._nothing = self.nothing = nothing
        self._mark: float | None = None

    def show_lines(self, lines: Sequence[Line], epochs: int, mark: float | None = None) -> None:
        """`epochs` is how many there may be; `mark` is the epoch whose weights are kept, at its end."""
        self._lines = tuple(line for line in lines if any(math.isfinite(dot.value) for dot in line.dots))
        values = [dot.value for line in self._lines for dot in line.dots if math.isfinite(dot.value)]
        self.nothing = "" if values else self._nothing
        self._mark = mark
        self.x_axis = _epochs_axis(max(epochs, 1))
        self.y_axis = round_axis(min(values), max(values)) if values else round_axis(0.0, 1.0)
        said = (
            f"{line.name} {_said(line.dots[-1].value)} after {number(line.dots[-1].at)} epochs" for line in self._lines
        )
        self.setAccessibleDescription("; ".join(said) or self._nothing)
        self.update()

    def field(self) -> QRectF:
        return super().field().adjusted(0, LEGEND_PX, 0, 0)

    def paint_content(self, painter: QPainter) -> None:
        self._paint_legend(painter)
        if self._mark is not None:
            top, bottom = self.at(self._mark, self.y_axis.high), self.at(self._mark, self.y_axis.low)
            painter.setPen(QColor(PALETTE.green))
            painter.drawLine(top, bottom)
        for line in self._lines:
            points = [self.at(dot.at, dot.value) for dot in line.dots if math.isfinite(dot.value)]
            paint_line(painter, points, line.colour, 1.8)
            if line.dotted and len(points) <= _FEW:
                for point in points:
                    paint_dot(painter, point, line.colour)
            elif len(points) == 1:
                paint_dot(painter, points[0], line.colour)

    def _paint_legend(self, painter: QPainter) -> None:
        x_px = self.field().left()
        for line in self._lines:
            text = f"{line.name} {_said(line.dots[-1].value)}"
            painter.setPen(QColor(line.colour))
            painter.drawLine(round(x_px), TOP_PX + 6, round(x_px) + 12, TOP_PX + 6)
            if line.dotted:
                paint_dot(painter, QPointF(x_px + 6, TOP_PX + 6), line.colour)
            painter.setPen(QColor(PALETTE.text))
            width = painter.fontMetrics().horizontalAdvance(text)
            painter.drawText(QRectF(x_px + 17, TOP_PX - 2, width + 4, 16), Qt.AlignmentFlag.AlignVCenter, text)
            x_px += width + 32


def _said(value: float) -> str:
    return f"{value:.3f}" if abs(value) >= 0.01 else number(value)


def _epochs_axis(epochs: int) -> Axis:
    """Whole epochs, to the very last."""
    ticks = round_axis(0.0, float(epochs)).ticks
    return Axis(0.0, float(epochs), tuple(tick for tick in ticks if tick <= epochs and tick == int(tick)), "epochs")
