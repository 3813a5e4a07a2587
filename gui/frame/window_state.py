"""How the window was left: its place, and which parts of it are closed. Read before the window first shows, so that it
opens where it was and nothing jumps.
"""

from __future__ import annotations

import base64
import binascii
import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from PySide6.QtCore import QByteArray, QEvent, QObject, Qt
from PySide6.QtGui import QAction

from gui.controller import Controller
from gui.frame.panel_table import PANELS
from gui.main_window import MainWindow
from imaging.atomic import keep_a_copy, replace_file
from imaging.errors import NegatoscopeError
from imaging.paths import user_data_dir

FILE_NAME = "window.json"
SCHEMA = 1
PARTS = (
    *(row.action for row in PANELS),
    "show_list",
    "show_status",
)  # the actions that open and close a part of the window
PATIENCE_S = 0.25  # a disk that is slower shows the window as it is for the first time


@dataclass(frozen=True, slots=True)
class WindowState:
    """`geometry` is Qt's own bytes, which it checks itself; `closed` names actions of `PARTS`."""

    geometry: bytes = b""
    closed: tuple[str, ...] = ()


def load_state(path: Path | None = None) -> WindowState:
    """What was kept; the usual state where there is nothing, or nothing that can be used."""
    try:
        read = json.loads((path or user_data_dir() / FILE_NAME).read_text(encoding="utf-8"))
        geometry = base64.b64decode(str(read["geometry"]), validate=True)
        closed = tuple(name for name in PARTS if name in read["closed"])
    except (OSError, ValueError, binascii.Error, KeyError, TypeError):
        return WindowState()
    return WindowState(geometry, closed)


def save_state(state: WindowState, path: Path | None = None) -> None:
    """Write the state in one step; of a file of another schema a copy is kept. Raises NegatoscopeError."""
    geometry = base64.b64encode(state.geometry).decode("ascii")
    kept = {"schema": SCHEMA, "geometry": geometry, "closed": list(state.closed)}
    try:
        path = path or user_data_dir() / FILE_NAME
        number = _schema_of(path)
        if number != SCHEMA:
            keep_a_copy(path, number)
        replace_file(path, json.dumps(kept, indent=2) + "\n")
    except OSError as error:
        raise NegatoscopeError("The window's place could not be kept.", detail=type(error).__name__) from error


def _schema_of(path: Path) -> object:
    """The number that a kept state bears, 0 for one from before there were any; the present one where none is kept."""
    try:
        read = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return SCHEMA
    return read.get("schema", 0) if isinstance(read, dict) else SCHEMA


class StateReader:
    """Reads the state on a thread of its own while the window is being made."""

    def __init__(self) -> None:
        self._state = WindowState()
        self._thread = threading.Thread(target=self._read, name="window-state", daemon=True)
        self._thread.start()

    def _read(self) -> None:
        self._state = load_state()

    def state(self) -> WindowState:
        """What was read so far; it is waited for, but not long."""
        self._thread.join(PATIENCE_S)
        return self._state


class WindowKeeper(QObject):
    """Puts the window where it was, and hands its state over when it closes."""

    def __init__(self, window: MainWindow, controller: Controller, state: WindowState) -> None:
        super().__init__(window)
        self._window = window
        self._controller = controller
        if state.geometry:
            window.restoreGeometry(QByteArray(state.geometry))
            # A window that was left in full screen comes back with its frame: its first sight explains itself.
            window.setWindowState(window.windowState() & ~Qt.WindowState.WindowFullScreen)
        show_parts(window.actions_by_name, state.closed)
        window.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self._window and event.type() == QEvent.Type.Close:
            geometry = bytes(self._window.saveGeometry().data())
            closed = tuple(name for name in PARTS if not self._window.actions_by_name[name].isChecked())
            self._controller.store_on_closing(partial(save_state, WindowState(geometry, closed)))
        return super().eventFilter(watched, event)


def show_parts(actions: Mapping[str, QAction], closed: tuple[str, ...]) -> None:
    """Close these parts of the window and open the others."""
    for name in PARTS:
        actions[name].setChecked(name not in closed)
