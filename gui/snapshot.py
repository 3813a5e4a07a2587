"""`main.py snapshot`: a picture of the real window, offscreen, once the selected film has been read and analysed."""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from gui.main_window import MainWindow
    from gui.snapshot_windows import Pictured

WINDOWS = ("viewer", "manual", "settings", "keys", "card", "check", "films", "plan", "run", "result")
WINDOW_HELP = (
    "another window instead; for `films` and `plan` PATH is a folder of labelled films, for `run` and `result` that of "
    "a run: pages of the window that trains a model"
)
LIMIT_S = 300.0  # for scanning and the selected film
GRACE_S = 20.0  # for the rest of the queue: a picture of films that all wait says little
POLL_MS = 20


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of the contract."""
    parser.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="files and folders to open")
    parser.add_argument("--out", type=Path, required=True, metavar="F.png")
    parser.add_argument("--model", default="", metavar="ID")
    parser.add_argument("--size", type=_size, default=(1600, 1000), metavar="WxH", help="1600x1000")
    parser.add_argument("--select", type=int, default=None, metavar="N", help="the row to show, from 0")
    parser.add_argument("--overlay", choices=("on", "off"), default="off", help="the heat map on the film")
    parser.add_argument("--show", choices=WINDOWS, default=WINDOWS[0], help=WINDOW_HELP)


def run(options: argparse.Namespace, out: TextIO, err: TextIO) -> int:
    """Write the picture. 0; 3 where some inputs were refused; 2 for a row or model that is not there; 1 if it hangs."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from PySide6.QtGui import QCursor

    from gui.app import build_window, make_application
    from gui.snapshot_windows import PICTURED

    app = make_application()
    other = PICTURED.get(options.show)
    films = options.paths if other is None or other.opens_films else ()
    window = build_window(films, model=options.model, remember=False)
    try:
        window.resize(*options.size)
        QCursor.setPos(options.size[0] - 1, options.size[1] - 1)  # where it lies on no button
        window.show()
        return _take(window, options, err, other)
    finally:
        window.close()
        window.deleteLater()
        app.sendPostedEvents(window, 0)


def _take(window: MainWindow, options: argparse.Namespace, err: TextIO, other: Pictured | None) -> int:
    controller = window.controller
    review = controller.review
    if not _wait(lambda: controller.started and not review.scanning and not review.model_reading, LIMIT_S):
        err.write("The films are still being looked for; no picture was made.\n")
        return 1
    if options.select is not None and not 0 <= options.select < len(review.entries):
        rows = len(review.entries)
        err.write(
            f"--select {options.select}: there {'is 1 row' if rows == 1 else f'are {rows} rows'}, counted from 0.\n"
        )
        return 2
    if options.select is not None:
        review.select(options.select)
    review.visibility.set_overlay(replace(review.visibility.overlay, shown=options.overlay == "on"))
    if not _wait(lambda: _selected_is_done(window), LIMIT_S):
        err.write("The film is still being read; no picture was made.\n")
        return 1
    _wait(lambda: window.settled, GRACE_S)
    picture = window if other is None else _opened(window, other, options)
    if picture is None:
        err.write("The window is still being filled; no picture was made.\n")
        return 1
    return _save(picture, window, options, err)


def _save(picture: QWidget, window: MainWindow, options: argparse.Namespace, err: TextIO) -> int:
    review = window.controller.review
    if not picture.grab().save(str(options.out), "PNG"):
        err.write("The picture can't be written there.\n")
        return 2
    size = (picture.width(), picture.height())
    if size != options.size:
        err.write(f"The window gets no smaller than {size[0]}x{size[1]}; that is the size of the picture.\n")
    if review.model is None:
        err.write(f"{review.model_message}\n")
        return 2
    return 3 if any(entry.refusal for entry in review.entries) else 0


def _opened(window: MainWindow, other: Pictured, options: argparse.Namespace) -> QWidget | None:
    """The other window once it is complete, None where it does not become so."""
    opened = other.open(window)
    opened.resize(*options.size)
    complete = _wait(lambda: other.advance(opened, options.paths[0]), LIMIT_S)
    _wait(lambda: window.settled, GRACE_S)
    return opened if complete else None


def _selected_is_done(window: MainWindow) -> bool:
    review = window.controller.review
    entry = review.selected_film
    analysed = entry is None or review.model is None or review.is_answered(entry.key)
    return window.showing.settled and analysed


def _wait(ready: Callable[[], bool], limit_s: float) -> bool:
    """Let the window live until it is ready. Returns whether it became so in time."""
    from PySide6.QtCore import QEventLoop, QTimer

    loop = QEventLoop()
    deadline = time.monotonic() + limit_s
    timer = QTimer(interval=POLL_MS)
    timer.timeout.connect(lambda: loop.quit() if ready() or time.monotonic() > deadline else None)
    timer.start()
    loop.exec()
    timer.stop()
    return ready()


def _size(text: str) -> tuple[int, int]:
    """'1600x1000' as (1600, 1000). Raises argparse's error for anything else."""
    width, _, height = text.lower().partition("x")
    if not (width.isdecimal() and height.isdecimal() and 0 < int(width) <= 16384 and 0 < int(height) <= 16384):
        raise argparse.ArgumentTypeError("a size is WIDTHxHEIGHT, as in 1600x1000")
    return int(width), int(height)
