"""A share of 100 that can be typed."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QLocale, Qt, Signal
from PySide6.QtGui import QKeyEvent, QWheelEvent
from PySide6.QtWidgets import QDoubleSpinBox, QWidget

from gui.theme import font

WIDTH_PX = 76
_STEPPING = (Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_PageUp, Qt.Key.Key_PageDown)


class ShareBox(QDoubleSpinBox):
    """0 to 100 with one digit after the point, where it says something. Arrow keys step while it has the focus.

    `share_typed` follows the reader alone, and only once the number is finished; setting it from the program is silent.
    """

    share_typed = Signal(float)  # 0 to 1

    def __init__(self, name: str, unset: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(name)
        self.setLocale(QLocale.c())
        self.setRange(0.0, 100.0)
        self.setDecimals(1)
        self.setSpecialValueText(unset)  # what 0 reads as
        # NoButtons would take the whole field from the text under a stylesheet (Qt 6.11), which hides them by itself.
        self.setKeyboardTracking(False)
        self.setFont(font())
        self.setFixedWidth(WIDTH_PX)
        self.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.lineEdit().setTextMargins(0, 0, 6, 0)
        self._shown = 0.0
        self.valueChanged.connect(self._changed)

    def show_share(self, share: float) -> None:
        """Show a share, 0 to 1, unless the reader is typing one."""
        self._shown = round(100 * share, 1)
        if not (self.hasFocus() and self.lineEdit().isModified()):
            self.blockSignals(True)
            self.setValue(self._shown)
            self.blockSignals(False)

    def textFromValue(self, value: float) -> str:
        return f"{value:.1f}".removesuffix(".0")

    def _changed(self, value: float) -> None:
        if value != self._shown:
            self._shown = value
            self.lineEdit().setModified(False)
            self.share_typed.emit(value / 100)

    def event(self, event: QEvent) -> bool:
        # Up and Down are the window's keys for films; here they step.
        if (
            event.type() == QEvent.Type.ShortcutOverride
            and isinstance(event, QKeyEvent)
            and event.key() in _STEPPING
            and not event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        ):
            event.accept()
            return True
        return super().event(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        # A panel that is scrolled through must not change what it says on the way.
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()
