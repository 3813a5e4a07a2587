"""Showing the pages of a run, and working them as a user does."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget

from gui.jobs import Jobs
from gui.wizard.chosen_point import ChosenPoint
from gui.wizard.left_out_card import LeftOutCard
from gui.wizard.result_page import ResultPage
from gui.wizard.run_page import RunPage
from gui.wizard.run_states import State
from tests.e2e.training_process import start_training
from tests.e2e.window import PATIENCE_MS

SIZE_PX = (1036, 600)  # what the wizard leaves of 1280 x 720
SMALLEST_PX = (835, 520)  # of the smallest window


def start_run(folder: Path, name: str, *arguments: str) -> subprocess.Popen[str]:
    """The worker of a run, as the window starts it."""
    run, models = folder / "runs" / name, folder / "models" / name
    return start_training(folder, run, *arguments, models=models, output=subprocess.DEVNULL)


def shown(qtbot: Any, page: QWidget) -> None:
    qtbot.addWidget(page)
    page.resize(*SIZE_PX)
    page.show()


def run_page(qtbot: Any, jobs: Jobs, path: Path) -> RunPage:
    page = RunPage(jobs)
    shown(qtbot, page)
    page.show_run(path)
    return page


def until(qtbot: Any, page: RunPage, *states: State) -> None:
    qtbot.waitUntil(lambda: page.state in states, timeout=PATIENCE_MS)


def left_out_rows(card: LeftOutCard) -> list[tuple[str, str]]:
    """Names and reasons."""
    films = card.films
    found = [films.topLevelItem(row) for row in range(films.topLevelItemCount())]
    return [(item.text(0), item.text(1)) for item in found if item is not None]


def result_page(qtbot: Any, jobs: Jobs, path: Path) -> ResultPage:
    page = ResultPage(jobs)
    shown(qtbot, page)
    page.show_result(path)
    qtbot.waitUntil(lambda: page.judgement is not None and jobs.idle, timeout=PATIENCE_MS)
    return page


def part_of(path: Path, part: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((path / "result.json").read_text(encoding="utf-8"))["parts"][part]["labels"]
    return dict(found["SQUARE"])


def show_part(qtbot: Any, jobs: Jobs, page: ResultPage, place: int) -> None:
    QTest.mouseClick(
        page.cards.head.parts, Qt.MouseButton.LeftButton, pos=page.cards.head.parts.tabRect(place).center()
    )
    qtbot.waitUntil(lambda: page.judgement is not None and jobs.idle, timeout=PATIENCE_MS)


def drag_to(page: ResultPage, stop: int) -> None:
    """Take the point with the mouse and lead it to a stop of the curve."""
    plot, shown = page.cards.point.plot, page.shown
    assert shown is not None
    row, curves = shown.stops["SQUARE"][stop], plot._curves
    assert curves is not None
    at = plot.at(row.false_positive / curves.healthy, row.true_positive / curves.ill).toPoint()
    QTest.mousePress(plot, Qt.MouseButton.LeftButton, pos=at + QPoint(30, 30))
    QTest.mouseMove(plot, at)
    QTest.mouseRelease(plot, Qt.MouseButton.LeftButton, pos=at)


def chosen_of(page: ResultPage) -> ChosenPoint:
    """The part, the finding and the point that are looked at."""
    assert page.chosen is not None
    return page.chosen
