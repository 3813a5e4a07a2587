"""No command asks for a network, and all work where there is none (the window's hour: test_first_hour)."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from inference.bundles.bundle import ModelBundle
from tests.no_network import network_off

MAIN = str(Path(__file__).resolve().parents[2] / "main.py")
ALONE = ["unshare", "--net", "--map-root-user"]  # a network namespace without interfaces


ROOT = Path(MAIN).parent
# The program's folder as a file system that cannot be written, as an installed program's.
READ_ONLY = (
    f"mount --bind '{ROOT}' '{ROOT}' && mount -o remount,bind,ro '{ROOT}' && cd '{ROOT}' && ! touch x && exec \"$@\""
)
SEALED = ["unshare", "--mount", "--map-root-user", "sh", "-c", READ_ONLY, "sh"]


def can(*words: str) -> bool:
    """Whether this system lets a user part from its network or mounts."""
    if shutil.which("unshare") is None:
        return False
    return subprocess.run([*words, "true"], capture_output=True, check=False).returncode == 0


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


@pytest.mark.skipif(not can(*ALONE), reason="this system gives no network namespace")
def test_films_are_screened_where_there_is_no_network_at_all(films: Path, trial: ModelBundle, tmp_path: Path) -> None:
    words = ["screen", str(films), "--model", str(trial.location), "--out", str(tmp_path / "lines.jsonl")]
    run(words, {}, *ALONE)
    assert len((tmp_path / "lines.jsonl").read_text().splitlines()) == 5


@pytest.mark.skipif(not can(*SEALED), reason="this system gives no mount namespace")
def test_the_programs_folder_may_be_read_only(films: Path, trial: ModelBundle, tmp_path: Path) -> None:
    model = ["--model", str(trial.location)]
    run(["snapshot", str(films), *model, "--out", str(tmp_path / "window.png")], {}, *SEALED)
    assert (tmp_path / "window.png").is_file()


def test_films_are_read_where_nothing_can_be_remembered(films: Path, trial: ModelBundle, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    nowhere = {"NEGATOSCOPE_DATA": str(tmp_path / "file" / "data")}  # as on a stick that is write-protected
    words = [str(films), "--model", str(trial.location)]
    run(["screen", *words, "--out", str(tmp_path / "lines.jsonl")], nowhere)
    assert len((tmp_path / "lines.jsonl").read_text().splitlines()) == 5
    run(["snapshot", *words, "--out", str(tmp_path / "window.png")], nowhere)
