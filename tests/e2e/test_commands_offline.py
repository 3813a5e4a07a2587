"""No command asks for a network, and all work where there is none (the window's hour: test_first_hour)."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from inference.bundle import ModelBundle
from tests.no_network import network_off

MAIN = str(Path(__file__).resolve().parents[2] / "main.py")
ALONE = ["unshare", "--net", "--map-root-user"]  # a network namespace without interfaces


def can_be_alone() -> bool:
    return shutil.which("unshare") is not None and subprocess.run([*ALONE, "true"], check=False).returncode == 0


def run(words: list[str], environment: dict[str, str], *before: str) -> None:
    done = subprocess.run(
        [*before, sys.executable, MAIN, *words],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, f"{words}: {done.stdout}{done.stderr}"


def test_no_command_asks_for_a_network(films: Path, trial: ModelBundle, tmp_path: Path) -> None:
    model = ["--model", str(trial.location)]
    with network_off(tmp_path / "network") as environment:
        run(["models", "list"], environment)
        run(["models", "export", str(trial.location), str(tmp_path / "trial.zip")], environment)
        run(["models", "import", str(tmp_path / "trial.zip")], environment)
        run(["doctor", "--bundle", str(tmp_path / "report.zip")], environment)
        run(["screen", str(films), *model, "--out", str(tmp_path / "lines.jsonl")], environment)
        run(["snapshot", str(films), *model, "--show", "manual", "--out", str(tmp_path / "manual.png")], environment)
    notes = list((tmp_path / "network").glob("*.asked"))
    assert len(notes) >= 6, "each process leaves a file"
    assert [note.read_text() for note in notes if note.read_text()] == []


@pytest.mark.skipif(not can_be_alone(), reason="this system gives no network namespace")
def test_films_are_screened_where_there_is_no_network_at_all(films: Path, trial: ModelBundle, tmp_path: Path) -> None:
    words = ["screen", str(films), "--model", str(trial.location), "--out", str(tmp_path / "lines.jsonl")]
    run(words, {}, *ALONE)
    assert len((tmp_path / "lines.jsonl").read_text().splitlines()) == 5
