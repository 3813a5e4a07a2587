"""What all commands share, tried on the program itself."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

MAIN = Path(__file__).parents[2] / "main.py"


def test_letters_that_the_terminal_does_not_have_are_escaped(tmp_path: Path) -> None:
    run = subprocess.run(
        [sys.executable, MAIN, "models", "export", "practice", str(tmp_path / "модель.zip")],
        capture_output=True,
        check=False,
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
    )
    assert (run.returncode, run.stderr) == (0, b"")
    assert b"\\u043c" in run.stdout
    assert (tmp_path / "модель.zip").is_file()


@pytest.mark.skipif(os.name == "nt", reason="pipes end otherwise there")
def test_a_reader_that_leaves_is_no_defect() -> None:
    read, write = os.pipe()
    os.close(read)
    run = subprocess.run([sys.executable, MAIN, "doctor"], stdout=write, stderr=subprocess.PIPE, check=False)
    os.close(write)
    assert (run.returncode, run.stderr) == (141, b"")
