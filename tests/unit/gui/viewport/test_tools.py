"""The table of tools, and that a tool is one function and one row."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from gui.actions import ROWS
from gui.viewport.film_view import FilmView
from gui.viewport.gestures import Drag
from gui.viewport.prepared import PreparedFilm
from gui.viewport.tools import TOOLS, Tool, tool_of


@pytest.mark.parametrize(
    ("button", "in_hand", "drags_with"),
    [
        (Qt.MouseButton.LeftButton, "window", "window"),
        (Qt.MouseButton.LeftButton, "pan", "pan"),
        (Qt.MouseButton.MiddleButton, "window", "pan"),
        (Qt.MouseButton.RightButton, "pan", "zoom"),
    ],
)
def test_buttons(button: Qt.MouseButton, in_hand: str, drags_with: str) -> None:
    assert tool_of(button, TOOLS[in_hand]) is TOOLS[drags_with]


def test_other_buttons_drag_nothing() -> None:
    assert tool_of(Qt.MouseButton.BackButton, TOOLS["pan"]) is None


def test_a_new_tool_is_one_function_and_one_row(
    themed: QApplication, make_film: Callable[..., PreparedFilm], monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = []

    def note(view: FilmView, drag: Drag, step_view: QPointF, speed: float) -> None:
        steps.append((drag.tool, step_view.toPoint(), speed))

    tool = Tool("note", "Note", "Q", "note", "Writes down", note, Qt.CursorShape.CrossCursor)
    monkeypatch.setattr("gui.viewport.film_view.TOOLS", {**TOOLS, "note": tool})
    view = FilmView()
    view.resize(200, 200)
    view.show()
    view.show_film(make_film())
    view.set_tool("note")
    assert view.cursor().shape() is Qt.CursorShape.CrossCursor
    at = QPoint(100, 100)
    QTest.mousePress(view, Qt.MouseButton.LeftButton, pos=at)
    QTest.mouseMove(view, at + QPoint(20, 0))
    QTest.mouseRelease(view, Qt.MouseButton.LeftButton, pos=at)
    assert steps == [("note", QPoint(20, 0), 1.0)]
    view.close()
    view.deleteLater()


def test_every_tool_has_its_row_in_the_menu_and_its_key() -> None:
    rows = {row.name: row for row in ROWS}
    for tool in TOOLS.values():
        assert (rows[f"tool_{tool.name}"].text, rows[f"tool_{tool.name}"].shortcuts) == (tool.title, (tool.key,))
