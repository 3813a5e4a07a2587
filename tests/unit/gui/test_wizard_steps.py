"""The column of steps by keyboard."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from gui.wizard.steps import Step, StepColumn


def test_the_arrow_keys_pass_over_steps_that_are_closed(themed: Any, qtbot: Any) -> None:
    """As they are for whoever comes back to a run: there is a result, and no plan."""
    column = StepColumn((Step("Data"), Step("Plan", open=False), Step("Run"), Step("Result")))
    qtbot.addWidget(column)
    picked: list[int] = []
    column.picked.connect(picked.append)
    column.picked.connect(lambda row: column.show_steps(column.steps, row))
    for key in (Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_Down, Qt.Key.Key_Down, Qt.Key.Key_Up, Qt.Key.Key_Up):
        QTest.keyClick(column, key)
    assert picked == [2, 3, 2, 0]
