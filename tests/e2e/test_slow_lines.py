"""Whatever takes longer than half a second has a line in the window: disks that answer late, by pipes and locks."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from gui.main_window import MainWindow
from gui.slow import SLOW_S
from imaging.paths import user_data_dir
from inference.bundles.bundle import ModelBundle
from tests.e2e.window import PATIENCE_MS, OpenWindow, film_paths, settle

pytestmark = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="a pipe with a name is how a disk is made slow here")


MakeLate: TypeAlias = "Callable[[Path], LateFile]"


class LateFile:
    """A file that says nothing until `answer`: a named pipe, whose reader waits."""

    def __init__(self, path: Path) -> None:
        os.mkfifo(path)
        self.path = path

    def answer(self, content: bytes) -> bool:
        """Whether somebody reads it."""
        try:
            pipe = os.open(self.path, os.O_WRONLY | os.O_NONBLOCK)
        except OSError:
            return False
        try:
            os.write(pipe, content)
        except BrokenPipeError:  # who opened it has closed it meanwhile, to open it once more
            return False
        finally:
            os.close(pipe)
        return True

    def close(self) -> None:
        """Whoever waits for it still, reads nothing; nobody comes to wait any more."""
        self.answer(b"")
        self.path.unlink(missing_ok=True)


def said(window: MainWindow, qtbot: Any, words: str) -> None:
    """Wait until the line at the foot of the window says this, where it can be seen and is not cut off."""
    line = window.status.queue

    def is_said() -> bool:
        return line.isVisible() and words in line.text() and line.width() >= line.sizeHint().width()

    qtbot.waitUntil(is_said, timeout=PATIENCE_MS)


@pytest.fixture
def late_file() -> Iterator[MakeLate]:
    made: list[LateFile] = []

    def make(path: Path) -> LateFile:
        made.append(LateFile(path))
        return made[-1]

    yield make
    for late in made:
        late.close()


def test_settings_on_a_slow_disk(
    late_file: MakeLate, films: Path, parted: ModelBundle, open_window: OpenWindow, qtbot: Any
) -> None:
    settings = late_file(user_data_dir() / "settings.json")
    window = open_window([films], model=str(parted.location), wait=False)
    said(window, qtbot, "Reading the settings…")
    qtbot.waitUntil(lambda: settings.answer(b'{"schema": 1, "corner_text": "short"}'), timeout=PATIENCE_MS)
    settle(qtbot, window)
    assert len(window.controller.review.entries) == len(film_paths(films))
    assert window.status.queue.text() == ""


def test_decisions_that_another_program_holds(
    parted: ModelBundle, open_window: OpenWindow, user_data: Path, qtbot: Any
) -> None:
    window = open_window(model=str(parted.location))
    settle(qtbot, window)
    with contextlib.closing(sqlite3.connect(user_data / "session.sqlite3", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        window.controller.choose_model(str(parted.location))  # which is remembered
        said(window, qtbot, "Storing what was decided…")
        other.execute("ROLLBACK")
    settle(qtbot, window)
    assert window.status.queue.text() == ""


def test_a_model_on_a_slow_disk(late_file: MakeLate, open_window: OpenWindow, tmp_path: Path, qtbot: Any) -> None:
    model = late_file(tmp_path / "model.zip")
    window = open_window(model=str(model.path))
    said = window.status.engine
    qtbot.waitUntil(lambda: said.isVisible() and said.text() == "Reading the model model.zip…", timeout=PATIENCE_MS)
    qtbot.wait(int(1000 * SLOW_S))
    assert said.text() == "Reading the model model.zip…"

    def is_refused() -> bool:  # by who opens the pipe, whether or not it is read before it is closed again
        model.answer(b"no zip")
        return "not a model bundle" in window.controller.review.model_message

    qtbot.waitUntil(is_refused, timeout=PATIENCE_MS)
    settle(qtbot, window)
