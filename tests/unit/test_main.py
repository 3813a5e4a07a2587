"""What all commands share, tried on the program itself."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from gui.app import NO_SCREEN
from imaging.release import release

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
@pytest.mark.parametrize("words", [("doctor",), ("models", "list")])
def test_a_reader_that_leaves_is_no_defect(words: tuple[str, ...]) -> None:
    read, write = os.pipe()
    os.close(read)
    run = subprocess.run([sys.executable, MAIN, *words], stdout=write, stderr=subprocess.PIPE, check=False)
    os.close(write)
    assert (run.returncode, run.stderr) == (141, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
@pytest.mark.parametrize("words", [("doctor",), ("models", "list")])
def test_no_room_for_what_is_said_is_one_sentence(words: tuple[str, ...]) -> None:
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        run = subprocess.run([sys.executable, MAIN, *words], stdout=full, stderr=subprocess.PIPE, check=False)
    assert (run.returncode, run.stderr.count(b"\n")) == (2, 1)


def test_the_release_is_said_without_a_window() -> None:
    run = subprocess.run([sys.executable, MAIN, "--version"], capture_output=True, text=True, check=False)
    assert (run.returncode, run.stdout) == (0, f"Negatoscope {release().words}\n")


@pytest.mark.skipif(sys.platform != "linux", reason="there is always a screen there")
def test_without_a_screen_the_window_says_so_in_one_line() -> None:
    screens = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    bare = {name: value for name, value in os.environ.items() if name not in screens}
    run = subprocess.run([sys.executable, MAIN], capture_output=True, text=True, check=False, env=bare)
    assert (run.returncode, run.stderr) == (2, f"{NO_SCREEN}\n")


GARBAGE = """
import gc, os, threading, time
import main
from gui import app
app.STARTED_MS = 50
def look():
    while gc.isenabled():
        time.sleep(0.001)
    while not gc.isenabled():
        time.sleep(0.001)
    os._exit(7)
threading.Thread(target=look).start()
main._run([])
"""


def test_garbage_is_looked_for_again_once_the_window_has_started(tmp_path: Path) -> None:
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "NEGATOSCOPE_DATA": str(tmp_path)}
    run = subprocess.run([sys.executable, "-c", GARBAGE], cwd=MAIN.parent, env=environment, timeout=120, check=False)
    assert run.returncode == 7
