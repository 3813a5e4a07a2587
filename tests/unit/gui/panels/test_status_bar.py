from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from gui.panels.status_bar import StatusBar
from gui.review import Review
from gui.second_reader.analysis_queue import QueueProgress
from imaging.release import Release
from tests.answers import WHY, chosen_model


def test_the_status_bar_counts_and_offers_to_stop_and_to_go_on(review: Review, qtbot: Any) -> None:
    bar = StatusBar(review)
    qtbot.addWidget(bar)
    bar.resize(1280, 32)
    bar.show()
    review.set_model(chosen_model())
    assert bar.engine.text() == WHY
    bar.show_queue(QueueProgress(24, 40, active=True))
    assert bar.queue.text() == "Analysing 25 of 40"
    with qtbot.waitSignal(bar.cancel_asked):
        QTest.mouseClick(bar.button, Qt.MouseButton.LeftButton)
    bar.show_queue(QueueProgress(0, 0, stopped=True))
    with qtbot.waitSignal(bar.resume_asked):
        QTest.mouseClick(bar.button, Qt.MouseButton.LeftButton)
    assert bar.button.text() == "Go on"
    bar.show_queue(QueueProgress(0, 0, stopped=True, held=True))
    assert (bar.queue.text(), bar.button.text()) == ("Not analysed yet", "Analyse")
    bar.show_queue(QueueProgress())
    assert not bar.button.isVisible()


def test_the_status_bar_of_a_frozen_program_says_its_flavour(review: Review, qtbot: Any) -> None:
    bar = StatusBar(review)
    qtbot.addWidget(bar)
    review.set_model(chosen_model())
    bar.show_release(Release("source"))
    assert bar.engine.text() == WHY
    bar.show_release(Release("viewer"))
    assert bar.engine.text() == f"viewer flavour: {WHY}"


def test_a_long_message_ends_in_an_ellipsis_and_widens_nothing(review: Review, qtbot: Any) -> None:
    bar = StatusBar(review)
    qtbot.addWidget(bar)
    bar.resize(900, 32)
    bar.show()
    bar.show_message("These folders are named after the model’s labels. " * 8)
    assert bar.minimumSizeHint().width() < 900
    qtbot.waitUntil(lambda: 0 < bar.message.width() < 900)
    assert bar.message.shown.endswith("…")
    assert "labels. These" in bar.message.toolTip()
