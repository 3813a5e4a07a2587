"""Ctrl-C in the terminal, and the system's wish to end: the window closes as by its button, and all is stored."""

from __future__ import annotations

import signal
import socket

from PySide6.QtCore import QObject, QSocketNotifier, Slot
from PySide6.QtWidgets import QApplication


class TerminalSignals(QObject):
    """Closes all windows on SIGINT and SIGTERM, from Qt's own loop.

    Python's handlers run wherever Python happens to be, in the middle of a paint too, and not at all while the window
    is idle. Therefore they do nothing here: the interpreter writes each signal to a socket, which Qt watches.
    """

    def __init__(self, app: QApplication) -> None:
        super().__init__(app)
        self._reader, self._writer = socket.socketpair()
        self._reader.setblocking(False)
        self._writer.setblocking(False)
        signal.set_wakeup_fd(self._writer.fileno())
        self._watch = QSocketNotifier(self._reader.fileno(), QSocketNotifier.Type.Read, self)
        self._watch.activated.connect(self._asked)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda _number, _frame: None)

    @Slot()
    def _asked(self) -> None:
        self._reader.recv(64)
        QApplication.closeAllWindows()
