"""`compare` as a command: what it makes of reports, and what it spares."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.commands import commanded
from training import compare_command
from training.judging.compare import MEASURES


def report(path: Path, auc: float) -> Path:
    """A report as `evaluate` writes it, of a model called pneumonia@1."""
    measures = {name: {"value": auc, "low": auc, "high": auc} for name in (*MEASURES, "average_precision")}
    label = {**measures, "operating_point": 0.5, "confusion": [[5, 5], [5, 5]]}
    body = {"schema": 1, "model": "pneumonia@1", "films": 20, "patients": 20, "labels": {"PNEUMONIA": label}}
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(body), encoding="utf-8")
    return path


def compared(*words: object) -> tuple[int, str]:
    done = commanded(compare_command, *words)
    return done.status, done.err


def test_one_model_on_the_films_of_two_places_has_two_rows_that_are_told_apart(tmp_path: Path) -> None:
    here, there = report(tmp_path / "here" / "r.json", 0.9), report(tmp_path / "there" / "r.json", 0.7)
    assert compared(here, there, "--out", tmp_path / "c.md") == (0, "")
    rows = (tmp_path / "c.md").read_text(encoding="utf-8").splitlines()
    assert [sum(f"/{place}/" in row for row in rows) for place in ("here", "there")] == [1, 1]
    assert (tmp_path / "c.png").is_file()


@pytest.mark.parametrize("out", ["r.json", "../ward/r.json", "c.png"])
def test_neither_a_report_nor_the_picture_is_written_over(tmp_path: Path, out: str) -> None:
    given = report(tmp_path / "ward" / "r.json", 0.9)
    before = given.read_bytes()
    status, said = compared(given, "--out", given.parent / out)
    assert (status, said.count("\n")) == (2, 1)
    assert given.read_bytes() == before
    assert list(given.parent.iterdir()) == [given]


def test_a_folder_without_a_result_is_named(tmp_path: Path) -> None:
    (tmp_path / "first").mkdir()
    assert compared(tmp_path / "first", "--out", tmp_path / "c.md") == (
        2,
        "There is no finished run or report at first.\n",
    )
