"""Sliders drawn our way: a thin track, a round handle, marks on it; by mouse and by keyboard alike."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QWheelEvent
from PySide6.QtWidgets import QAbstractSlider, QSizePolicy, QWidget

from gui.theme import PALETTE

HANDLE_PX = 16
GROOVE_PX = 4
HEIGHT_PX = 24
HANDLE_COLOUR = "#eaf2fb"

_OWN_KEYS = frozenset(
    {
        Qt.Key.Key_Left,
        Qt.Key.Key_Right,
        Qt.Key.Key_Up,
        Qt.Key.Key_Down,
        Qt.Key.Key_Home,
        Qt.Key.Key_End,
        Qt.Key.Key_PageUp,
        Qt.Key.Key_PageDown,
    }
)


class Track(QAbstractSlider):
    """A horizontal slider over whole numbers. Double click goes back to `usual`.

    `value_moved` follows the reader alone; setting the value from the program stays silent.
    """

    value_moved = Signal(int)

    def __init__(self, low: int, high: int, usual: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.usual = usual
        self.setOrientation(Qt.Orientation.Horizontal)
        self.setRange(low, high)
        self.setValue(usual)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setMouseTracking(True)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.actionTriggered.connect(self._stepped)

    def sizeHint(self) -> QSize:
        return QSize(160, HEIGHT_PX)

    def minimumSizeHint(self) -> QSize:
        return QSize(80, HEIGHT_PX)

    # Where a value lies. Overridden where the scale is not even.

    def share_of(self, value: int) -> float:
        """The place of a value on the track, 0 to 1."""
        return (value - self.minimum()) / (self.maximum() - self.minimum())

    def value_at(self, share: float) -> int:
        """The value at a place of the track."""
        return round(self.minimum() + share * (self.maximum() - self.minimum()))

    def groove_px(self) -> QRectF:
        """The track, inset so that the handle never leaves the widget."""
        return QRectF(HANDLE_PX / 2, (self.height() - GROOVE_PX) / 2, self.width() - HANDLE_PX, GROOVE_PX)

    def x_of(self, value: int) -> float:
        groove = self.groove_px()
        return groove.left() + groove.width() * self.share_of(value)

    # Events

    def event(self, event: QEvent) -> bool:
        # Arrow and page keys are the window's shortcuts for films; with the focus here they move the handle.
        # macOS says of every arrow key that it lies on the keypad.
        if (
            event.type() == QEvent.Type.ShortcutOverride
            and isinstance(event, QKeyEvent)
            and not event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
            and event.key() in _OWN_KEYS
        ):
            event.accept()
            return True
        return super().event(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self.setSliderDown(True)
            self._move_to(event.position().x())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self.isSliderDown():
            self._move_to(event.position().x())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self.setSliderDown(False)
        self.update()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._take(self.usual)

    def wheelEvent(self, event: QWheelEvent) -> None:
        # A panel that is scrolled through must not change what it says on the way.
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()

    def _stepped(self, _action: int) -> None:
        self._take(self.sliderPosition())

    def _move_to(self, x_px: float) -> None:
        groove = self.groove_px()
        share = (x_px - groove.left()) / max(1.0, groove.width())
        self._take(self.value_at(min(1.0, max(0.0, share))))

    def _take(self, value: int) -> None:
        if value != self.value():
            self.setValue(value)
            self.value_moved.emit(value)

    # Painting

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        self.paint_groove(painter, self.groove_px())
        self.paint_marks(painter)
        self.paint_handle(painter)

    def paint_groove(self, painter: QPainter, groove: QRectF) -> None:
        # Drawn to the widget's edges, so that it lines up with the text around it.
        whole = groove.adjusted(-HANDLE_PX / 2, 0, HANDLE_PX / 2, 0)
        painter.setBrush(QColor(PALETTE.line))
        painter.drawRoundedRect(whole, 2, 2)
        if self.isEnabled():
            done = QRectF(whole)
            done.setRight(self.x_of(self.value()))
            painter.setBrush(QColor(PALETTE.accent))
            painter.drawRoundedRect(done, 2, 2)

    def paint_marks(self, painter: QPainter) -> None:
        """Marks of the scale, below the handle. None by default."""

    def paint_handle(self, painter: QPainter) -> None:
        centre = QPointF(self.x_of(self.value()), self.groove_px().center().y())
        focused = QPen(QColor(PALETTE.accent), 2)
        painter.setPen(focused if self.hasFocus() else QPen(Qt.PenStyle.NoPen))
        painter.setBrush(QColor(HANDLE_COLOUR if self.isEnabled() else PALETTE.disabled))
        painter.drawEllipse(centre, HANDLE_PX / 2 - 1, HANDLE_PX / 2 - 1)
