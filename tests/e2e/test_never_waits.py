"""The window's thread asks no disk: a path on a drive that does not answer holds up a worker alone."""

from __future__ import annotations

import io
import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from gui.films.entries import Entry
from gui.lanes import run_within
from imaging.release import release
from imaging.study import ImageRef
from inference.bundles.bundle import ModelBundle
from inference.engines.torch_first import has_torch
from tests.e2e.window import PATIENCE_MS, OpenWindow, drop, film_paths, settle
from tests.python_calls import python_calls

ASKING = (os.stat, os.lstat, os.scandir, os.listdir, os.open, os.readlink, os.mkdir, io.open)
# The program's own code (PySide too looks at the source of what is imported) and drawings, and its log.
OWN_FILES = ("importlib", "shibokensupport", "gui/frame/icons.py", "logging/")


@contextmanager
def disk_watched() -> Iterator[list[str]]:
    """The places in the code that ask the disk on this thread."""
    asked: list[str] = []

    def look(frame: FrameType, event: str, called: Any) -> None:
        if event == "call" and frame.f_code is find_spec.__code__:  # what is installed stands on the disk too
            asked.append(" < ".join(_places(frame)[:6]))
        elif event == "c_call" and any(called is one for one in ASKING):
            stack = _places(frame)
            if not any(own in place for place in stack for own in OWN_FILES):
                asked.append(" < ".join(stack[:6]))

    sys.setprofile(look)
    try:
        yield asked
    finally:
        sys.setprofile(None)


def _places(frame: FrameType | None) -> list[str]:
    places = []
    while frame is not None:
        places.append(f"{frame.f_code.co_filename}:{frame.f_lineno}")
        frame = frame.f_back
    return places


def test_the_watch_sees_what_asks_the_disk(tmp_path: Path) -> None:
    for ask in (tmp_path.is_dir, lambda: (tmp_path / "x").write_bytes(b""), tmp_path.stat, has_torch, release):
        with disk_watched() as asked:
            ask()
        assert asked


def test_a_new_window_asks_no_disk(open_window: OpenWindow, parted: ModelBundle, qtbot: Any) -> None:
    with disk_watched() as asked:
        window = open_window(model=str(parted.location))
        for name in ("about", "train_model"):
            window.actions_by_name[name].trigger()
        settle(qtbot, window)
    assert not asked


def test_opening_reading_deciding_and_closing_ask_no_disk(
    open_window: OpenWindow, films: Path, parted: ModelBundle, qtbot: Any
) -> None:
    window = open_window(model=str(parted.location))
    paths = [films, film_paths(films)[0]]
    with disk_watched() as asked:
        drop(window, paths)
        settle(qtbot, window)
        for keys in (Qt.Key.Key_Down, Qt.Key.Key_G, Qt.Key.Key_0, Qt.Key.Key_I):
            QTest.keyClick(window, keys)
        QTest.mouseClick(window.findings.cards["OPACITY"].agree, Qt.MouseButton.LeftButton)
        settle(qtbot, window)
        window.actions_by_name["close_films"].trigger()
        window.actions_by_name["practice"].trigger()
        window.controller.cancel()
        window.close()
    assert not asked


class DeadPath(type(Path())):  # type: ignore[misc]  # the class of a path depends on the system
    """A path on a network drive that has gone: nobody learns anything about it before the system gives up."""

    answer = threading.Event()

    def stat(self, *, follow_symlinks: bool = True) -> os.stat_result:
        DeadPath.answer.wait()
        raise FileNotFoundError(str(self))


@pytest.fixture
def dead_path() -> Iterator[Path]:
    DeadPath.answer.clear()
    yield DeadPath("/mnt/gone/ward")
    DeadPath.answer.set()


def test_a_dead_drive_holds_up_neither_the_window_nor_its_closing(
    open_window: OpenWindow, films: Path, parted: ModelBundle, dead_path: Path, qtbot: Any
) -> None:
    window = open_window(model=str(parted.location))
    settle(qtbot, window)
    begun = time.monotonic()
    window.controller.opening.open_paths([dead_path])
    assert time.monotonic() - begun < 0.5
    assert window.controller.review.scanning
    drop(window, [films])
    review, count = window.controller.review, len(film_paths(films))
    qtbot.waitUntil(lambda: window.view.film is not None and len(review.entries) == count, timeout=PATIENCE_MS)
    window.controller.cancel()
    assert not window.controller.review.scanning
    begun = time.monotonic()
    window.close()
    assert time.monotonic() - begun < 4.0


@pytest.mark.parametrize(("seconds", "ended"), [(0.0, True), (30.0, False)])
def test_what_does_not_end_is_left(seconds: float, ended: bool) -> None:
    stop = threading.Event()

    def work() -> None:
        stop.wait(seconds)

    begun = time.monotonic()
    assert run_within(work, 0.2) is ended
    assert time.monotonic() - begun < 5.0
    stop.set()


def test_ten_thousand_films_come_in_at_the_same_cost_each(open_window: OpenWindow, films: Path, qtbot: Any) -> None:
    """A batch that comes in behind thousands of films takes as few steps as one behind hundreds, wherever the list
    stands, and the last one of ten thousand does not go through them all.
    """
    window = open_window([films], model="none")
    settle(qtbot, window)
    review, bar = window.controller.review, window.study_list.view.verticalScrollBar()
    steps = []
    review.set_scanning(True)
    for first in range(0, 10_000, 200):
        names = (Path(f"/nowhere/ward/{number}.png") for number in range(first, first + 200))
        rows = [Entry(path, ImageRef(path)) for path in names]
        with python_calls() as calls:
            review.add(rows)
            window.study_list._show_counts()
            QApplication.processEvents()
            bar.setValue(bar.maximum() if first % 1000 else 0)
            QApplication.processEvents()
        steps.append(len(calls))
    with python_calls() as calls:
        review.set_scanning(False)
        QApplication.processEvents()
    assert len(review.entries) == 10_000 + len(film_paths(films))
    early, late = sorted(steps[5:15])[5], sorted(steps[-10:])[5]
    assert late < 1.5 * early
    assert len(calls) < 3 * early
    settle(qtbot, window)
