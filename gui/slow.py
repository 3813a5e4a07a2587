"""What has been going on for half a second and more, in words, for the line at the foot of the window."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal

if TYPE_CHECKING:
    from gui.jobs import JobHandle

SLOW_S = 0.5  # what is quicker would only flicker
LOOK_MS = 100


class Slow(QObject):
    """Told of each job that somebody waits for; looks at the clock while there are any. The oldest is the one told."""

    changed = Signal(str)  # '' once nothing is slow any more

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._begun: dict[JobHandle, tuple[float, str]] = {}
        self._words = ""
        self._clock = QTimer(self, interval=LOOK_MS)
        self._clock.timeout.connect(self._look)

    def began(self, handle: JobHandle, words: str) -> None:
        """`words` say what is being done: 'Reading the settings…'."""
        self._begun[handle] = (time.monotonic(), words)
        if not self._clock.isActive():
            self._clock.start()

    def ended(self, handle: JobHandle) -> None:
        if self._begun.pop(handle, None) is not None and not self._begun:
            self._look()

    def stop(self) -> None:
        """The window closes."""
        self._clock.stop()
        self._begun.clear()

    def _look(self) -> None:
        self._begun = {handle: begun for handle, begun in self._begun.items() if not handle.cancelled}
        if not self._begun:
            self._clock.stop()
        since = time.monotonic() - SLOW_S
        words = next((words for began, words in self._begun.values() if began < since), "")
        if words != self._words:
            self._words = words
            self.changed.emit(words)
