"""The composition root of the window. What costs a tenth of a second to import comes after the first paint."""

from __future__ import annotations

import argparse
import gc
import logging
import os
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

from PySide6.QtCore import QSettings, Qt, QTimer
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QApplication

from gui.controller import Controller
from gui.frame.window_state import StateReader, WindowKeeper, WindowState
from gui.main_window import MainWindow
from gui.process.terminal import TerminalSignals
from gui.second_reader.analysis_queue import QueueProgress
from gui.theme import apply_theme, dressed_at_the_end
from imaging.paths import resource_path, user_data_dir

# A spinning OpenMP thread starves the decoders and the window; it has to be set before torch loads.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

STARTED_MS = 3000  # by then all that a film needs is imported
MISTAKE = 2
NO_SCREEN = "There is no screen here to open the window on. The commands work without one: --help names them."
PAINTED, ANALYSED = "the window is painted", "what was opened first is analysed"
SPENT = "%s, processor %.0f ms"

_LOG = logging.getLogger(__name__)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of the contract."""
    parser.add_argument("paths", nargs="*", type=Path, metavar="PATH", help="files and folders to open")
    parser.add_argument("--model", default="", metavar="ID", help="a model's name, name@version, or path")
    parser.add_argument("--version", action=_Version, nargs=0, help="say which release this is, and leave")


class _Version(argparse.Action):
    """argparse's own wants the words before anybody has asked for them, and they are read from the disk."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> NoReturn:
        from imaging.release import release

        sys.stdout.write(f"Negatoscope {release().words}\n")
        parser.exit()


def run(options: argparse.Namespace) -> int:
    """Show the window and stay until it is closed."""
    if _is_without_screen():
        sys.stderr.write(f"{NO_SCREEN}\n")
        return MISTAKE
    app = make_application()
    with suppress(OSError):  # no data folder, and nothing is remembered
        keep_dialogs_in(user_data_dir())
    window = build_window(options.paths, model=options.model)
    _log_the_start(window)
    window.shown.connect(lambda: QTimer.singleShot(STARTED_MS, app, gc.enable))  # main.py switched it off
    window.show()
    TerminalSignals(app)
    status = app.exec()
    if not window.controller.ended:
        _leave_at_once(status)
    return status


def keep_dialogs_in(folder: Path) -> None:
    """Qt's own file dialog remembers which folders were opened, and patients' names may stand in their paths: with the
    rest of what is remembered, and not in the user's general settings (on Linux, ~/.config/QtProject.conf).
    """
    QSettings.setPath(QSettings.Format.NativeFormat, QSettings.Scope.UserScope, str(folder))


def _is_without_screen() -> bool:
    """Whether this is Linux without X and Wayland, as over ssh: Qt would abort the program there."""
    named = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    return sys.platform == "linux" and not any(os.environ.get(name) for name in named)


def _log_the_start(window: MainWindow) -> None:
    """Two lines with their times, for whoever asks why a start is slow (tests/benchmarks/bench_start.py does)."""
    queue = window.controller.analysing.queue_changed
    began = False

    def follow(progress: QueueProgress) -> None:
        nonlocal began
        if began and not progress.active:
            queue.disconnect(follow)
            _LOG.info(SPENT, ANALYSED, 1e3 * time.process_time())
        began = progress.active

    queue.connect(follow)
    window.shown.connect(lambda: _LOG.info(SPENT, PAINTED, 1e3 * time.process_time()))


def _leave_at_once(status: int) -> NoReturn:
    """End without the usual tidying up, under which a thread deep in a library aborts the process. All is stored."""
    logging.shutdown()
    os._exit(status)


def make_application() -> QApplication:
    """The one application object, dressed. An existing one is used as it is."""
    existing = QApplication.instance()
    if isinstance(existing, QApplication):
        return existing
    if sys.platform == "win32":
        from inference.engines.torch_first import load_torch_library

        load_torch_library()
    QApplication.setHighDpiScaleFactorRoundingPolicy(Qt.HighDpiScaleFactorRoundingPolicy.PassThrough)
    app = QApplication(sys.argv[:1])
    app.setApplicationName("Negatoscope")
    app.setDesktopFileName("negatoscope")  # by which a desktop finds the icon and the name of the window
    apply_theme(app)
    return app


def build_window(paths: Sequence[Path] = (), *, model: str = "", remember: bool = True) -> MainWindow:
    """The window with all that works behind it. It starts on `paths` once it shows.

    `remember` False leaves the user's data folder alone, for pictures of the window.
    """
    kept = StateReader() if remember else None
    controller = Controller(model=model, remember=remember)
    with dressed_at_the_end(make_application()):
        window = MainWindow(controller)
    controller.setParent(window)
    WindowKeeper(window, controller, kept.state() if kept is not None else WindowState())
    wanted = list(paths)
    # After the first paint, so that nothing of it delays the window.
    window.shown.connect(lambda: window.setWindowIcon(QIcon(str(resource_path("icons", "app.svg")))))
    window.shown.connect(lambda: controller.start(wanted))
    window.shown.connect(lambda: controller.program.ask(window.show_program))
    return window
