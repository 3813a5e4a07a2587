"""The viewport: one film with the mouse on it, as `reading-conventions.md` has it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QPoint, QPointF, Qt, Signal
from PySide6.QtGui import QContextMenuEvent, QMouseEvent, QNativeGestureEvent, QWheelEvent
from PySide6.QtWidgets import QWidget

from gui.viewport.display import FilmDisplay, FilmState
from gui.viewport.geometry import Sizing
from gui.viewport.gestures import Drag, Notches, speed_of, wheel_zoom
from gui.viewport.prepared import PreparedFilm
from gui.viewport.tools import TOOLS, WINDOW, Tool, tool_of
from gui.viewport.window_tool import as_window

if TYPE_CHECKING:
    from gui.viewport.readout import CursorReadout
    from imaging.show.transform import Point, ViewTransform


class FilmView(FilmDisplay):
    """A film that answers to mouse, wheel and touchpad. Keys belong to the window's actions."""

    cursor_moved = Signal(object)  # CursorReadout, or None beside the film
    window_changed = Signal(object)  # the Window that the reader has dragged to
    film_step_requested = Signal(int)  # +1 is the next film
    context_menu_requested = Signal(QPoint)  # on the screen
    tool_changed = Signal(object)  # Tool

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._tool = TOOLS[WINDOW]
        self._drag: Drag | None = None
        self._notches = Notches()
        self._wheel_zooms = False
        self.drag_speed = 1.0
        self.brighter_down = True
        self._readout: CursorReadout | None = None
        self._before_filling: tuple[ViewTransform, Sizing] | None = None
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._show_tool_cursor()

    @property
    def tool(self) -> Tool:
        return self._tool

    def set_tool(self, name: str) -> None:
        """What the left button does from now on: a row of TOOLS. Raises KeyError."""
        self._tool = TOOLS[name]
        self._show_tool_cursor()
        self.tool_changed.emit(self._tool)

    def set_drag(self, *, speed: float = 1.0, brighter_down: bool = True) -> None:
        """How fast a drag moves the window, and which way is brighter."""
        self.drag_speed, self.brighter_down = speed, brighter_down

    def set_wheel_zooms(self, zooms: bool) -> None:
        """Whether the wheel zooms without Ctrl too, instead of asking for another film."""
        self._wheel_zooms = zooms

    def show_film(self, film: PreparedFilm | None, state: FilmState | None = None) -> None:
        self._drag = None
        self._before_filling = None
        self._show_tool_cursor()  # the drag that ends here may have closed the hand
        super().show_film(film, state)
        self._read_out(QPointF(self.mapFromGlobal(self.cursor().pos())) if self.underMouse() else None)

    def toggle_fill(self) -> None:
        """Fill the view, and back to how the film lay before."""
        if self.sizing is not Sizing.FILL:
            self._before_filling = (self.transform, self.sizing)
            self.fill()
        elif self._before_filling is not None:
            (before, sizing), self._before_filling = self._before_filling, None
            # Where it lay and how large; turned and mirrored it stays as the reader has it now.
            back = replace(self.transform, scale=before.scale, center_image_px=before.center_image_px)
            self._move(back, sizing)
        else:
            self.fit()

    # Mouse

    def mousePressEvent(self, event: QMouseEvent) -> None:
        tool = tool_of(event.button(), self._tool)
        if tool is None or self._drag is not None or self._is_out_of_sight:
            super().mousePressEvent(event)
            return
        at = event.position()
        self._drag = Drag(event.button(), tool.name, at, at, as_window(self.voi))
        if tool.held is not None:
            self.setCursor(tool.held)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._drag is not None and event.buttons() & self._drag.button:
            self._drag, step = self._drag.at(event.position())
            if self._drag.moved:
                TOOLS[self._drag.tool].drag(self, self._drag, step, speed_of(event.modifiers()))
        self._read_out(event.position())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self._drag is None or event.button() is not self._drag.button:
            if event.button() is Qt.MouseButton.RightButton and self._is_out_of_sight:
                self.context_menu_requested.emit(event.globalPosition().toPoint())
            return
        drag, self._drag = self._drag, None
        self._show_tool_cursor()
        if drag.button is Qt.MouseButton.RightButton and not drag.moved:
            self.context_menu_requested.emit(event.globalPosition().toPoint())

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if event.button() is Qt.MouseButton.LeftButton:
            self.toggle_fill()

    def wheelEvent(self, event: QWheelEvent) -> None:
        angle = event.angleDelta().y() or event.angleDelta().x()
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier or self._wheel_zooms:
            self.zoom_by(wheel_zoom(angle), self.to_device(event.position()))
        else:
            self._notches, steps = self._notches.turned(angle)
            if steps:
                self.film_step_requested.emit(steps)
        event.accept()

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QNativeGestureEvent) and event.gestureType() is Qt.NativeGestureType.ZoomNativeGesture:
            self.zoom_by(1.0 + event.value(), self.to_device(event.position()))
            return True
        return super().event(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        # The mouse's menu waits for the release: until then it may become a zoom.
        if event.reason() is QContextMenuEvent.Reason.Keyboard:
            self.context_menu_requested.emit(self.mapToGlobal(self.rect().center()))

    def leaveEvent(self, event: QEvent) -> None:
        self._read_out(None)

    # Inner works

    @property
    def _is_out_of_sight(self) -> bool:
        return self.film is None or self._message is not None

    def _read_out(self, at_view: QPointF | None) -> None:
        readout = None
        if at_view is not None and not self._is_out_of_sight and self.film is not None:
            from gui.viewport.readout import readout_at

            readout = readout_at(self.film.image, *self.film_point(at_view))
        if readout != self._readout:
            self._readout = readout
            self.cursor_moved.emit(readout)

    def film_point(self, at_view: QPointF) -> Point:
        """The film's continuous pixel coordinates (x, y) under a logical point of the view."""
        return self.transform.view_to_image(self.to_device(at_view), self.device_px)

    def view_point(self, at_film: Point) -> QPointF:
        """The logical point of the view where a film point is seen."""
        x, y = self.transform.image_to_view(at_film, self.device_px)
        return QPointF(x, y) / self.devicePixelRatioF()

    def to_device(self, at_view: QPointF) -> Point:
        """Logical pixels of the view as device pixels."""
        ratio = self.devicePixelRatioF()
        return at_view.x() * ratio, at_view.y() * ratio

    def _show_tool_cursor(self) -> None:
        self.setCursor(self._tool.cursor)
