"""The wizard's Run page on real runs: watched, told to rest, ended, gone on with."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from gui.jobs import Jobs
from gui.wizard.run_page import RunPage
from gui.wizard.run_states import State
from imaging.study import ImageRef
from tests.e2e.run_pages import (
    SMALLEST_PX,
    left_out_rows,
    run_page,
    start_run,
    until,
)
from tests.e2e.training_process import SMALL
from tests.e2e.window import PATIENCE_MS
from tests.e2e.wizard_hands import click
from training.running.events import Saved
from training.running.run_dir import EVENTS, HEARTBEAT, PLAN, RunDir
from training.running.run_story import Stage


def scored(page: RunPage) -> list[tuple[str, float]]:
    """The label and the score of each watched film that has its picture."""
    tiles = [
        widget.tile for widget in page.watched.row.tiles if widget.tile is not None and widget.tile.image is not None
    ]
    words = [tile.word.split() for tile in tiles]
    return [(pair[0], float(pair[1])) for pair in words if len(pair) == 2]


def test_a_run_is_watched_rests_is_cancelled_and_goes_on_to_its_best(trained: Path, jobs: Jobs, qtbot: Any) -> None:
    csv, path = trained / "films" / "films.csv", trained / "runs" / "live"
    worker = start_run(trained, "live", "--data", str(csv), *SMALL, "--set", "learning.epochs=3000")
    try:
        qtbot.waitUntil((path / PLAN).exists, timeout=PATIENCE_MS)
        page = run_page(qtbot, jobs, path)
        until(qtbot, page, State.LEARNING)
        assert "of 3000" in page.head.title.text()
        qtbot.waitUntil(lambda: "of learning left" in page.head.sentence.text(), timeout=PATIENCE_MS)
        qtbot.waitUntil(page.head.keep.isEnabled, timeout=PATIENCE_MS)
        assert "training" in page.curves.loss.accessibleDescription()
        assert "AUC" in page.curves.measure.accessibleDescription()
        qtbot.waitUntil(lambda: len(scored(page)) == 8, timeout=PATIENCE_MS)
        assert {label for label, _ in scored(page)} == {"Normal", "Square"}
        with qtbot.waitSignal(page.watched.film_asked) as asked:
            click(page.watched.row.tiles[0])
        assert len(asked.args[0]) == 8
        assert asked.args[1].path.parent == trained / "films"
        click(page.head.pause)
        until(qtbot, page, State.PAUSED)
        page.hide()
        again = run_page(qtbot, jobs, path)
        until(qtbot, again, State.PAUSED)
        assert again.curves.loss.accessibleDescription().startswith("training"), "coming back shows the whole run"
        assert again.told.words.count() >= 3
        QTest.keyClick(again.head.cancel, Qt.Key.Key_Space)
        until(qtbot, again, State.STOPPED)
        assert worker.wait(timeout=60) == 130
        with qtbot.waitSignal(again.resume_asked) as asked:
            click(again.head.pause)
        assert asked.args == [path]
        assert again.state is State.STARTING
        worker = start_run(trained, "live", "--resume")
        until(qtbot, again, State.LEARNING)
        click(again.head.keep)
        until(qtbot, again, State.FINISHED)
        with qtbot.waitSignal(again.result_asked):
            click(again.head.result)
        assert "stopped early" in again.head.sentence.text()
        assert worker.wait(timeout=60) == 0
    finally:
        worker.kill()
        worker.wait()


def killed_copy(trained: Path, to: Path) -> Path:
    """The folder of a run as a worker leaves it that is killed after its third checkpoint."""
    shutil.copytree(trained / "runs" / "long", to)
    lines = (to / EVENTS).read_text(encoding="utf-8").splitlines(keepends=True)
    saved = [place for place, line in enumerate(lines) if '"Saved"' in line]
    (to / EVENTS).write_text("".join(lines[: saved[3] + 1]), encoding="utf-8")
    (to / HEARTBEAT).write_text("1 0.0\n", encoding="ascii")
    return to


def test_a_worker_that_is_gone_is_said_and_can_be_asked_back(
    trained: Path, tmp_path: Path, jobs: Jobs, qtbot: Any
) -> None:
    page = run_page(qtbot, jobs, killed_copy(trained, tmp_path / "killed"))
    until(qtbot, page, State.GONE)
    assert "Nothing was heard of it" in page.head.sentence.text()
    assert page.head.pause.text() == "Go on"
    assert not page.head.cancel.isVisible()
    click(page.head.pause)
    until(qtbot, page, State.STARTING)
    page.show_trouble("The process of the run could not be started.")
    until(qtbot, page, State.GONE)
    assert page.head.trouble.isVisible()


def test_why_a_run_failed_is_said_in_words(trained: Path, tmp_path: Path, jobs: Jobs, qtbot: Any) -> None:
    plan = RunDir(trained / "runs" / "long").plan()
    run = RunDir(tmp_path / "runs" / "none")
    run.create(replace(plan, data=replace(plan.data, source=str(trained / "films" / "gone.csv"))))
    assert start_run(tmp_path, "none", "--resume").wait(timeout=120) == 3
    page = run_page(qtbot, jobs, run.path)
    until(qtbot, page, State.FAILED)
    assert "can't be found or read" in page.head.sentence.text().replace("&#x27;", "'")
    page.show_run(tmp_path / "nowhere")
    qtbot.waitUntil(page.head.trouble.isVisible, timeout=PATIENCE_MS)
    assert "plan can" in page.head.trouble.text()
    assert page.head.title.text() == "This run can’t be shown"


def test_a_run_that_waits_for_its_turn_says_for_which(trained: Path, tmp_path: Path, jobs: Jobs, qtbot: Any) -> None:
    from training.running.events import Told

    run = RunDir(tmp_path / "waits")
    run.create(RunDir(trained / "runs" / "long").plan())
    page = run_page(qtbot, jobs, run.path)
    until(qtbot, page, State.STARTING)
    run.append(Told(1.0, "Waiting for the run “long” to end"))
    run.beat()
    until(qtbot, page, State.WAITING)
    assert "“long”" in page.head.sentence.text()
    click(page.head.cancel)
    qtbot.waitUntil(lambda: run.wish() == "cancel", timeout=PATIENCE_MS)
    until(qtbot, page, State.CANCELLING)


def test_the_finished_run_is_shown_whole_and_nothing_looks_on(trained: Path, jobs: Jobs, qtbot: Any) -> None:
    page = run_page(qtbot, jobs, trained / "runs" / "long")
    until(qtbot, page, State.FINISHED)
    assert page.facts.rows["Training films"].text() == "68"
    assert "after 6 epochs" in page.curves.loss.accessibleDescription()
    assert page.minimumSizeHint().width() <= SMALLEST_PX[0]
    assert page.minimumSizeHint().height() <= SMALLEST_PX[1]
    assert not page._timer.isActive()


def test_the_number_of_films_left_out_leads_to_their_reasons(trained: Path, jobs: Jobs, qtbot: Any) -> None:
    page = run_page(qtbot, jobs, trained / "runs" / "long")
    until(qtbot, page, State.FINISHED)
    assert not page.left_out.isVisible()
    count = page.facts.rows["Left out"]
    assert count.text().startswith("1, ")
    count.setFocus(Qt.FocusReason.TabFocusReason)
    QTest.keyClick(count, Qt.Key.Key_Tab)  # to the link within
    QTest.keyClick(count, Qt.Key.Key_Return)
    assert page.left_out.isVisible()
    ((name, reason),) = left_out_rows(page.left_out)
    assert name == "broken.png"
    assert reason.startswith("This is a text file")
    row = page.left_out.films.topLevelItem(0)
    assert row is not None
    with qtbot.waitSignal(page.film_asked) as asked:
        place = page.left_out.films.visualItemRect(row).center()
        QTest.mouseClick(page.left_out.films.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert asked.args[1] == ImageRef(trained / "films" / "broken.png")
    page.hide_names(hidden=True)
    assert left_out_rows(page.left_out) == [("Film 1", reason)]
    page.show_run(trained / "runs" / "short")
    until(qtbot, page, State.FINISHED)
    assert not page.left_out.isVisible(), "it was asked for of another run"


def test_the_story_of_a_real_run(trained: Path) -> None:
    from training.running.run_story import Story, told_on

    run = RunDir(trained / "runs" / "long")
    events = run.events()[0]
    whole = told_on(Story(), events, run.plan())
    assert whole.stage is Stage.FINISHED
    assert (whole.share, len(whole.judged)) == (1.0, 6)
    assert sum(isinstance(event, Saved) for event in events) == 7
    piecewise = Story()
    for event in events:
        piecewise = told_on(piecewise, [event], run.plan())
    assert piecewise == whole
