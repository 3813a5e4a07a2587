"""Whatever takes longer than half a second has a line in the window: disks that answer late, by pipes and locks."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from gui.main_window import MainWindow
from inference.bundle import ModelBundle
from tests.e2e.window import PATIENCE_MS, OpenWindow, film_paths, settle

pytestmark = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="a pipe with a name is how a disk is made slow here")


class LateFile:
    """A file that says nothing until `answer`: a named pipe, whose reader waits."""

    def __init__(self, path: Path) -> None:
        os.mkfifo(path)
        self.path = path
        self._thread = threading.Thread(target=self._write)
        self._content = b""
        self._answered = threading.Event()
        self._thread.start()

    def answer(self, content: bytes) -> None:
        self._content = content
        self._answered.set()
        self._thread.join()

    def _write(self) -> None:
        self._answered.wait()
        self.path.write_bytes(self._content)


def said(window: MainWindow, qtbot: Any, words: str) -> None:
    """Wait until the line at the foot of the window says this where it can be seen, and by half a second."""
    line = window.status.queue
    begun = time.monotonic()
    qtbot.waitUntil(lambda: line.isVisible() and words in line.text(), timeout=PATIENCE_MS)
    assert line.width() >= line.sizeHint().width(), "it is cut off"
    assert time.monotonic() - begun < 20  # half a second where nobody else wants the machine


@pytest.fixture
def late_settings(user_data: Path) -> Iterator[LateFile]:
    late = LateFile(user_data / "settings.json")
    yield late
    late.path.unlink(missing_ok=True)


def test_settings_on_a_slow_disk(
    late_settings: LateFile, films: Path, parted: ModelBundle, open_window: OpenWindow, qtbot: Any
) -> None:
    window = open_window([films], model=str(parted.location), wait=False)
    said(window, qtbot, "Reading the settings…")
    late_settings.answer(b'{"schema": 1, "corner_text": "short"}')
    settle(qtbot, window)
    assert len(window.controller.review.entries) == len(film_paths(films))
    assert window.status.queue.text() == ""


def test_decisions_that_another_program_holds(
    films: Path, parted: ModelBundle, open_window: OpenWindow, user_data: Path, qtbot: Any
) -> None:
    window = open_window(model=str(parted.location))
    settle(qtbot, window)
    with closing(sqlite3.connect(user_data / "session.sqlite3", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        window.controller.choose_model(str(parted.location))  # which is remembered
        said(window, qtbot, "Storing what was decided…")
        other.execute("ROLLBACK")
    settle(qtbot, window)
    assert window.status.queue.text() == ""


def test_a_folder_and_a_model_that_answer_late(
    tmp_path: Path, parted: ModelBundle, films: Path, open_window: OpenWindow, qtbot: Any
) -> None:
    folder = tmp_path / "ward"
    folder.mkdir()
    (folder / "1.dcm").symlink_to(film_paths(films)[0])
    names = LateFile(folder / "negatoscope.json")
    model = LateFile(tmp_path / "model.zip")
    window = open_window([folder], model=str(model.path))
    said(window, qtbot, "Scanning…")
    names.answer(b"{}")
    qtbot.waitUntil(lambda: "Reading the model model.zip…" in window.status.engine.text(), timeout=PATIENCE_MS)
    assert window.status.engine.isVisible()
    model.answer(b"no zip")
    settle(qtbot, window)
    assert window.controller.review.model is None
    assert "not a model bundle" in window.controller.review.model_message
