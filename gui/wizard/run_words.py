"""The run in words: the last thing that its folder tells."""

from __future__ import annotations

from html import escape
from pathlib import Path

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from gui.jobs import Lane
from gui.panels.box import label
from gui.theme import font
from gui.training import Training

LOOK_MS = 500


class RunWords(QWidget):
    """Reads the events of a run now and then, on a worker."""

    changed = Signal()

    def __init__(self, training: Training, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._training = training
        self.run: Path | None = None
        self.words = ""
        self.text = label(tone="strong", wrap=True)
        self.text.setFont(font("strong"))
        self.place = label(tone="secondary", wrap=True)
        self._timer = QTimer(self, interval=LOOK_MS)
        self._timer.timeout.connect(self._look)
        whole = QVBoxLayout(self)
        whole.setSpacing(12)
        whole.addStretch(1)
        for text in (self.text, self.place):
            text.setAlignment(Qt.AlignmentFlag.AlignHCenter)
            whole.addWidget(text)
        whole.addStretch(1)

    def show_run(self, run: Path) -> None:
        self.run = run
        self._show(("The run begins", False))
        self.place.setText(escape(f"Its folder is called {run.name}."))
        self._timer.start()

    def rest(self) -> None:
        """Look no more: the run goes on by itself."""
        self._timer.stop()

    def _look(self) -> None:
        run = self.run
        if run is not None:
            self._training.jobs.submit(Lane.IO, lambda token, progress: last_words(run), done=self._show)

    def _show(self, told: tuple[str, bool]) -> None:
        words, ended = told
        if ended:
            self._timer.stop()
        if words and words != self.words:
            self.words = words
            self.text.setText(escape(words))
            self.changed.emit()


# On a worker's thread.


def last_words(run: Path) -> tuple[str, bool]:
    """The last event of a run in words ('' for none), and whether it was the last of all."""
    from training import events
    from training.run_dir import RunDir

    for event in reversed(RunDir(run).events()[0]):
        match event:
            case events.Told(_, words):
                return words, False
            case events.Step():
                return f"Learning: epoch {event.epoch + 1}, loss {event.loss:.3f}", False
            case events.Failed():
                return event.why, True
            case events.Stopped():
                return "Stopped. What was learnt so far is kept.", True
            case events.Finished():
                return "Finished: the model is among the installed ones.", True
    return "", False
