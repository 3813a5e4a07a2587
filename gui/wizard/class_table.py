"""The classes of the films, each with its films, patients and parts."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableWidget, QTableWidgetItem, QWidget

from gui.training_work import Inspected

HEADS = ("Class", "Films", "Patients", "Training", "Validation", "Test")
ROW_PX, SHOWN = 30, 6


class ClassTable(QTableWidget):
    """Read-only. A dash stands where films could not be parted."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(0, len(HEADS), parent)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(ROW_PX)
        self.setShowGrid(False)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setTabKeyNavigation(False)
        self.setAccessibleName("Classes")
        head = self.horizontalHeader()
        head.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        head.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        head.setHighlightSections(False)
        for column, name in enumerate(HEADS):
            item = QTableWidgetItem(name)
            item.setTextAlignment(_side(column))
            self.setHorizontalHeaderItem(column, item)

    def show_found(self, found: Inspected) -> None:
        normal = found.inspection.manifest.normal_label
        self.setRowCount(len(found.classes))
        for row, line in enumerate(found.classes):
            name = f"{line.label} (healthy)" if line.label == normal else line.label
            parts = [f"{count:,}" for count in line.parts] or ["–"] * 3
            for column, text in enumerate([name, f"{line.films:,}", f"{line.patients:,}", *parts]):
                item = QTableWidgetItem(text)
                item.setTextAlignment(_side(column))
                self.setItem(row, column, item)
        shown = min(len(found.classes), SHOWN)
        self.setFixedHeight(self.horizontalHeader().sizeHint().height() + shown * ROW_PX + 4)


def _side(column: int) -> Qt.AlignmentFlag:
    """Names on the left, numbers on the right."""
    return (Qt.AlignmentFlag.AlignRight if column else Qt.AlignmentFlag.AlignLeft) | Qt.AlignmentFlag.AlignVCenter
