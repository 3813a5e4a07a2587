"""The wizard's Result page on real runs: groups, other runs, what was left out, and the report."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from gui.jobs import Jobs
from imaging.study import ImageRef
from tests.e2e.run_pages import (
    left_out_rows,
    part_of,
    result_page,
)
from tests.e2e.window import PATIENCE_MS
from training.judging.run_result import mistakes
from training.running.run_dir import RunDir
from training.sealing.shifts import SUITE


def test_groups_name_who_they_are_and_that_they_are_few(trained: Path, jobs: Jobs, qtbot: Any) -> None:
    page = result_page(qtbot, jobs, trained / "runs" / "long")
    names = [row[0] for row in page.cards.groups.table.cells()]
    assert {"Sex: female", "Sex: male", "View: AP", "View: PA"} <= set(names)
    assert "too few to tell" in page.cards.groups.words.text()
    assert page.cards.shifts.table.rowCount() == len(SUITE)
    shifts = json.loads((trained / "runs" / "long" / "result.json").read_text(encoding="utf-8"))["shifts"]["SQUARE"]
    lowest = min(measures["specificity"] for measures in shifts.values())
    assert f"leaves {lowest:.3f} of the healthy ones alone" in page.cards.shifts.words.text()


def test_films_that_were_left_out_are_listed_with_their_reasons(trained: Path, jobs: Jobs, qtbot: Any) -> None:
    page = result_page(qtbot, jobs, trained / "runs" / "long")
    assert page.cards.left_out.isVisible()
    ((name, reason),) = left_out_rows(page.cards.left_out)
    assert name == "broken.png"
    assert len(reason) > 10
    row = page.cards.left_out.films.topLevelItem(0)
    assert row is not None
    page.cards.left_out.films.setCurrentItem(row)
    with qtbot.waitSignal(page.films_asked) as asked:
        QTest.keyClick(page.cards.left_out.films, Qt.Key.Key_Return)
    assert asked.args[0] == [ImageRef(trained / "films" / "broken.png")]
    page.hide_names(hidden=True)
    assert left_out_rows(page.cards.left_out) == [("Film 1", reason)]


@pytest.mark.parametrize("kind", ["html", "md"])
def test_a_report_says_what_the_page_shows_and_names_no_film(
    kind: str, trained: Path, tmp_path: Path, jobs: Jobs, qtbot: Any
) -> None:
    page = result_page(qtbot, jobs, trained / "runs" / "long")
    page.cards.head.report_asked.emit(tmp_path / f"report.{kind}", False)
    qtbot.waitUntil(lambda: "was saved as" in page.cards.head.told.text(), timeout=PATIENCE_MS)
    report = (tmp_path / f"report.{kind}").read_text(encoding="utf-8")
    auc = part_of(trained / "runs" / "long", "test")["auc"]
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
    page.cards.head.report_asked.emit(tmp_path / f"films.{kind}", True)
    qtbot.waitUntil(lambda: "saved as films" in page.cards.head.told.text(), timeout=PATIENCE_MS)
    shown = page.shown
    assert shown is not None
    wrong = sum(len(mistakes(part, "SQUARE", part.points["SQUARE"])[:12]) for part in shown.result.parts.values())
    report = (tmp_path / f"films.{kind}").read_text(encoding="utf-8")
    assert "person" not in report
    pictures = report.count("<img") if kind == "html" else len(list((tmp_path / "films figures").glob("*.png")))
    assert pictures == wrong > 0
    page.cards.head.report_asked.emit(tmp_path / "nowhere" / "report.html", False)
    qtbot.waitUntil(lambda: "be written there" in page.cards.head.told.text(), timeout=PATIENCE_MS)


def test_runs_on_the_same_films_stand_against_a_baseline(trained: Path, jobs: Jobs, qtbot: Any) -> None:
    page = result_page(qtbot, jobs, trained / "runs" / "long")
    rows = {row[0].partition(",")[0]: row for row in page.cards.runs.table.cells()}
    assert {"long@1", "short@1"} <= set(rows)
    assert rows["long@1"][7:10] == ["·", "·", "·"]
    assert rows["short@1"][8].startswith("p ")
    before = rows["short@1"][7]
    page.cards.runs.baseline.setFocus()
    place = page.cards.runs.baseline.findText("short@1 (test)")
    while page.cards.runs.baseline.currentIndex() != place:
        QTest.keyClick(page.cards.runs.baseline, Qt.Key.Key_Down)
    qtbot.waitUntil(lambda: jobs.idle, timeout=PATIENCE_MS)
    rows = {row[0].partition(",")[0]: row for row in page.cards.runs.table.cells()}
    assert float(rows["long@1"][7]) == -float(before)


def test_a_next_version_stands_beside_the_model_it_started_from(trained: Path, jobs: Jobs, qtbot: Any) -> None:
    page = result_page(qtbot, jobs, trained / "runs" / "next")
    body = json.loads((trained / "runs" / "next" / "result.json").read_text(encoding="utf-8"))["against"]
    assert page.cards.against.isVisible()
    assert page.cards.against.word.text() == "long@1"
    rows = page.cards.against.table.cells()
    assert [row[0] for row in rows] == ["Validation part", "Test part"]
    for row, part in zip(rows, ("validation", "test"), strict=True):
        against = body["parts"][part]["labels"]["SQUARE"]
        assert row[2:5] == [str(body["parts"][part]["films"]), f"{against['old']['auc']['value']:.3f}", row[4]]
        assert float(row[4]) == pytest.approx(against["new"]["auc"]["value"], abs=5e-4)
        assert row[5].startswith(f"{against['auc']['value']:+.3f} (")
    finished = RunDir(trained / "runs" / "next").finished
    assert finished is not None
    kept_back = "Its AUC is lower than that of long@1" in page.cards.against.verdict.text()
    assert kept_back == (trained / "runs" / "next" in Path(finished.bundle).parents)
    assert kept_back or "has taken the place of long@1" in page.cards.against.verdict.text()
    page.show_result(trained / "runs" / "short")
    qtbot.waitUntil(lambda: page.judgement is not None and jobs.idle, timeout=PATIENCE_MS)
    assert not page.cards.against.isVisible(), "it started from scratch"
    assert "from scratch" in page.cards.head.about.text()
