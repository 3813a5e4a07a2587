"""The steps of the wizard in a column: number or tick, name, and one line on where it stands."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QRect, QSize, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from gui.frame.icons import pixmap
from gui.theme import PALETTE, font

WIDTH_PX, ROW_PX, TOP_PX = 244, 56, 16
_DISC_PX = 22


@dataclass(frozen=True, slots=True)
class Step:
    """One step: its name and what is known of it. `done` draws a tick; one that is not `open` can't be gone to yet."""

    name: str
    words: str = ""
    done: bool = False
    open: bool = True


class StepColumn(QWidget):
    """A list to click in or to walk through with the arrow keys."""

    picked = Signal(int)

    def __init__(self, steps: tuple[Step, ...], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.steps = steps
        self.current = 0
        self.setFixedWidth(WIDTH_PX)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("Steps")
        self._say()

    def show_steps(self, steps: tuple[Step, ...], current: int) -> None:
        if (steps, current) != (self.steps, self.current):
            self.steps, self.current = steps, current
            self._say()
            self.update()

    def row_rect_px(self, row: int) -> QRect:
        return QRect(0, TOP_PX + row * ROW_PX, self.width(), ROW_PX)

    def sizeHint(self) -> QSize:
        return QSize(WIDTH_PX, TOP_PX * 2 + ROW_PX * len(self.steps))

    def _say(self) -> None:
        step = self.steps[self.current]
        words = f": {step.words}" if step.words else ""
        self.setAccessibleDescription(f"Step {self.current + 1} of {len(self.steps)}, {step.name}{words}")

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._pick((round(event.position().y()) - TOP_PX) // ROW_PX)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        below, above = range(self.current + 1, len(self.steps)), range(self.current - 1, -1, -1)
        moves = {Qt.Key.Key_Down: below, Qt.Key.Key_Up: above}
        if event.key() not in moves:
            super().keyPressEvent(event)
            return
        # Whoever comes back has a run and a result, and no plan yet: closed steps are no wall.
        row = next((row for row in moves[Qt.Key(event.key())] if self.steps[row].open), None)
        if row is not None:
            self._pick(row)

    def _pick(self, row: int) -> None:
        if 0 <= row < len(self.steps) and row != self.current and self.steps[row].open:
            self.picked.emit(row)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for row, step in enumerate(self.steps):
            self._paint_row(painter, self.row_rect_px(row), row, step)

    def _paint_row(self, painter: QPainter, at: QRect, row: int, step: Step) -> None:
        if row == self.current:
            painter.fillRect(at, QColor(PALETTE.raised))
            painter.fillRect(at.adjusted(0, 0, 3 - at.width(), 0), QColor(PALETTE.accent))
        disc = QRect(at.left() + 22, at.top() + 12, _DISC_PX, _DISC_PX)
        tint = PALETTE.accent if row == self.current else PALETTE.green if step.done else PALETTE.outline
        painter.setPen(QPen(QColor(tint), 1.4))
        painter.setBrush(QColor(PALETTE.background))
        painter.drawEllipse(disc)
        if step.done and row != self.current:
            ratio = self.devicePixelRatioF()
            painter.drawPixmap(disc.adjusted(5, 5, -5, -5), pixmap("check", PALETTE.green, 12, ratio))
        else:
            painter.setFont(font("small"))
            painter.setPen(QColor(tint if row == self.current else PALETTE.secondary))
            painter.drawText(disc, Qt.AlignmentFlag.AlignCenter, str(row + 1))
        text = at.adjusted(56, 10, -12, 0)
        painter.setFont(font("strong" if row == self.current else "body"))
        name = PALETTE.strong if row == self.current else PALETTE.text if step.open else PALETTE.disabled
        painter.setPen(QColor(name))
        painter.drawText(text, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop, step.name)
        painter.setFont(font("small"))
        painter.setPen(QColor(PALETTE.secondary if step.open else PALETTE.disabled))
        words = painter.fontMetrics().elidedText(step.words, Qt.TextElideMode.ElideRight, text.width())
        painter.drawText(text.adjusted(0, 20, 0, 0), Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop, words)
        if row == self.current and self.hasFocus():
            painter.setPen(QPen(QColor(PALETTE.accent_line), 1))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(at.adjusted(3, 0, -1, -1))
