"""What runs the manual's commands finds all of them, and notices one that fails or a window that does not stay."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

import try_manual
from smoke import Program
from tests.unit.gui.manual.test_manual import commands


def program(code: str) -> Program:
    return Program((sys.executable, "-c", code), dict(os.environ))


def test_every_command_of_the_manual_is_run() -> None:
    found = {" ".join(words) for path in try_manual.MANUAL.glob("*.md") for words in try_manual.commands(path.stem)}
    assert found == {line.removeprefix("negatoscope ") for line in commands()}


def test_a_command_that_fails_is_told_with_its_words(tmp_path: Path) -> None:
    assert try_manual.tried(program("pass"), ["doctor"], tmp_path) == ""
    told = try_manual.tried(program("import sys; sys.exit('no such model')"), ["doctor"], tmp_path)
    assert told == "exit status 1: no such model"


def test_a_window_has_to_stay_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "films").mkdir()
    assert try_manual.tried(program("raise SystemExit(2)"), ["films"], tmp_path) == "it ended with 2"
    monkeypatch.setattr(try_manual, "WINDOW_S", 0.2)
    assert try_manual.tried(program("import time; time.sleep(60)"), ["films"], tmp_path) == ""
