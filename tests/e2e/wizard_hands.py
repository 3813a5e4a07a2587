"""Working the wizard as a user does: with the mouse and the keyboard."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QComboBox, QWidget

from gui.main_window import MainWindow
from gui.wizard.window import PLAN, WizardWindow
from tests.e2e.window import PATIENCE_MS
from tests.e2e.window import drop as drop_on_window
from training.plan import TrainingPlan

OpenWizard = Callable[..., WizardWindow]
LEFT = Qt.MouseButton.LeftButton


def wizard_of(window: MainWindow, qtbot: Any, size_px: tuple[int, int] = (1280, 720)) -> WizardWindow:
    """The wizard as the menu opens it, ready for films."""
    window.actions_by_name["train_model"].trigger()
    qtbot.waitUntil(lambda: window.commands.work.wizard is not None, timeout=PATIENCE_MS)
    wizard = window.commands.work.wizard
    assert wizard is not None
    wizard.resize(*size_px)
    qtbot.waitUntil(lambda: wizard.training.catalogue is not None, timeout=PATIENCE_MS)
    return wizard


def drop(wizard: QWidget, path: Path) -> None:
    drop_on_window(wizard, [path])


def click(button: QWidget) -> None:
    assert button.isVisible()
    assert button.isEnabled()
    QTest.mouseClick(button, LEFT)


def tick(box: QWidget) -> None:
    """A check box takes the mouse on its words alone; the keyboard knows no such place."""
    assert box.isVisible()
    assert box.isEnabled()
    box.setFocus()
    QTest.keyClick(box, Qt.Key.Key_Space)


def choose(box: QComboBox, data: str) -> None:
    """Pick an entry by the keyboard, as a user does."""
    row = box.findData(data)
    assert row >= 0, data
    box.setFocus()
    while box.currentIndex() != row:
        QTest.keyClick(box, Qt.Key.Key_Down if box.currentIndex() < row else Qt.Key.Key_Up)


def type_in(widget: Any, text: str) -> None:
    widget.setFocus()
    widget.selectAll()
    QTest.keyClicks(widget, text)
    QTest.keyClick(widget, Qt.Key.Key_Return)


def inspected(qtbot: Any, wizard: WizardWindow) -> None:
    training = wizard.training
    qtbot.waitUntil(lambda: training.found is not None and not training.is_inspecting, timeout=PATIENCE_MS)


def on_plan_page(wizard: WizardWindow, films: Path, qtbot: Any) -> None:
    drop(wizard, films)
    inspected(qtbot, wizard)
    click(wizard.forward)
    assert wizard.current == PLAN


def plan_of(wizard: WizardWindow) -> TrainingPlan:
    plan = wizard.draft.plan
    assert plan is not None
    return plan
