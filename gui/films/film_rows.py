"""The view of the list's rows. All are of one height, so where a row stands is arithmetic: nothing is laid out."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import (
    QItemSelection,
    QItemSelectionModel,
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    QRect,
    Qt,
)
from PySide6.QtGui import QAccessible, QAccessibleEvent, QCursor, QPainter, QPaintEvent, QRegion
from PySide6.QtWidgets import QAbstractItemView, QListView, QStyleOptionViewItem

from gui.films.study_delegate import ROW_PX

Index = QModelIndex | QPersistentModelIndex
Action = QAbstractItemView.CursorAction
Hint = QAbstractItemView.ScrollHint


class FilmRows(QListView):
    """A QListView, to screen readers too, that lays out no rows.

    Qt's own goes through all of them, in Python's `rowCount`, whenever some are added: with ten thousand films that
    come in some hundred batches this took longer than reading them.
    """

    def __init__(self) -> None:
        super().__init__()
        self.setMouseTracking(True)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)

    def visible_rows(self, rect: QRect | None = None) -> range:
        """The rows that are seen, wholly or in part, in the viewport or in a rectangle of it."""
        seen = self.viewport().rect() if rect is None else rect
        if seen.isEmpty():
            return range(0)
        first = max((seen.top() + self.verticalOffset()) // ROW_PX, 0)
        return range(first, min((seen.bottom() + self.verticalOffset()) // ROW_PX + 1, self._count()))

    def _count(self) -> int:
        model = self.model()
        return model.rowCount() if model is not None else 0

    # Where rows stand

    def verticalOffset(self) -> int:
        return self.verticalScrollBar().value()

    def visualRect(self, index: Index) -> QRect:
        if not index.isValid():
            return QRect()
        return QRect(0, index.row() * ROW_PX - self.verticalOffset(), self.viewport().width(), ROW_PX)

    def indexAt(self, point: QPoint) -> QModelIndex:
        row = (point.y() + self.verticalOffset()) // ROW_PX
        return self.model().index(row, 0) if 0 <= row < self._count() else QModelIndex()

    def visualRegionForSelection(self, selection: QItemSelection) -> QRegion:
        region = QRegion()
        for index in selection.indexes():
            region += self.visualRect(index)
        return region

    def setSelection(self, rect: QRect, command: QItemSelectionModel.SelectionFlag) -> None:
        rows = self.visible_rows(rect.normalized())
        model = self.model()
        chosen = QItemSelection(model.index(rows[0], 0), model.index(rows[-1], 0)) if rows else QItemSelection()
        self.selectionModel().select(chosen, command)

    def moveCursor(self, action: Action, modifiers: Qt.KeyboardModifier) -> QModelIndex:
        page = max(self.viewport().height() // ROW_PX, 1)
        last, row = self._count() - 1, self.currentIndex().row()  # -1 where none is current
        steps = {
            Action.MoveUp: -1,
            Action.MovePrevious: -1,
            Action.MoveDown: 1,
            Action.MoveNext: 1,
            Action.MovePageUp: -page,
            Action.MovePageDown: page,
            Action.MoveHome: -last,
            Action.MoveEnd: last + 1,
        }
        return self.model().index(min(max(row + steps.get(action, 0), 0), last), 0)

    # Scrolling

    def updateGeometries(self) -> None:
        QAbstractItemView.updateGeometries(self)
        bar, height = self.verticalScrollBar(), self.viewport().height()
        bar.setSingleStep(ROW_PX)
        bar.setPageStep(height)
        bar.setRange(0, max(self._count() * ROW_PX - height, 0))

    def scrollContentsBy(self, dx: int, dy: int) -> None:
        self.viewport().scroll(dx, dy)

    def scrollTo(self, index: Index, hint: Hint = Hint.EnsureVisible) -> None:
        if not index.isValid():
            return
        bar, height = self.verticalScrollBar(), self.viewport().height()
        top = index.row() * ROW_PX
        bottom = top + ROW_PX - height
        inside = bottom <= bar.value() <= top
        match hint:
            case Hint.PositionAtTop:
                bar.setValue(top)
            case Hint.PositionAtBottom:
                bar.setValue(bottom)
            case Hint.PositionAtCenter:
                bar.setValue((top + bottom) // 2)
            case _ if not inside:
                bar.setValue(top if top < bar.value() else bottom)

    # What changes

    def doItemsLayout(self) -> None:
        QAbstractItemView.doItemsLayout(self)

    def rowsInserted(self, parent: Index, first: int, last: int) -> None:
        QAbstractItemView.rowsInserted(self, parent, first, last)
        self.updateGeometries()
        if first <= self.visible_rows().stop:
            self.viewport().update()

    def dataChanged(self, first: Index, last: Index, roles: Sequence[int] = ()) -> None:
        """What a row says moves no other one."""
        if first.row() == last.row():
            self.update(first)
        else:
            self.viewport().update()

    def currentChanged(self, current: Index, previous: Index) -> None:
        QAbstractItemView.currentChanged(self, current, previous)
        if QAccessible.isActive() and current.isValid() and self.hasFocus():
            told = QAccessibleEvent(self, QAccessible.Event.Focus)
            told.setChild(current.row())
            QAccessible.updateAccessibility(told)

    def paintEvent(self, event: QPaintEvent) -> None:
        from PySide6.QtWidgets import QStyle  # its many enumerations are made by the first import

        painter = QPainter(self.viewport())
        option = QStyleOptionViewItem()
        self.initViewItemOption(option)
        usual, selection = option.state, self.selectionModel()
        under = self.indexAt(self.viewport().mapFromGlobal(QCursor.pos())) if self.viewport().underMouse() else None
        for row in self.visible_rows(event.rect()):
            index = self.model().index(row, 0)
            option.rect = self.visualRect(index)
            option.state = usual
            if selection.isSelected(index):
                option.state |= QStyle.StateFlag.State_Selected
            if under is not None and under.row() == row:
                option.state |= QStyle.StateFlag.State_MouseOver
            self.itemDelegate().paint(painter, option, index)
