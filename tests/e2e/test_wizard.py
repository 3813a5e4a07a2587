"""The wizard by real events: from dropped films to a model, with nothing clipped and every control named."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QApplication, QComboBox, QLabel, QPushButton, QWidget

from gui.wizard.window import DATA, PLAN, RESULT, RUN
from tests.e2e.window import PATIENCE_MS
from tests.e2e.wizard_hands import (
    OpenWizard,
    choose,
    click,
    inspected,
    on_plan_page,
    plan_of,
    type_in,
)
from training.running.events import Finished
from training.running.run_dir import RunDir
from training.running.runs import known_runs


def shown_texts(page: QWidget) -> list[QLabel | QPushButton]:
    found: list[QLabel | QPushButton] = [*page.findChildren(QLabel), *page.findChildren(QPushButton)]
    return [widget for widget in found if widget.isVisibleTo(page)]


@pytest.mark.parametrize("size_px", [(1280, 720), (1080, 640)])
def test_nothing_is_clipped(open_wizard: OpenWizard, squares: Path, qtbot: Any, size_px: tuple[int, int]) -> None:
    wizard = open_wizard(size_px)
    on_plan_page(wizard, squares, qtbot)
    for page, scrolled in ((DATA, wizard.data.found), (PLAN, wizard.plan)):
        wizard.go_to(page)
        QApplication.processEvents()
        assert scrolled.horizontalScrollBar().maximum() == 0
        inner = scrolled.widget()
        assert inner is not None
        for text in shown_texts(inner):
            right = text.mapTo(inner, QPoint(text.width(), 0)).x()
            assert right <= inner.width(), text.text()
            assert text.height() >= min(text.minimumSizeHint().height(), 14), text.text()


def test_every_control_has_a_name(open_wizard: OpenWizard, squares: Path, qtbot: Any) -> None:
    wizard = open_wizard()
    on_plan_page(wizard, squares, qtbot)
    for widget in wizard.findChildren(QWidget):
        inner = widget.objectName().startswith("qt_") or isinstance(widget.parent(), QComboBox)
        if widget.focusPolicy() & Qt.FocusPolicy.TabFocus and widget.isVisible() and not inner:
            named = widget.accessibleName() or getattr(widget, "text", lambda: "")()
            assert named or widget.metaObject().className() in ("QScrollArea", "PlanPage", "FoundPage", "QLineEdit")


def test_a_run_goes_from_the_films_to_a_model(open_wizard: OpenWizard, squares: Path, qtbot: Any) -> None:
    wizard = open_wizard()
    on_plan_page(wizard, squares, qtbot)
    choose(wizard.plan.start.backbone, "tiny_fine")
    type_in(wizard.plan.head.name, "Squares")
    plan = dataclasses.replace(
        plan_of(wizard),
        data=dataclasses.replace(plan_of(wizard).data, validation_share=0.3),
        preprocess=dataclasses.replace(plan_of(wizard).preprocess, size_px=64),
    )
    wizard.draft.set(plan)
    qtbot.waitUntil(wizard.forward.isEnabled, timeout=PATIENCE_MS)
    inspected(qtbot, wizard)
    assert not wizard.steps.steps[PLAN].done
    click(wizard.forward)
    qtbot.waitUntil(lambda: wizard.current == RUN, timeout=PATIENCE_MS)
    assert wizard.steps.steps[PLAN].done
    (run,) = known_runs()
    assert RunDir(run).plan().name == "Squares"
    assert wizard.training.runs() == (run,)
    qtbot.waitUntil(lambda: RunDir(run).finished is not None, timeout=PATIENCE_MS)
    finished = RunDir(run).finished
    assert isinstance(finished, Finished)
    assert Path(finished.bundle).name == "squares@1"
    qtbot.waitUntil(lambda: wizard.run.is_finished, timeout=PATIENCE_MS)
    assert wizard.foot.text() == "", "it does not go on any more"
    click(wizard.run.head.result)
    assert wizard.current == RESULT
    qtbot.waitUntil(lambda: wizard.result.judgement is not None, timeout=PATIENCE_MS)
    with qtbot.waitSignal(wizard.bundle_asked) as asked:
        click(wizard.result.cards.head.open_model)
    assert asked.args == [Path(finished.bundle)]
    with qtbot.waitSignal(wizard.film_asked):
        click(next(cell for cell in wizard.result.cards.confusion.cells.values() if cell.isEnabled()))
    wizard.close()
    qtbot.waitUntil(lambda: wizard.training.jobs.idle, timeout=PATIENCE_MS)
