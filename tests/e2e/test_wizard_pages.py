"""The wizard's Run and Result pages on real runs: watched, told to rest, ended, gone on with, and judged."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget

from gui.jobs import Jobs
from gui.theme import apply_theme
from gui.wizard.confusion import COLUMN_PX
from gui.wizard.result_page import ResultPage
from gui.wizard.run_page import RunPage
from gui.wizard.run_states import State
from gui.wizard.window import RESULT
from imaging.study import ImageRef
from inference.bundle import read_bundle
from inference.operating import points_for_sensitivity
from tests.e2e.training_process import SMALL, start_training
from tests.e2e.window import PATIENCE_MS, OpenWindow, settle
from tests.e2e.wizard_hands import click, wizard_of
from tests.square_films import write_square_csv
from training.events import Finished, Saved
from training.run_dir import EVENTS, HEARTBEAT, PLAN, RunDir
from training.run_result import mistakes
from training.run_story import Stage
from training.shifts import SUITE

SIZE_PX = (1036, 600)  # what the wizard leaves of 1280 x 720
SMALLEST_PX = (835, 520)  # of the smallest window


def start_run(folder: Path, name: str, *arguments: str) -> subprocess.Popen[str]:
    """The worker of a run, as the window starts it."""
    run, models = folder / "runs" / name, folder / "models" / name
    return start_training(folder, run, *arguments, models=models, output=subprocess.DEVNULL)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Films, two finished runs on them, and a quick one that was to be the next version of the first."""
    folder = tmp_path_factory.mktemp("training")
    (folder / "films").mkdir()
    csv = write_square_csv(folder / "films", 120)
    (folder / "films" / "broken.png").write_text("no film", encoding="utf-8")
    with csv.open("a", encoding="utf-8") as rows:
        rows.write("broken.png,NORMAL,person900,F,30,PA\n")
    workers = [
        start_run(
            folder, name, "--data", str(csv), *SMALL, "--set", f"name={name}", "--set", f"learning.epochs={epochs}"
        )
        for name, epochs in (("long", 6), ("short", 2))
    ]
    assert [worker.wait(timeout=300) for worker in workers] == [0, 0]
    first = RunDir(folder / "runs" / "long").finished
    assert first is not None
    small = [f"network.start.bundle={first.bundle}" if of == "network.start.kind=scratch" else of for of in SMALL]
    quick = ["--data", str(csv), *small, "--recipe", "quick", "--set", "name=long"]
    quick += ["--models", str(folder / "models" / "long")]
    assert start_run(folder, "next", *quick).wait(timeout=300) == 0
    return folder


@pytest.fixture
def jobs(qapp: QApplication) -> Iterator[Jobs]:
    if not qapp.styleSheet():
        apply_theme(qapp)
    jobs = Jobs()
    yield jobs
    assert jobs.shutdown(10.0)


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


# The Run page


def scored(page: RunPage) -> list[tuple[str, float]]:
    """The label and the score of each watched film that has its picture."""
    tiles = [of.tile for of in page.watched.row.tiles if of.tile is not None and of.tile.image is not None]
    words = [of.word.split() for of in tiles]
    return [(of[0], float(of[1])) for of in words if len(of) == 2]


def test_a_run_is_watched_rests_is_cancelled_and_goes_on_to_its_best(folder: Path, jobs: Jobs, qtbot: Any) -> None:
    csv, path = folder / "films" / "films.csv", folder / "runs" / "live"
    worker = start_run(folder, "live", "--data", str(csv), *SMALL, "--set", "learning.epochs=3000")
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
        assert asked.args[1].path.parent == folder / "films"
        click(page.head.pause)
        until(qtbot, page, State.PAUSED)
        page.hide()
        again = run_page(qtbot, jobs, path)
        until(qtbot, again, State.PAUSED)
        assert again.curves.loss.accessibleDescription().startswith("training"), "coming back shows the whole run"
        assert again.words.count() >= 3
        QTest.keyClick(again.head.cancel, Qt.Key.Key_Space)
        until(qtbot, again, State.STOPPED)
        assert worker.wait(timeout=60) == 130
        with qtbot.waitSignal(again.resume_asked) as asked:
            click(again.head.pause)
        assert asked.args == [path]
        assert again.state is State.STARTING
        worker = start_run(folder, "live", "--resume")
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


def killed_copy(folder: Path, to: Path) -> Path:
    """The folder of a run as a worker leaves it that is killed after its third checkpoint."""
    shutil.copytree(folder / "runs" / "long", to)
    lines = (to / EVENTS).read_text(encoding="utf-8").splitlines(keepends=True)
    saved = [place for place, line in enumerate(lines) if '"Saved"' in line]
    (to / EVENTS).write_text("".join(lines[: saved[3] + 1]), encoding="utf-8")
    (to / HEARTBEAT).write_text("1 0.0\n", encoding="ascii")
    return to


def test_a_worker_that_is_gone_is_said_and_can_be_asked_back(
    folder: Path, tmp_path: Path, jobs: Jobs, qtbot: Any
) -> None:
    page = run_page(qtbot, jobs, killed_copy(folder, tmp_path / "killed"))
    until(qtbot, page, State.GONE)
    assert "Nothing was heard of it" in page.head.sentence.text()
    assert page.head.pause.text() == "Go on"
    assert not page.head.cancel.isVisible()
    click(page.head.pause)
    until(qtbot, page, State.STARTING)
    page.show_trouble("The process of the run could not be started.")
    until(qtbot, page, State.GONE)
    assert page.head.trouble.isVisible()


def test_why_a_run_failed_is_said_in_words(folder: Path, tmp_path: Path, jobs: Jobs, qtbot: Any) -> None:
    worker = start_run(tmp_path, "none", "--data", str(folder / "films" / "gone.csv"), *SMALL)
    assert worker.wait(timeout=120) == 3
    page = run_page(qtbot, jobs, tmp_path / "runs" / "none")
    until(qtbot, page, State.FAILED)
    assert "can't be found or read" in page.head.sentence.text().replace("&#x27;", "'")
    page.show_run(tmp_path / "nowhere")
    qtbot.waitUntil(page.head.trouble.isVisible, timeout=PATIENCE_MS)
    assert "plan can" in page.head.trouble.text()
    assert page.head.title.text() == "This run can’t be shown"


def test_a_run_that_waits_for_its_turn_says_for_which(folder: Path, tmp_path: Path, jobs: Jobs, qtbot: Any) -> None:
    from training.events import Told

    run = RunDir(tmp_path / "waits")
    run.create(RunDir(folder / "runs" / "long").plan())
    page = run_page(qtbot, jobs, run.path)
    until(qtbot, page, State.STARTING)
    run.append(Told(1.0, "Waiting for the run “long” to end"))
    run.beat()
    until(qtbot, page, State.WAITING)
    assert "“long”" in page.head.sentence.text()
    click(page.head.cancel)
    qtbot.waitUntil(lambda: run.wish() == "cancel", timeout=PATIENCE_MS)
    until(qtbot, page, State.CANCELLING)


def test_the_finished_run_is_shown_whole_and_nothing_looks_on(folder: Path, jobs: Jobs, qtbot: Any) -> None:
    page = run_page(qtbot, jobs, folder / "runs" / "long")
    until(qtbot, page, State.FINISHED)
    assert page.facts.rows["Training films"].text() == "68"
    assert "after 6 epochs" in page.curves.loss.accessibleDescription()
    assert page.minimumSizeHint().width() <= SMALLEST_PX[0]
    assert page.minimumSizeHint().height() <= SMALLEST_PX[1]
    assert not page._timer.isActive()


def left_out_rows(page: RunPage | ResultPage) -> list[tuple[str, str]]:
    """Names and reasons."""
    films = page.left_out.films
    found = [films.topLevelItem(row) for row in range(films.topLevelItemCount())]
    return [(item.text(0), item.text(1)) for item in found if item is not None]


def test_the_number_of_films_left_out_leads_to_their_reasons(folder: Path, jobs: Jobs, qtbot: Any) -> None:
    page = run_page(qtbot, jobs, folder / "runs" / "long")
    until(qtbot, page, State.FINISHED)
    assert not page.left_out.isVisible()
    count = page.facts.rows["Left out"]
    assert count.text().startswith("1, ")
    count.setFocus(Qt.FocusReason.TabFocusReason)
    QTest.keyClick(count, Qt.Key.Key_Tab)  # to the link within
    QTest.keyClick(count, Qt.Key.Key_Return)
    assert page.left_out.isVisible()
    ((name, reason),) = left_out_rows(page)
    assert name == "broken.png"
    assert reason.startswith("This is a text file")
    row = page.left_out.films.topLevelItem(0)
    assert row is not None
    with qtbot.waitSignal(page.film_asked) as asked:
        place = page.left_out.films.visualItemRect(row).center()
        QTest.mouseClick(page.left_out.films.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert asked.args[1] == ImageRef(folder / "films" / "broken.png")
    page.hide_names(hidden=True)
    assert left_out_rows(page) == [("Film 1", reason)]
    page.show_run(folder / "runs" / "short")
    until(qtbot, page, State.FINISHED)
    assert not page.left_out.isVisible(), "it was asked for of another run"


# The Result page


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
    QTest.mouseClick(page.head.parts, Qt.MouseButton.LeftButton, pos=page.head.parts.tabRect(place).center())
    qtbot.waitUntil(lambda: page.judgement is not None and jobs.idle, timeout=PATIENCE_MS)


def test_figures_are_those_of_the_run_on_both_parts(folder: Path, jobs: Jobs, qtbot: Any) -> None:
    path = folder / "runs" / "long"
    page = result_page(qtbot, jobs, path)
    for place, part in enumerate(("validation", "test")):
        show_part(qtbot, jobs, page, place)
        of = part_of(path, part)
        for name, tile in page.tiles.tiles.items():
            said = f"{of[name]['value']:.3f}, {of[name]['low']:.3f}–{of[name]['high']:.3f}"
            assert tile.accessibleName().endswith(said), name
        healthy, ill = of["confusion"]
        assert [page.confusion.cells[at].text() for at in ((True, True), (True, False))] == [str(ill[1]), str(ill[0])]
        assert [page.confusion.cells[at].text() for at in ((False, True), (False, False))] == [
            str(healthy[1]),
            str(healthy[0]),
        ]
    rows = page.report.table.cells()
    assert [row[0] for row in rows] == ["SQUARE", "NORMAL"]


def test_cells_and_mistakes_open_their_films(folder: Path, jobs: Jobs, qtbot: Any) -> None:
    page = result_page(qtbot, jobs, folder / "runs" / "long")
    part, judgement = page.part, page.judgement
    assert part is not None
    assert judgement is not None
    for (ill, called), cell in page.confusion.cells.items():
        films = {
            ImageRef(film.path, film.frame)
            for film in part.films
            if ("SQUARE" in film.labels) == ill and (film.probabilities["SQUARE"] >= judgement.point) == called
        }
        assert cell.isEnabled() == bool(films)
        if films:
            with qtbot.waitSignal(page.films_asked) as asked:
                QTest.keyClick(cell, Qt.Key.Key_Space)
            assert set(asked.args[0]) == films
    assert len(judgement.mistakes) == page.mistakes.films.count() > 0
    page.mistakes.films.setCurrentRow(0)
    with qtbot.waitSignal(page.films_asked) as asked:
        QTest.keyClick(page.mistakes.films, Qt.Key.Key_Return)
    assert asked.args[0] == [ImageRef(judgement.mistakes[0].film.path)]
    page.hide_names(hidden=True)
    assert "film_" not in page.mistakes.films.item(0).text()


def drag_to(page: ResultPage, stop: int) -> None:
    """Take the point with the mouse and lead it to a stop of the curve."""
    plot, shown = page.point.plot, page.shown
    assert shown is not None
    row, curves = shown.stops["SQUARE"][stop], plot._curves
    assert curves is not None
    at = plot.at(row.false_positive / curves.healthy, row.true_positive / curves.ill).toPoint()
    QTest.mousePress(plot, Qt.MouseButton.LeftButton, pos=at + QPoint(30, 30))
    QTest.mouseMove(plot, at)
    QTest.mouseRelease(plot, Qt.MouseButton.LeftButton, pos=at)


def test_the_point_is_dragged_on_the_validation_part_and_taken_to_the_viewer(
    folder: Path, jobs: Jobs, qtbot: Any
) -> None:
    path = folder / "runs" / "long"
    page = result_page(qtbot, jobs, path)
    shown = page.shown
    assert shown is not None
    drag_to(page, 3)
    assert page.stop == 3
    row = shown.stops["SQUARE"][3]
    ill = part_of(path, "validation")["confusion"][1]
    assert page.confusion.cells[True, True].text() == str(row.true_positive)
    assert f"sensitivity {row.true_positive / sum(ill):.3f} (" in page.point.words.text()
    assert page.tiles.tiles["f1"].text() == "…", "what takes long follows when the point rests"
    qtbot.waitUntil(lambda: page.tiles.tiles["f1"].text() != "…", timeout=PATIENCE_MS)
    QTest.keyClick(page.point.plot, Qt.Key.Key_Right)
    assert page.stop == 4
    with qtbot.waitSignal(page.point_chosen) as chosen:
        click(page.point.take)
    bundle = read_bundle(Path(shown.bundle))
    ((name, sensitivity),) = chosen.args[0].items()
    assert name == f"{bundle.id} {bundle.weights_sha256}"
    threshold = shown.stops["SQUARE"][4].threshold
    assert points_for_sensitivity(bundle.card, sensitivity)["SQUARE"] == pytest.approx(threshold, abs=1e-6)
    assert page.point.take.text() == "Used in the viewer"
    show_part(qtbot, jobs, page, 1)
    assert page.judgement is not None
    assert page.judgement.point == threshold, "the point holds on the test part"
    drag_to(page, 0)
    QTest.keyClick(page.point.plot, Qt.Key.Key_Left)
    assert page.stop == 4, "and is never chosen there"
    assert "validation part alone" in page.point.words.text()
    show_part(qtbot, jobs, page, 0)
    click(page.point.recommended)
    assert page.stop == -1


def test_groups_name_who_they_are_and_that_they_are_few(folder: Path, jobs: Jobs, qtbot: Any) -> None:
    page = result_page(qtbot, jobs, folder / "runs" / "long")
    names = [row[0] for row in page.groups.table.cells()]
    assert {"Sex: female", "Sex: male", "View: AP", "View: PA"} <= set(names)
    assert "too few to tell" in page.groups.words.text()
    assert page.shifts.table.rowCount() == len(SUITE)
    shifts = json.loads((folder / "runs" / "long" / "result.json").read_text(encoding="utf-8"))["shifts"]["SQUARE"]
    lowest = min(of["specificity"] for of in shifts.values())
    assert f"leaves {lowest:.3f} of the healthy ones alone" in page.shifts.words.text()


def test_films_that_were_left_out_are_listed_with_their_reasons(folder: Path, jobs: Jobs, qtbot: Any) -> None:
    page = result_page(qtbot, jobs, folder / "runs" / "long")
    assert page.left_out.isVisible()
    ((name, reason),) = left_out_rows(page)
    assert name == "broken.png"
    assert len(reason) > 10
    row = page.left_out.films.topLevelItem(0)
    assert row is not None
    page.left_out.films.setCurrentItem(row)
    with qtbot.waitSignal(page.films_asked) as asked:
        QTest.keyClick(page.left_out.films, Qt.Key.Key_Return)
    assert asked.args[0] == [ImageRef(folder / "films" / "broken.png")]
    page.hide_names(hidden=True)
    assert left_out_rows(page) == [("Film 1", reason)]


def test_a_cell_opens_the_very_frames_that_it_counts(folder: Path, tmp_path: Path, jobs: Jobs, qtbot: Any) -> None:
    path = tmp_path / "runs" / "frames"
    shutil.copytree(folder / "runs" / "short", path)
    lines = (path / "predictions.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) | {"path": "loop.dcm", "frame": number} for number, line in enumerate(lines)]
    text = "".join(json.dumps(row) + "\n" for row in rows)
    (path / "predictions.jsonl").write_text(text, encoding="utf-8")
    page = result_page(qtbot, jobs, path)
    part = page.part
    assert part is not None
    seen: list[ImageRef] = []
    for cell in page.confusion.cells.values():
        if cell.isEnabled():
            with qtbot.waitSignal(page.films_asked) as asked:
                click(cell)
            seen += asked.args[0]
    assert sorted(ref.frame for ref in seen) == [film.frame for film in part.films]


@pytest.mark.parametrize("kind", ["html", "md"])
def test_a_report_says_what_the_page_shows_and_names_no_film(
    kind: str, folder: Path, tmp_path: Path, jobs: Jobs, qtbot: Any
) -> None:
    page = result_page(qtbot, jobs, folder / "runs" / "long")
    page.head.report_asked.emit(tmp_path / f"report.{kind}", False)
    qtbot.waitUntil(lambda: "was saved as" in page.head.told.text(), timeout=PATIENCE_MS)
    report = (tmp_path / f"report.{kind}").read_text(encoding="utf-8")
    auc = part_of(folder / "runs" / "long", "test")["auc"]
    for words in (
        f"{auc['value']:.3f} ({auc['low']:.3f}–{auc['high']:.3f})",
        "Test part",
        "Sex: female",
        "Films that were left out",
        "If films were taken differently",
        "short@1",
    ):
        assert words in report
    assert "film_" not in report
    assert "person" not in report
    figures = report.count("<svg") if kind == "html" else len(list((tmp_path / "report figures").glob("*.svg")))
    assert figures == 2 + 2 * 3, "what was learnt, and the curves of both parts"
    assert "<img" not in report
    page.head.report_asked.emit(tmp_path / f"films.{kind}", True)
    qtbot.waitUntil(lambda: "saved as films" in page.head.told.text(), timeout=PATIENCE_MS)
    shown = page.shown
    assert shown is not None
    wrong = sum(len(mistakes(part, "SQUARE", part.points["SQUARE"])[:12]) for part in shown.result.parts.values())
    report = (tmp_path / f"films.{kind}").read_text(encoding="utf-8")
    assert "person" not in report
    pictures = report.count("<img") if kind == "html" else len(list((tmp_path / "films figures").glob("*.png")))
    assert pictures == wrong > 0
    page.head.report_asked.emit(tmp_path / "nowhere" / "report.html", False)
    qtbot.waitUntil(lambda: "be written there" in page.head.told.text(), timeout=PATIENCE_MS)


def test_runs_on_the_same_films_stand_against_a_baseline(folder: Path, jobs: Jobs, qtbot: Any) -> None:
    page = result_page(qtbot, jobs, folder / "runs" / "long")
    rows = {row[0].partition(",")[0]: row for row in page.runs.table.cells()}
    assert {"long@1", "short@1"} <= set(rows)
    assert rows["long@1"][7:10] == ["·", "·", "·"]
    assert rows["short@1"][8].startswith("p ")
    before = rows["short@1"][7]
    page.runs.baseline.setFocus()
    place = page.runs.baseline.findText("short@1 (test)")
    while page.runs.baseline.currentIndex() != place:
        QTest.keyClick(page.runs.baseline, Qt.Key.Key_Down)
    qtbot.waitUntil(lambda: jobs.idle, timeout=PATIENCE_MS)
    rows = {row[0].partition(",")[0]: row for row in page.runs.table.cells()}
    assert float(rows["long@1"][7]) == -float(before)


def test_a_next_version_stands_beside_the_model_it_started_from(folder: Path, jobs: Jobs, qtbot: Any) -> None:
    page = result_page(qtbot, jobs, folder / "runs" / "next")
    body = json.loads((folder / "runs" / "next" / "result.json").read_text(encoding="utf-8"))["against"]
    assert page.against.isVisible()
    assert page.against.word.text() == "long@1"
    rows = page.against.table.cells()
    assert [row[0] for row in rows] == ["Validation part", "Test part"]
    for row, part in zip(rows, ("validation", "test"), strict=True):
        of = body["parts"][part]["labels"]["SQUARE"]
        assert row[2:5] == [str(body["parts"][part]["films"]), f"{of['old']['auc']['value']:.3f}", row[4]]
        assert float(row[4]) == pytest.approx(of["new"]["auc"]["value"], abs=5e-4)
        assert row[5].startswith(f"{of['auc']['value']:+.3f} (")
    finished = RunDir(folder / "runs" / "next").finished
    assert finished is not None
    kept_back = "Its AUC is lower than that of long@1" in page.against.verdict.text()
    assert kept_back == (folder / "runs" / "next" in Path(finished.bundle).parents)
    assert kept_back or "has taken the place of long@1" in page.against.verdict.text()
    page.show_result(folder / "runs" / "short")
    qtbot.waitUntil(lambda: page.judgement is not None and jobs.idle, timeout=PATIENCE_MS)
    assert not page.against.isVisible(), "it started from scratch"
    assert "from scratch" in page.head.about.text()


def test_the_model_is_opened_while_it_is_there(folder: Path, tmp_path: Path, jobs: Jobs, qtbot: Any) -> None:
    page = result_page(qtbot, jobs, folder / "runs" / "short")
    with qtbot.waitSignal(page.model_opened) as opened:
        click(page.head.open_model)
    finished = RunDir(folder / "runs" / "short").finished
    assert isinstance(finished, Finished)
    assert opened.args == [finished.bundle]
    moved = tmp_path / "runs" / "short"
    shutil.copytree(folder / "runs" / "short", moved)
    text = (moved / EVENTS).read_text(encoding="utf-8").replace(Path(finished.bundle).as_posix(), "/nowhere/at@1")
    (moved / EVENTS).write_text(text, encoding="utf-8")
    page.show_result(moved)
    qtbot.waitUntil(lambda: page.judgement is not None and jobs.idle, timeout=PATIENCE_MS)
    assert not page.head.open_model.isEnabled()
    assert "No other run" in page.runs.words.text()


def test_a_result_that_is_not_there_or_damaged_is_one_sentence(
    folder: Path, tmp_path: Path, jobs: Jobs, qtbot: Any
) -> None:
    broken = tmp_path / "broken"
    shutil.copytree(folder / "runs" / "short", broken)
    predictions = broken / "predictions.jsonl"
    predictions.write_text(predictions.read_text(encoding="utf-8")[:-40], encoding="utf-8")
    page = ResultPage(jobs)
    shown(qtbot, page)
    for path, sentence in ((tmp_path / "nowhere", "no result yet"), (broken, "is damaged")):
        page.show_result(path)
        qtbot.waitUntil(lambda: jobs.idle, timeout=PATIENCE_MS)
        assert page.message.isVisible()
        assert sentence in page.message.text().replace("&#x27;", "'")


def test_nothing_is_cut_off_in_a_small_window(folder: Path, jobs: Jobs, qtbot: Any) -> None:
    page = result_page(qtbot, jobs, folder / "runs" / "long")
    content = page.point.parentWidget()
    assert content is not None
    cards = (page.tiles, page.point, page.mistakes, page.runs, page.report, page.groups, page.shifts)
    for size_px in (SIZE_PX, SMALLEST_PX):
        page.resize(*size_px)
        qtbot.waitUntil(lambda: all(card.height() >= card.minimumSizeHint().height() for card in cards))
        assert content.width() <= page.width()
        assert min(cell.width() for cell in page.confusion.cells.values()) >= COLUMN_PX
        for card in cards:
            assert card.geometry().right() <= content.width(), card.accessibleName()


def test_cells_and_the_point_reach_the_viewer_with_the_model_of_the_run(
    folder: Path, user_data: Path, open_window: OpenWindow, qtbot: Any
) -> None:
    for name in ("short", "long"):
        shutil.copytree(folder / "runs" / name, user_data / "runs" / name)
    window = open_window()
    settle(qtbot, window)
    wizard = wizard_of(window, qtbot)
    qtbot.waitUntil(lambda: wizard.run.is_finished, timeout=PATIENCE_MS)
    assert wizard.run.path is not None
    assert wizard.runs.currentText() == wizard.run.path.name
    for name in ("short", "long"):  # from one finished run to another
        wizard.runs.setCurrentIndex(wizard.runs.findText(name))
        wizard.runs.activated.emit(wizard.runs.currentIndex())
        qtbot.waitUntil(lambda: wizard.steps.steps[RESULT].open, timeout=PATIENCE_MS)
        assert (wizard.run.path.name, wizard.runs.currentText()) == (name, name)
    wizard.go_to(RESULT)
    page, review = wizard.result, window.controller.review
    qtbot.waitUntil(lambda: page.judgement is not None and page.point.plot.isVisible(), timeout=PATIENCE_MS)
    qtbot.waitUntil(lambda: window.controller.jobs.idle, timeout=PATIENCE_MS)
    drag_to(page, 3)
    click(page.point.take)
    shown = page.shown
    assert shown is not None
    chosen = review.scores.chosen_sensitivities
    assert chosen[shown.identity] == pytest.approx(shown.stops["SQUARE"][3].true_positive / 14)
    review.set_patient_hidden(True)
    assert "film_" not in page.mistakes.films.item(0).text()
    count = int(page.confusion.cells[True, False].text())
    click(page.confusion.cells[True, False])
    qtbot.waitUntil(lambda: len(review.entries) == count, timeout=PATIENCE_MS)
    settle(qtbot, window)
    assert review.model is not None
    assert review.model.id == "long@1"
    assert review.overlay.shown
    assert review.threshold("SQUARE") == pytest.approx(shown.stops["SQUARE"][3].threshold, abs=1e-6)


def test_the_story_of_a_real_run(folder: Path) -> None:
    from training.run_story import Story, told_on

    run = RunDir(folder / "runs" / "long")
    events = run.events()[0]
    whole = told_on(Story(), events, run.plan())
    assert whole.stage is Stage.FINISHED
    assert (whole.share, len(whole.judged)) == (1.0, 6)
    assert sum(isinstance(event, Saved) for event in events) == 7
    piecewise = Story()
    for event in events:
        piecewise = told_on(piecewise, [event], run.plan())
    assert piecewise == whole
