"""A run of `screen` that was broken off goes on, and only with lines of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from inference.bundles.bundle import ModelBundle
from tests.bundles import write_trial_bundle
from tests.screening import rows_of, same, screened, write_films


@pytest.fixture
def films(tmp_path: Path) -> Path:
    """Films of all kinds below a folder with letters that are not ASCII."""
    return write_films(tmp_path / "фильмы 🩻")


@pytest.mark.parametrize("cut", [0, 1, 40, 10_000])
def test_a_run_that_was_killed_goes_on(bundle: ModelBundle, films: Path, tmp_path: Path, cut: int) -> None:
    """`cut` bytes of the fifth line were on the disk when it died; 10,000: none of the lines was."""
    target = tmp_path / "r.jsonl"
    start = [str(films), "--model", str(bundle.location), "--out", str(target)]
    screened(start)
    whole = target.read_bytes()
    lines = whole.splitlines(keepends=True)
    kept = b"" if cut == 10_000 else b"".join(lines[:4]) + lines[4][:cut]
    target.write_bytes(kept)
    status, said, _ = screened([*start, "--resume"])
    assert status == 3
    assert "9 lines" in said
    assert same(rows_of(target)) == same([json.loads(line) for line in lines])
    complete = kept[: kept.rfind(b"\n") + 1]
    assert target.read_bytes().startswith(complete)


def test_resuming_a_whole_run_changes_nothing(bundle: ModelBundle, films: Path, tmp_path: Path) -> None:
    start = [str(films), "--model", str(bundle.location), "--out", str(tmp_path / "r.jsonl")]
    screened([*start, "--resume"])
    whole = (tmp_path / "r.jsonl").read_bytes()
    assert screened([*start, "--resume"])[0] == 3
    assert (tmp_path / "r.jsonl").read_bytes() == whole


def test_lines_of_other_terms_are_not_gone_on_with(bundle: ModelBundle, films: Path, tmp_path: Path) -> None:
    other = write_trial_bundle(tmp_path / "other", seed=2)
    target = tmp_path / "r.jsonl"
    start = [str(films), "--out", str(target), "--model"]
    screened([*start, str(bundle.location)])
    whole = target.read_bytes()
    for changed in (
        [*start, str(other.location)],
        [*start, str(bundle.location), "--threshold", "0.9"],
        [*start, str(bundle.location), "--heatmaps", str(tmp_path / "maps")],
    ):
        status, _, complaint = screened([*changed, "--resume"])
        assert status == 2
        assert "another model or from other options" in complaint
        assert target.read_bytes() == whole
    target.write_text("notes of mine\n")
    assert screened([*start, str(bundle.location), "--resume"])[0] == 2
    assert target.read_text() == "notes of mine\n"


@pytest.mark.parametrize(
    "change",
    [
        {"findings": [{}]},
        {"findings": [3]},
        {"findings": None},
        {"findings": [{"label": [], "operating_point": 0.4}]},
        {"gate": {}},
        {"gate": None},
        {"path": 3},
        {"frame": "first"},
    ],
)
def test_lines_that_hold_other_things_are_not_gone_on_with(
    bundle: ModelBundle, films: Path, tmp_path: Path, change: dict[str, Any]
) -> None:
    target = tmp_path / "r.jsonl"
    start = [str(films / "film 2.png"), "--model", str(bundle.location), "--out", str(target)]
    screened(start)
    (row,) = rows_of(target)
    target.write_text(json.dumps(row | change) + "\n")
    status, _, complaint = screened([*start, "--resume"])
    assert status == 2
    assert "another model or from other options" in complaint


@pytest.mark.parametrize("foreign", [b"notes without an end of line", b"0" * (3 << 20)])
def test_what_is_no_torn_line_is_not_cut_off(bundle: ModelBundle, films: Path, tmp_path: Path, foreign: bytes) -> None:
    target = tmp_path / "r.jsonl"
    target.write_bytes(foreign)
    status, _, _ = screened([str(films), "--model", str(bundle.location), "--out", str(target), "--resume"])
    assert status == 2
    assert target.read_bytes() == foreign


@pytest.mark.parametrize("kept", [1, 2, 3])
def test_a_film_named_twice_has_two_lines_after_resuming_too(
    bundle: ModelBundle, films: Path, tmp_path: Path, kept: int
) -> None:
    target = tmp_path / "r.jsonl"
    paths = [str(films / name) for name in ("film 2.png", "film 10.png", "film 2.png")]
    start = [*paths, "--model", str(bundle.location), "--out", str(target)]
    screened(start)
    lines = target.read_bytes().splitlines(keepends=True)
    target.write_bytes(b"".join(lines[:kept]))
    assert screened([*start, "--resume"])[0] == 0
    assert [row["path"] for row in rows_of(target)] == paths


MANY = 400


@pytest.mark.skipif(sys.platform == "win32", reason="signals of a terminal are another matter there")
@pytest.mark.parametrize("sent", ["SIGINT", "SIGKILL"])
def test_a_run_that_is_stopped_from_outside_goes_on(
    bundle: ModelBundle, films: Path, tmp_path: Path, sent: str
) -> None:
    """The whole program and its children, as a terminal would stop them, with heat maps under way."""
    many, target, maps = tmp_path / "many", tmp_path / "r.jsonl", tmp_path / "maps"
    many.mkdir()
    for index in range(MANY):
        (many / f"{index}.png").symlink_to(films / "film 2.png")
    paths = [str(films), str(many)]
    program = [sys.executable, str(Path(__file__).parents[3] / "main.py"), "screen", *paths]
    program += ["--model", str(bundle.location), "--out", str(target), "--heatmaps", str(maps)]
    run = subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True)
    deadline = time.monotonic() + 60
    while not (target.exists() and target.stat().st_size) and time.monotonic() < deadline:
        time.sleep(0.01)
    os.killpg(run.pid, signal.Signals[sent])
    _, complaint = run.communicate(timeout=60)
    if sent == "SIGINT":
        assert run.returncode == 130
        assert complaint == "Interrupted. The lines written so far stay; --resume goes on behind them.\n"
    assert 0 < target.read_bytes().count(b"\n") < MANY + 9
    status, said, _ = screened([*program[3:], "--resume"])
    assert (status, said.splitlines()[-1].split(" lines")[0]) == (3, str(MANY + 9))
    rows = rows_of(target)
    assert [row["path"] for row in rows[-MANY:]] == [(many / f"{index}.png").as_posix() for index in range(MANY)]
    for row in rows[-MANY:]:
        with Image.open(row["heatmaps"]["OPACITY"]) as heatmap:
            heatmap.load()
