"""The program as a terminal starts and ends it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

MAIN = Path(__file__).parents[2] / "main.py"
PATIENCE_S = 120


@pytest.mark.skipif(sys.platform == "win32", reason="signals of a terminal are another matter there")
@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("later_s", [0.0, 1.5])
def test_the_window_closes_in_good_order(films: Path, user_data: Path, sent: signal.Signals, later_s: float) -> None:
    """In the middle of scanning and analysing, and idle."""
    run = subprocess.Popen(
        [sys.executable, MAIN, films, "--model", "practice"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
        start_new_session=True,
    )
    deadline = time.monotonic() + PATIENCE_S
    while not (user_data / "session.sqlite3").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    time.sleep(later_s)
    os.killpg(run.pid, sent)
    said, complaint = run.communicate(timeout=PATIENCE_S)
    assert (run.returncode, said, complaint) == (0, b"", b"")
    assert not list(user_data.glob("*-wal"))  # the store was closed, not torn away


HANGING = """
import argparse, atexit, sys, time
from PySide6.QtCore import QTimer
from gui import app
from gui.jobs import Lane
application = app.make_application()
atexit.register(print, "the interpreter tidied up under a running thread")
build = app.build_window
def with_a_job_that_does_not_end(paths, **options):
    window = build(paths, **options)
    window.controller.jobs.submit(Lane.IO, lambda token, progress: time.sleep(600))
    QTimer.singleShot(500, window.close)
    return window
app.build_window = with_a_job_that_does_not_end
raise SystemExit(app.run(argparse.Namespace(paths=[], model="")))
"""


def test_a_job_that_does_not_end_does_not_abort_the_process(user_data: Path) -> None:
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    run = subprocess.run(
        [sys.executable, "-c", HANGING],
        capture_output=True,
        check=False,
        env=environment,
        cwd=MAIN.parent,
        timeout=PATIENCE_S,
    )
    assert (run.returncode, run.stdout) == (0, b"")
