"""A row of figures: each measure with its name above and its interval below."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QHBoxLayout, QSizePolicy, QWidget

from gui.theme import PALETTE, font
from gui.wizard.framed import Framed

if TYPE_CHECKING:
    from gui.wizard.result_work import Judgement
    from inference.bundles.card import Measure

MEASURES = (
    ("auc", "AUC"),
    ("average_precision", "Avg. precision"),
    ("sensitivity", "Sensitivity"),
    ("specificity", "Specificity"),
    ("precision", "Precision"),
    ("accuracy", "Accuracy"),
    ("f1", "F1"),
    ("calibration_error", "Calibration err."),
)
NAMES = {
    "average_precision": "Average precision",
    "calibration_error": "Calibration error",
    "auc": "Area under the ROC",
}
HEIGHT_PX = 76
FIGURE_PX = 18


def figure(measure: Measure | None) -> str:
    """The value, or a dash where the films do not define it."""
    return "–" if measure is None or measure.value != measure.value else f"{measure.value:.3f}"


def interval(measure: Measure | None) -> str:
    """The 95 % interval."""
    return "not defined" if measure is None else f"{measure.low:.3f}–{measure.high:.3f}"


class Tile(QAbstractButton):
    """One figure. It is a button where it opens films."""

    def __init__(self, name: str, full_name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._name, self._full_name = name, full_name
        self._below = ""
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)  # painted anew as the mouse comes and goes
        self.setFixedHeight(HEIGHT_PX)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.show_figure("–", "", opens=False)

    def sizeHint(self) -> QSize:
        return QSize(96, HEIGHT_PX)

    def minimumSizeHint(self) -> QSize:
        return QSize(76, HEIGHT_PX)

    def show_figure(self, text: str, below: str, *, opens: bool) -> None:
        self.setText(text)
        self._below = below
        self.setEnabled(opens)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus if opens else Qt.FocusPolicy.NoFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor if opens else Qt.CursorShape.ArrowCursor)
        self.setAccessibleName(f"{self._full_name} {text}, {below}")
        self.setToolTip(f"{self._full_name}: {text}" + (f", 95 % interval {below}" if not opens else ""))
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self.isEnabled() and (self.hasFocus() or self.underMouse()):
            painter.setPen(QPen(QColor(PALETTE.accent), 1))
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(2.5, 2.5, -2.5, -2.5), 4, 4)
        painter.setFont(font("small"))
        below = PALETTE.accent if self.isEnabled() else PALETTE.secondary
        self._paint_text(painter, QRectF(10, 12, self.width() - 12, 16), self._name, PALETTE.secondary)
        figures = self._below
        if painter.fontMetrics().horizontalAdvance(figures) > self.width() - 16:
            figures = re.sub(
                r"\d\.\d{3}", lambda found: f"{float(found.group()):.2f}", figures
            )  # two places where three have no room
        self._paint_text(painter, QRectF(10, 54, self.width() - 12, 16), figures, below)
        large = font("strong")
        large.setPixelSize(FIGURE_PX)
        painter.setFont(large)
        painter.setPen(QColor(PALETTE.strong))
        painter.drawText(QRectF(10, 29, self.width() - 10, 24), Qt.AlignmentFlag.AlignVCenter, self.text())

    @staticmethod
    def _paint_text(painter: QPainter, where: QRectF, text: str, colour: str) -> None:
        painter.setFont(font("small"))
        painter.setPen(QColor(colour))
        shown = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, round(where.width()))
        painter.drawText(where, Qt.AlignmentFlag.AlignVCenter, shown)


class Tiles(Framed):
    """Every measure of one finding, and the films that were missed."""

    missed_opened = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("", parent)
        self.setAccessibleName("Measures")
        while self.column.count():
            self.column.takeAt(0)
        self.column.setContentsMargins(6, 0, 6, 0)
        row = QHBoxLayout()
        row.setSpacing(0)
        self.tiles = {name: Tile(title, NAMES.get(name, title)) for name, title in MEASURES}
        self.missed = Tile("Missed", "Missed ill films")
        self.missed.clicked.connect(self.missed_opened)
        for tile in (*self.tiles.values(), self.missed):
            row.addWidget(tile, 1)
        self.column.addLayout(row)

    def show_judgement(self, judgement: Judgement) -> None:
        """Measures that take long keep their last figures while a point is dragged, and are marked as older."""
        for name, tile in self.tiles.items():
            if name in judgement.measures:
                measure = judgement.measures[name]
                tile.show_figure(figure(measure), interval(measure), opens=False)
            elif name == "f1":  # the others do not depend on the point
                tile.show_figure("…", "", opens=False)
        missed, found = judgement.counts[True, False], judgement.counts[True, True]
        ill = missed + found
        self.missed.show_figure(f"{missed:,} of {ill:,}", "open them" if missed else "none", opens=missed > 0)
