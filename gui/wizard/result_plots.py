"""ROC with its point to drag, precision over recall, and the reliability of the scores."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QPointF, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPen
from PySide6.QtWidgets import QWidget

from gui.theme import PALETTE
from gui.wizard.plot import Plot, paint_diagonal, paint_dot, paint_line, share_axis

if TYPE_CHECKING:
    from gui.wizard.result_work import Curves
    from inference.bundles.card import OperatingRow

HANDLE_PX = 7.0
HANDLE_COLOUR = "#eaf2fb"
PAGE = 10  # stops
ONE_KIND = "These films are all ill or all healthy: there is no curve."
_STEPS = {
    Qt.Key.Key_Left: -1,
    Qt.Key.Key_Down: -1,
    Qt.Key.Key_Right: 1,
    Qt.Key.Key_Up: 1,
    Qt.Key.Key_PageDown: -PAGE,
    Qt.Key.Key_PageUp: PAGE,
}


class RocPlot(Plot):
    """Sensitivity over false alarms. Where there are stops, the point is dragged, or moved by the arrow keys.

    `stop_moved` follows the reader alone; a double click asks for the recommended point (-1).
    """

    stop_moved = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("ROC", parent)
        self.x_axis, self.y_axis = share_axis("1 − specificity"), share_axis("")
        self._curves: Curves | None = None
        self._stops: tuple[OperatingRow, ...] = ()
        self._point: tuple[float, float] | None = None
        self._stop = -1
        self._dragging = False

    def show_curves(self, curves: Curves, stops: Sequence[OperatingRow]) -> None:
        """`stops` by falling threshold, counted on the very films of the curve; none where the point is fixed."""
        self._curves, self._stops = curves, tuple(stops)
        self.nothing = "" if curves.ill and curves.healthy else ONE_KIND
        moves = bool(stops) and not self.nothing
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus if moves else Qt.FocusPolicy.NoFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor if moves else Qt.CursorShape.ArrowCursor)
        self._point = None
        self.update()

    def show_point(self, sensitivity: float | None, specificity: float | None, stop: int = -1) -> None:
        """Where the chosen threshold stands on these films."""
        self._stop = stop
        self._point = None if sensitivity is None or specificity is None else (1.0 - specificity, sensitivity)
        if self._point is not None:
            self.setAccessibleDescription(f"sensitivity {sensitivity:.2f}, specificity {specificity:.2f}")
        self.update()

    def paint_content(self, painter: QPainter) -> None:
        curves = self._curves
        if curves is None:
            return
        paint_diagonal(painter, self)
        line = [self.at(point.alarms / curves.healthy, point.found / curves.ill) for point in curves.points]
        paint_line(painter, line, PALETTE.accent)
        if self._point is None:
            return
        at = self.at(*self._point)
        painter.setPen(QPen(QColor(PALETTE.accent if self.hasFocus() or not self._stops else PALETTE.background), 2))
        painter.setBrush(QColor(HANDLE_COLOUR if self._stops else PALETTE.background))
        painter.drawEllipse(at, HANDLE_PX, HANDLE_PX)

    # The reader's hand

    def event(self, event: QEvent) -> bool:
        # Arrow keys are shortcuts elsewhere; with the focus here they move the point.
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent) and event.key() in _STEPS:
            event.accept()
            return True
        return super().event(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton and self._stops:
            self._dragging = True
            self._take(self._nearest(event.position()))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._dragging:
            self._take(self._nearest(event.position()))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._dragging = False

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if self._stops:
            self.stop_moved.emit(-1)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = Qt.Key(event.key())
        if not self._stops or key not in (*_STEPS, Qt.Key.Key_Home, Qt.Key.Key_End):
            super().keyPressEvent(event)
            return
        ends = {Qt.Key.Key_Home: 0, Qt.Key.Key_End: len(self._stops) - 1}
        self._take(ends.get(key, self._stop + _STEPS.get(key, 0)))

    def _take(self, stop: int) -> None:
        stop = min(max(stop, 0), len(self._stops) - 1)
        if stop != self._stop:
            self.stop_moved.emit(stop)

    def _nearest(self, pos: QPointF) -> int:
        curves = self._curves
        if curves is None:
            return 0

        def away(stop: int) -> float:
            row = self._stops[stop]
            away = self.at(row.false_positive / curves.healthy, row.true_positive / curves.ill) - pos
            return QPointF.dotProduct(away, away)

        return min(range(len(self._stops)), key=away)


class PrecisionPlot(Plot):
    """Precision over sensitivity; the dashed line is the share of ill films, which chance alone reaches."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Precision and recall", parent)
        self.x_axis, self.y_axis = share_axis("Sensitivity; upwards: precision"), share_axis("")
        self._curves: Curves | None = None
        self._point: tuple[float, float] | None = None

    def show_curves(self, curves: Curves) -> None:
        self._curves = curves
        self.nothing = "" if curves.ill and curves.healthy else ONE_KIND
        self.update()

    def show_point(self, sensitivity: float | None, precision: float | None) -> None:
        self._point = None if sensitivity is None or precision is None else (sensitivity, precision)
        self.setAccessibleDescription("" if self._point is None else f"precision {precision:.2f}")
        self.update()

    def paint_content(self, painter: QPainter) -> None:
        curves = self._curves
        if curves is None:
            return
        share = curves.ill / (curves.ill + curves.healthy)
        painter.setPen(QPen(QColor(PALETTE.outline), 1, Qt.PenStyle.DashLine))
        painter.drawLine(self.at(0.0, share), self.at(1.0, share))
        steps: list[QPointF] = []
        for point in curves.points[1:]:
            at = self.at(point.found / curves.ill, point.found / (point.found + point.alarms))
            if steps:
                steps.append(QPointF(steps[-1].x(), at.y()))  # in steps, as the average precision counts it
            else:
                steps.append(QPointF(self.at(0.0, 0.0).x(), at.y()))
            steps.append(at)
        paint_line(painter, steps, PALETTE.accent)
        if self._point is not None:
            painter.setPen(QPen(QColor(PALETTE.accent), 2))
            painter.setBrush(QColor(PALETTE.background))
            painter.drawEllipse(self.at(*self._point), HANDLE_PX - 1, HANDLE_PX - 1)


class ReliabilityPlot(Plot):
    """Of films with about one score, the share that is ill, with Wilson's interval."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Reliability of the scores", parent)
        self.x_axis, self.y_axis = share_axis("Score; upwards: share ill"), share_axis("")
        self._curves: Curves | None = None

    def show_curves(self, curves: Curves) -> None:
        self._curves = curves
        said = (f"score {bar.probability:.2f}: {bar.ill} of {bar.films} ill" for bar in curves.reliability)
        self.setAccessibleDescription("; ".join(said))
        self.update()

    def paint_content(self, painter: QPainter) -> None:
        if self._curves is None:
            return
        from inference.scoring.operating import wilson

        paint_diagonal(painter, self)
        shares = [(bar.probability, wilson(bar.ill, bar.films)) for bar in self._curves.reliability]
        for score, share in shares:
            painter.setPen(QPen(QColor(PALETTE.accent_line), 2))
            painter.drawLine(self.at(score, share.low), self.at(score, share.high))
        paint_line(painter, [self.at(score, share.value) for score, share in shares], PALETTE.green, 1.4)
        for score, share in shares:
            paint_dot(painter, self.at(score, share.value), PALETTE.green, 3.5)
