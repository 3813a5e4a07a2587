"""The wizard's Result page on real runs: figures, the films behind them, and the operating point."""

from __future__ import annotations

import dataclasses
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from gui.jobs import Jobs
from gui.wizard.confusion import COLUMN_PX
from gui.wizard.result_page import ResultPage
from gui.wizard.window import RESULT
from imaging.study import ImageRef
from inference.bundles.bundle import read_bundle
from inference.scoring.operating import points_for_sensitivity
from tests.e2e.run_pages import (
    SIZE_PX,
    SMALLEST_PX,
    chosen_of,
    drag_to,
    part_of,
    result_page,
    show_part,
    shown,
)
from tests.e2e.window import PATIENCE_MS, OpenWindow, settle
from tests.e2e.wizard_hands import click, wizard_of
from training.running.events import Finished
from training.running.run_dir import EVENTS, RunDir


def test_figures_are_those_of_the_run_on_both_parts(trained: Path, jobs: Jobs, qtbot: Any) -> None:
    path = trained / "runs" / "long"
    page = result_page(qtbot, jobs, path)
    for place, part in enumerate(("validation", "test")):
        show_part(qtbot, jobs, page, place)
        measures = part_of(path, part)
        for name, tile in page.cards.tiles.tiles.items():
            said = f"{measures[name]['value']:.3f}, {measures[name]['low']:.3f}–{measures[name]['high']:.3f}"
            assert tile.accessibleName().endswith(said), name
        cells = {at: int(cell.text()) for at, cell in page.cards.confusion.cells.items()}
        healthy, ill = measures["confusion"]
        assert [cells[True, True], cells[True, False]] == [ill[1], ill[0]]
        assert [cells[False, True], cells[False, False]] == [healthy[1], healthy[0]]
    rows = page.cards.report.table.cells()
    assert [row[0] for row in rows] == ["SQUARE", "NORMAL"]


def test_cells_and_mistakes_open_their_films(trained: Path, jobs: Jobs, qtbot: Any) -> None:
    page = result_page(qtbot, jobs, trained / "runs" / "long")
    part, judgement = chosen_of(page).part, page.judgement
    assert judgement is not None
    for (ill, called), cell in page.cards.confusion.cells.items():
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
    assert len(judgement.mistakes) == page.cards.mistakes.films.count() > 0
    page.cards.mistakes.films.setCurrentRow(0)
    with qtbot.waitSignal(page.films_asked) as asked:
        QTest.keyClick(page.cards.mistakes.films, Qt.Key.Key_Return)
    assert asked.args[0] == [ImageRef(judgement.mistakes[0].film.path)]
    page.hide_names(hidden=True)
    assert "film_" not in page.cards.mistakes.films.item(0).text()


def test_the_point_is_dragged_on_the_validation_part_and_taken_to_the_viewer(
    trained: Path, jobs: Jobs, qtbot: Any
) -> None:
    path = trained / "runs" / "long"
    page = result_page(qtbot, jobs, path)
    shown = page.shown
    assert shown is not None
    drag_to(page, 3)
    assert chosen_of(page).stop == 3
    row = shown.stops["SQUARE"][3]
    ill = part_of(path, "validation")["confusion"][1]
    assert page.cards.confusion.cells[True, True].text() == str(row.true_positive)
    assert f"sensitivity {row.true_positive / sum(ill):.3f} (" in page.cards.point.words.text()
    assert page.cards.tiles.tiles["f1"].text() == "…", "what takes long follows when the point rests"
    qtbot.waitUntil(lambda: page.cards.tiles.tiles["f1"].text() != "…", timeout=PATIENCE_MS)
    QTest.keyClick(page.cards.point.plot, Qt.Key.Key_Right)
    assert chosen_of(page).stop == 4
    with qtbot.waitSignal(page.point_chosen) as chosen:
        click(page.cards.point.take)
    bundle = read_bundle(Path(shown.bundle))
    ((name, sensitivity),) = chosen.args[0].items()
    assert name == f"{bundle.id} {bundle.weights_sha256}"
    threshold = shown.stops["SQUARE"][4].threshold
    assert points_for_sensitivity(bundle.card, sensitivity)["SQUARE"] == pytest.approx(threshold, abs=1e-6)
    assert page.cards.point.take.text() == "Used in the viewer"
    show_part(qtbot, jobs, page, 1)
    assert page.judgement is not None
    assert page.judgement.point == threshold, "the point holds on the test part"
    drag_to(page, 0)
    QTest.keyClick(page.cards.point.plot, Qt.Key.Key_Left)
    assert chosen_of(page).stop == 4, "and is never chosen there"
    assert "validation part alone" in page.cards.point.words.text()
    show_part(qtbot, jobs, page, 0)
    click(page.cards.point.recommended)
    assert chosen_of(page).stop == -1


def test_a_cell_opens_the_very_frames_that_it_counts(trained: Path, tmp_path: Path, jobs: Jobs, qtbot: Any) -> None:
    path = tmp_path / "runs" / "frames"
    shutil.copytree(trained / "runs" / "short", path)
    lines = (path / "predictions.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) | {"path": "loop.dcm", "frame": number} for number, line in enumerate(lines)]
    text = "".join(json.dumps(row) + "\n" for row in rows)
    (path / "predictions.jsonl").write_text(text, encoding="utf-8")
    page = result_page(qtbot, jobs, path)
    part = chosen_of(page).part
    seen: list[ImageRef] = []
    for cell in page.cards.confusion.cells.values():
        if cell.isEnabled():
            with qtbot.waitSignal(page.films_asked) as asked:
                click(cell)
            seen += asked.args[0]
    assert sorted(ref.frame for ref in seen) == [film.frame for film in part.films]


def test_the_model_is_opened_while_it_is_there(trained: Path, tmp_path: Path, jobs: Jobs, qtbot: Any) -> None:
    page = result_page(qtbot, jobs, trained / "runs" / "short")
    with qtbot.waitSignal(page.model_opened) as opened:
        click(page.cards.head.open_model)
    finished = RunDir(trained / "runs" / "short").finished
    assert isinstance(finished, Finished)
    assert opened.args == [finished.bundle]
    moved = tmp_path / "runs" / "short"
    shutil.copytree(trained / "runs" / "short", moved)
    text = (moved / EVENTS).read_text(encoding="utf-8").replace(Path(finished.bundle).as_posix(), "/nowhere/at@1")
    (moved / EVENTS).write_text(text, encoding="utf-8")
    page.show_result(moved)
    qtbot.waitUntil(lambda: page.judgement is not None and jobs.idle, timeout=PATIENCE_MS)
    assert not page.cards.head.open_model.isEnabled()
    assert "No other run" in page.cards.runs.words.text()


def test_a_result_that_is_not_there_or_damaged_is_one_sentence(
    trained: Path, tmp_path: Path, jobs: Jobs, qtbot: Any
) -> None:
    broken = tmp_path / "broken"
    shutil.copytree(trained / "runs" / "short", broken)
    predictions = broken / "predictions.jsonl"
    predictions.write_text(predictions.read_text(encoding="utf-8")[:-40], encoding="utf-8")
    page = ResultPage(jobs)
    shown(qtbot, page)
    for path, sentence in ((tmp_path / "nowhere", "no result yet"), (broken, "is damaged")):
        page.show_result(path)
        qtbot.waitUntil(lambda: jobs.idle, timeout=PATIENCE_MS)
        assert page.message.isVisible()
        assert sentence in page.message.text().replace("&#x27;", "'")


def test_nothing_is_cut_off_in_a_small_window(trained: Path, jobs: Jobs, qtbot: Any) -> None:
    page = result_page(qtbot, jobs, trained / "runs" / "long")
    column = page.cards
    content = column.point.parentWidget()
    assert content is not None
    cards = (column.tiles, column.point, column.mistakes, column.runs, column.report, column.groups, column.shifts)
    for size_px in (SIZE_PX, SMALLEST_PX):
        page.resize(*size_px)
        qtbot.waitUntil(lambda: all(card.height() >= card.minimumSizeHint().height() for card in cards))
        assert content.width() <= page.width()
        assert min(cell.width() for cell in page.cards.confusion.cells.values()) >= COLUMN_PX
        for card in cards:
            assert card.geometry().right() <= content.width(), card.accessibleName()


def test_cells_and_the_point_reach_the_viewer_with_the_model_of_the_run(
    trained: Path, user_data: Path, open_window: OpenWindow, qtbot: Any
) -> None:
    for name in ("short", "long"):
        shutil.copytree(trained / "runs" / name, user_data / "runs" / name)
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
    qtbot.waitUntil(lambda: page.judgement is not None and page.cards.point.plot.isVisible(), timeout=PATIENCE_MS)
    qtbot.waitUntil(lambda: window.controller.jobs.idle, timeout=PATIENCE_MS)
    drag_to(page, 3)
    click(page.cards.point.take)
    shown = page.shown
    assert shown is not None
    chosen = review.scores.chosen_sensitivities
    assert chosen[shown.identity] == pytest.approx(shown.stops["SQUARE"][3].true_positive / 14)
    review.visibility.set_patient_hidden(True)
    assert "film_" not in page.cards.mistakes.films.item(0).text()
    count = int(page.cards.confusion.cells[True, False].text())
    click(page.cards.confusion.cells[True, False])
    qtbot.waitUntil(lambda: len(review.entries) == count, timeout=PATIENCE_MS)
    settle(qtbot, window)
    assert review.model is not None
    assert review.model.id == "long@1"
    assert review.visibility.overlay.shown
    assert review.threshold("SQUARE") == pytest.approx(shown.stops["SQUARE"][3].threshold, abs=1e-6)


def test_long_names_leave_room_for_what_is_to_be_done_with_the_model(trained: Path, jobs: Jobs, qtbot: Any) -> None:
    page = result_page(qtbot, jobs, trained / "runs" / "long")
    shown, head = page.shown, page.cards.head
    assert shown is not None
    name = "data_entry_2017_with_a_rather_long_name_that_somebody_chose"
    head.show_result(dataclasses.replace(shown, result=dataclasses.replace(shown.result, model=f"{name}@1")))
    head.show_part(f"{name}: Tiny CNN, full, from scratch", chosen_of(page).part)
    for size_px in (SIZE_PX, SMALLEST_PX):
        page.resize(*size_px)
        qtbot.waitUntil(lambda right=size_px[0]: head.mapTo(page, head.rect().bottomRight()).x() < right)
        assert head.minimumSizeHint().width() < size_px[0]
    assert name in head.title.toolTip()
