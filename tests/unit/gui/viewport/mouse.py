"""A mouse on a view: what a reader does with it, as the window system tells it."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QMouseEvent, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from gui.viewport.film_view import FilmView

LEFT, MIDDLE, RIGHT = Qt.MouseButton.LeftButton, Qt.MouseButton.MiddleButton, Qt.MouseButton.RightButton
NONE, CTRL = Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ControlModifier


def drag(view: FilmView, button: Qt.MouseButton, start: tuple[int, int], end: tuple[int, int]) -> None:
    """Press, move by way of the middle, let go."""
    QTest.mousePress(view, button, NONE, QPoint(*start))
    middle = QPoint((start[0] + end[0]) // 2, (start[1] + end[1]) // 2)
    for where in (middle, QPoint(*end)):
        move(view, where, button)
    QTest.mouseRelease(view, button, NONE, QPoint(*end))


def move(view: FilmView, where: QPoint, button: Qt.MouseButton = Qt.MouseButton.NoButton) -> None:
    """QTest.mouseMove goes by way of the real cursor, which offscreen has no buttons."""
    at = QPointF(where)
    away = view.mapToGlobal(where).toPointF()
    event = QMouseEvent(QEvent.Type.MouseMove, at, away, Qt.MouseButton.NoButton, button, NONE)
    QApplication.sendEvent(view, event)


def wheel(view: FilmView, where: QPoint, angle: int, modifiers: Qt.KeyboardModifier = NONE) -> None:
    """Turn the wheel, 120 a notch, at a point of the view."""
    event = QWheelEvent(
        QPointF(where),
        view.mapToGlobal(where).toPointF(),
        QPoint(),
        QPoint(0, angle),
        Qt.MouseButton.NoButton,
        modifiers,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(view, event)
