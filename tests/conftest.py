"""What holds for every test: no display, no file of the user's touched, nothing left behind, nothing said in vain.

NEGATOSCOPE_TEST_PLATFORM=xcb runs the window's tests on a real display (or Xvfb) instead of offscreen.
`--hypothesis-profile search` has the drawn tests draw anew, and more, instead of the same cases every time.
"""

from __future__ import annotations

import gc
import logging
import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

os.environ["QT_QPA_PLATFORM"] = os.environ.get("NEGATOSCOPE_TEST_PLATFORM", "offscreen")
# The engine is not left to a stopwatch; the tests of `engine_choice` measure.
os.environ["NEGATOSCOPE_CPU_ENGINE"] = "onnx"
# What a shell starts in the background ignores Ctrl+C and hands that down to the programs that tests stop by it.
signal.signal(signal.SIGINT, signal.default_int_handler)

# The offscreen platform says these of every window; they are about the platform, not about the program.
OFFSCREEN_REMARKS = (
    "This plugin does not support propagateSizeHints()",
    "This plugin does not support raise()",
    "This plugin does not support grabbing the keyboard",
)
THREAD_PATIENCE_S = 2.0

# A test that fails by chance fails for somebody who did not cause it. No deadline: it would be a timed test.
settings.register_profile("same", derandomize=True, deadline=None)
settings.register_profile("search", max_examples=2000, deadline=None, print_blob=True)
settings.load_profile("same")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "logs_errors: the test provokes an error in the log")
    config.addinivalue_line("markers", "qt_warns: the test provokes a Qt warning")


def pytest_collection_finish(session: pytest.Session) -> None:
    # What the imports made is set apart: looking for timers after each test then goes through few objects.
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def user_data(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's data folder of this test: a fresh one."""
    folder = tmp_path_factory.mktemp("user-data")
    monkeypatch.setenv("NEGATOSCOPE_DATA", str(folder))
    return folder


@pytest.fixture(autouse=True)
def _no_unexpected_error_logged(request: pytest.FixtureRequest, caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    yield
    if request.node.get_closest_marker("logs_errors"):
        return
    records = [*caplog.get_records("setup"), *caplog.get_records("call")]
    errors = [record for record in records if record.levelno >= logging.ERROR]
    assert not errors, f"unexpected errors in the log: {[r.getMessage() for r in errors]}"


@pytest.fixture(autouse=True)
def _no_qt_warning(request: pytest.FixtureRequest, qtlog: Any) -> Iterator[None]:
    yield
    if request.node.get_closest_marker("qt_warns"):
        return
    loud = [r for r in qtlog.records if r.type_name in ("QtWarningMsg", "QtCriticalMsg", "QtFatalMsg")]
    unexpected = [r.message for r in loud if r.message.strip() not in OFFSCREEN_REMARKS]
    assert not unexpected, f"Qt warned: {unexpected}"


@pytest.fixture(autouse=True)
def _nothing_left_behind(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail a test that leaves a thread, an active timer or a window. Set up first, so it looks last."""
    threads_before = set(threading.enumerate())
    uses_qt = "qapp" in request.fixturenames
    windows_before = _windows() if uses_qt else set()
    yield
    left = _threads_left(threads_before)
    assert not left, f"threads left behind: {[thread.name for thread in left]}"
    if uses_qt:
        windows = _windows() - windows_before
        assert not windows, f"windows left behind: {[type(window).__name__ for window in windows]}"
        timers = _active_timers()
        assert not timers, f"timers left running: {timers}"


def _threads_left(before: set[threading.Thread]) -> list[threading.Thread]:
    deadline = time.monotonic() + THREAD_PATIENCE_S
    while (left := [t for t in threading.enumerate() if t not in before and t.is_alive()]) and (
        time.monotonic() < deadline
    ):
        time.sleep(0.01)
    return left


def _windows() -> set[Any]:
    from PySide6.QtCore import QCoreApplication, QEvent
    from PySide6.QtWidgets import QApplication

    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    return set(QApplication.topLevelWidgets())


def _active_timers() -> list[str]:
    import shiboken6
    from PySide6.QtCore import QTimer

    timers = [found for found in gc.get_objects() if type(found) is QTimer]
    return [repr(timer.parent()) for timer in timers if shiboken6.isValid(timer) and timer.isActive()]
