"""Small tables of words that are as high as their rows, and take the keyboard."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QColor, QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QFrame, QHeaderView, QTableWidget, QTableWidgetItem, QWidget

from gui.theme import PALETTE
from gui.wizard.words import SHIFTED

if TYPE_CHECKING:
    from training.judging.run_result import AgainstRow

ROW_PX, HEAD_PX = 28, 30
TONES = {"amber": PALETTE.amber, "green": PALETTE.green, "red": PALETTE.red, "secondary": PALETTE.secondary}


class WordTable(QTableWidget):
    """A heading for each column; the first column is left, figures are right. A row is picked by click or Enter."""

    def __init__(self, name: str, headings: Sequence[str], parent: QWidget | None = None) -> None:
        super().__init__(0, len(headings), parent)
        self.setAccessibleName(name)
        self.setHorizontalHeaderLabels(list(headings))
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(ROW_PX)
        self.setShowGrid(False)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWordWrap(False)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setTabKeyNavigation(False)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAsNeeded)
        head = self.horizontalHeader()
        head.setHighlightSections(False)
        head.setFixedHeight(HEAD_PX)
        head.setDefaultAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        for column in range(len(headings)):
            mode = QHeaderView.ResizeMode.Stretch if column == 0 else QHeaderView.ResizeMode.ResizeToContents
            head.setSectionResizeMode(column, mode)
        first = self.horizontalHeaderItem(0)
        if first is not None:
            first.setTextAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        head.setMinimumSectionSize(60)
        self._fit()

    def show_rows(self, rows: Sequence[Sequence[str]], tones: Sequence[str] = (), tips: Sequence[str] = ()) -> None:
        """`tones` and `tips` go with the rows, '' for none."""
        self.setRowCount(len(rows))
        for row, cells in enumerate(rows):
            for column, text in enumerate(cells):
                item = QTableWidgetItem(text)
                side = Qt.AlignmentFlag.AlignLeft if column == 0 else Qt.AlignmentFlag.AlignRight
                item.setTextAlignment(side | Qt.AlignmentFlag.AlignVCenter)
                item.setFlags(Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable)
                if tones and tones[row]:
                    item.setForeground(QColor(TONES[tones[row]]))
                if tips and tips[row]:
                    item.setToolTip(tips[row])
                self.setItem(row, column, item)
        self._fit()

    def explain(self, tips: Mapping[int, str]) -> None:
        """What a column says, by its place."""
        for column, tip in tips.items():
            item = self.horizontalHeaderItem(column)
            if item is not None:
                item.setToolTip(tip)

    def cells(self) -> list[list[str]]:
        """What is written, row by row."""
        found = []
        for row in range(self.rowCount()):
            items = (self.item(row, column) for column in range(self.columnCount()))
            found.append([item.text() if item is not None else "" for item in items])
        return found

    def minimumSizeHint(self) -> QSize:
        return QSize(200, self.height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        bar = self.horizontalScrollBar()
        below = bar.sizeHint().height() if bar.maximum() > 0 else 0
        self.setFixedHeight(HEAD_PX + ROW_PX * max(1, self.rowCount()) + 4 + below)


def number_or_dash(value: float | None) -> str:
    """Three places, or a dash for what is not defined."""
    return "–" if value is None or math.isnan(value) else f"{value:.3f}"


def p_words(p: float) -> str:
    """'p = 0.042'."""
    return "p < 0.001" if p < 0.001 else f"p = {p:.3f}"


def against_cells(row: AgainstRow) -> list[str]:
    """Films, the AUC before and now, their difference with its interval, and both tests of it."""
    change = row.difference
    difference = f"{change.value:+.3f} ({change.low:+.3f} to {change.high:+.3f})"
    return [f"{row.films:,}", f"{row.old:.3f}", f"{row.new:.3f}", difference, p_words(row.p), p_words(row.calls_p)]


def shift_rows(shifts: Mapping[str, Mapping[str, float]]) -> list[tuple[str, ...]]:
    """For each change of the films its name and the measures under it."""
    return [
        (name.replace("_", " "), *(number_or_dash(measures.get(key)) for key in SHIFTED))
        for name, measures in shifts.items()
    ]
