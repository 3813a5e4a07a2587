"""The rows of the list: real events on a real view, and no work for rows that nobody sees."""

from __future__ import annotations

from typing import Any

import pytest
from PySide6.QtCore import (
    QItemSelection,
    QItemSelectionModel,
    QPoint,
    QPointF,
    QRect,
    QStringListModel,
    Qt,
)
from PySide6.QtGui import QPainter, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractItemView, QApplication, QStyle, QStyledItemDelegate, QStyleOptionViewItem

from gui.films.film_rows import FilmRows
from gui.films.study_delegate import ROW_PX

HEIGHT_PX = 5 * ROW_PX + 20
Hint = QAbstractItemView.ScrollHint


class Painted(QStyledItemDelegate):
    """Notes which rows were painted, and how."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: dict[int, QStyle.StateFlag] = {}

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Any) -> None:
        self.rows[index.row()] = option.state
        painter.fillRect(option.rect, Qt.GlobalColor.darkBlue)


@pytest.fixture
def painted() -> Painted:
    return Painted()


@pytest.fixture
def rows(themed: QApplication, qtbot: Any, painted: Painted) -> FilmRows:
    view = FilmRows()
    qtbot.addWidget(view)
    view.setModel(QStringListModel([f"film {number}" for number in range(100)], view))
    view.setItemDelegate(painted)
    view.show()
    view.resize(260, HEIGHT_PX + view.height() - view.viewport().height())
    qtbot.waitExposed(view)
    return view


def current(view: FilmRows) -> int:
    return view.currentIndex().row()


def test_only_what_is_seen_is_painted(rows: FilmRows, painted: Painted) -> None:
    rows.verticalScrollBar().setValue(10 * ROW_PX - 10)
    painted.rows.clear()
    rows.viewport().grab()
    assert sorted(painted.rows) == list(range(9, 16))
    painted.rows.clear()
    rows.viewport().grab(QRect(0, 10, 50, ROW_PX))
    assert sorted(painted.rows) == [10]


def test_keys_go_through_the_rows_and_stay_in_sight(rows: FilmRows) -> None:
    rows.setCurrentIndex(rows.model().index(0, 0))
    for key, row in (
        (Qt.Key.Key_Up, 0),
        (Qt.Key.Key_Down, 1),
        (Qt.Key.Key_PageDown, 6),
        (Qt.Key.Key_PageDown, 11),
        (Qt.Key.Key_PageUp, 6),
        (Qt.Key.Key_End, 99),
        (Qt.Key.Key_Down, 99),
        (Qt.Key.Key_Home, 0),
    ):
        QTest.keyClick(rows, key)
        assert current(rows) == row
        assert rows.viewport().rect().contains(rows.visualRect(rows.currentIndex()))


def test_a_click_takes_the_row_below_it(rows: FilmRows, painted: Painted) -> None:
    rows.verticalScrollBar().setValue(3 * ROW_PX + 5)
    where = QPoint(20, 2 * ROW_PX)
    QTest.mouseClick(rows.viewport(), Qt.MouseButton.LeftButton, pos=where)
    assert current(rows) == rows.indexAt(where).row() == 5
    rows.viewport().grab()
    assert [row for row, state in painted.rows.items() if state & QStyle.StateFlag.State_Selected] == [5]


def test_the_row_below_the_mouse_is_lit(rows: FilmRows, painted: Painted, qtbot: Any) -> None:
    def lit() -> list[int]:
        painted.rows.clear()
        rows.viewport().grab()
        return [row for row, state in painted.rows.items() if state & QStyle.StateFlag.State_MouseOver]

    QTest.mouseMove(rows.viewport(), QPoint(20, ROW_PX + 3))
    qtbot.waitUntil(lambda: lit() == [1])


def test_the_wheel_scrolls_by_rows(rows: FilmRows) -> None:
    at = QPointF(50, 50)
    keys, buttons = Qt.KeyboardModifier.NoModifier, Qt.MouseButton.NoButton
    turned = QWheelEvent(
        at, QPointF(rows.mapToGlobal(at)), QPoint(), QPoint(0, -120), buttons, keys, Qt.ScrollPhase.NoScrollPhase, False
    )
    QApplication.sendEvent(rows.viewport(), turned)
    assert rows.verticalScrollBar().value() == QApplication.wheelScrollLines() * ROW_PX


@pytest.mark.parametrize(
    ("hint", "at_px"),
    [
        (Hint.PositionAtTop, 50 * ROW_PX),
        (Hint.PositionAtBottom, 51 * ROW_PX - HEIGHT_PX),
        (Hint.EnsureVisible, 51 * ROW_PX - HEIGHT_PX),
        (Hint.PositionAtCenter, 50 * ROW_PX + (ROW_PX - HEIGHT_PX) // 2),
    ],
)
def test_a_row_is_brought_into_sight(rows: FilmRows, hint: Hint, at_px: int) -> None:
    rows.scrollTo(rows.model().index(50, 0), hint)
    assert rows.verticalScrollBar().value() == at_px


def test_the_scroll_bar_follows_the_rows_and_the_window(rows: FilmRows) -> None:
    assert rows.verticalScrollBar().maximum() == 100 * ROW_PX - HEIGHT_PX
    rows.model().insertRows(100, 20)
    assert rows.verticalScrollBar().maximum() == 120 * ROW_PX - HEIGHT_PX
    rows.resize(rows.width(), rows.height() + 100)
    QApplication.processEvents()
    assert rows.verticalScrollBar().maximum() == 120 * ROW_PX - HEIGHT_PX - 100
    model = rows.model()
    assert isinstance(model, QStringListModel)
    model.setStringList([])
    QApplication.processEvents()
    assert rows.verticalScrollBar().maximum() == 0
    assert not rows.indexAt(QPoint(5, 5)).isValid()
    QTest.keyClick(rows, Qt.Key.Key_Down)
    assert current(rows) == -1


def test_a_rectangle_selects_its_rows(rows: FilmRows) -> None:
    rows.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
    rows.setSelection(QRect(0, ROW_PX + 1, 10, 2 * ROW_PX), QItemSelectionModel.SelectionFlag.ClearAndSelect)
    chosen = rows.selectionModel().selection()
    assert sorted(index.row() for index in chosen.indexes()) == [1, 2, 3]
    region = rows.visualRegionForSelection(chosen)
    assert region.boundingRect() == QRect(0, ROW_PX, rows.viewport().width(), 3 * ROW_PX)
    rows.setSelection(QRect(), QItemSelectionModel.SelectionFlag.Clear)
    assert rows.selectionModel().selection() == QItemSelection()
