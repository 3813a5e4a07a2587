"""The confusion matrix: four cells that open their films."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QGridLayout, QSizePolicy, QWidget

from gui.panels.box import label
from gui.theme import PALETTE, font

COLUMN_PX = 84  # the wider heading; both columns have it
RIGHT_FILL, WRONG_FILL = "#15301f", "#3a1d20"  # green and red, dark enough for text


class Cell(QAbstractButton):
    """How many films, and what share of its row. It opens them."""

    def __init__(self, *, ill: bool, called: bool, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.is_right = ill == called
        self._share = ""
        self._said = f"{'ill' if ill else 'healthy'} films that were called {'ill' if called else 'healthy'}"
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)  # painted anew as the mouse comes and goes

    def sizeHint(self) -> QSize:
        return QSize(86, 62)

    def show_count(self, films: int, among: int) -> None:
        self.setText(f"{films:,}")
        self._share = f"{100 * films / among:.0f} %" if among else "–"
        word = "right" if self.is_right else "wrong"
        self.setAccessibleName(f"{films:,} {self._said}, {word}")
        self.setToolTip(f"Opens the {films:,} {self._said}" if films else f"There are no {self._said}")
        self.setEnabled(films > 0)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus if films else Qt.FocusPolicy.NoFocus)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        hot = self.isEnabled() and (self.hasFocus() or self.underMouse())
        painter.setPen(QPen(QColor(PALETTE.accent if hot else PALETTE.line), 2 if self.hasFocus() else 1))
        painter.setBrush(QColor(RIGHT_FILL if self.is_right else WRONG_FILL))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), 6, 6)
        middle = self.rect().center().y()
        painter.setPen(QColor(PALETTE.strong))
        painter.setFont(font("title"))
        painter.drawText(QRectF(0, middle - 24, self.width(), 26), Qt.AlignmentFlag.AlignCenter, self.text())
        painter.setFont(font("small"))
        painter.setPen(QColor(PALETTE.text))
        mark = "right" if self.is_right else "wrong"
        below = QRectF(0, middle + 4, self.width(), 16)
        painter.drawText(below, Qt.AlignmentFlag.AlignCenter, f"{self._share} {mark}")


class ConfusionMatrix(QWidget):
    """Rows say what a film is, columns what it is called."""

    cell_opened = Signal(bool, bool)  # is ill, called ill

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Confusion matrix")
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(6)
        for column, text in ((1, "called ill"), (2, "called healthy")):
            grid.addWidget(label(text, tone="secondary"), 0, column, Qt.AlignmentFlag.AlignHCenter)
        self.cells: dict[tuple[bool, bool], Cell] = {}
        for row, ill in ((1, True), (2, False)):
            grid.addWidget(label("is ill" if ill else "is healthy", tone="secondary"), row, 0)
            grid.setRowStretch(row, 1)
            for column, called in ((1, True), (2, False)):
                cell = self.cells[ill, called] = Cell(ill=ill, called=called)
                cell.clicked.connect(lambda _=False, at=(ill, called): self.cell_opened.emit(*at))
                grid.addWidget(cell, row, column)
                grid.setColumnStretch(column, 1)
                grid.setColumnMinimumWidth(column, COLUMN_PX)

    def show_counts(self, counts: Mapping[tuple[bool, bool], int]) -> None:
        """Films by (is ill, called ill)."""
        for (ill, called), cell in self.cells.items():
            cell.show_count(counts[ill, called], counts[ill, True] + counts[ill, False])
