"""Which engine runs and why, how far the queue is, and what lies under the cursor."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QPushButton, QSizePolicy, QWidget

from gui.frame.plain import plain_tip
from gui.panels.box import label
from gui.review import Review
from gui.second_reader.analysis_queue import QueueProgress
from imaging.release import Release

HEIGHT_PX = 32
BAR_PX = 140


class StatusBar(QWidget):
    """One quiet line. Its button answers at once: what runs is given up, what exists stays."""

    cancel_asked = Signal()
    resume_asked = Signal()

    def __init__(self, review: Review, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._review = review
        self._flavour = ""
        self._progress = QueueProgress()
        self._slow = ""
        self.setFixedHeight(HEIGHT_PX)
        self.setProperty("surface", "panel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.engine = label(tone="secondary")
        self.queue = label(tone="secondary")
        self.bar = QProgressBar()
        self.button = QPushButton("Cancel")
        self.message = _Elastic()
        self.cursor_text = label(tone="secondary")
        self._lay_out()
        self.button.clicked.connect(self._pressed)
        for changed in (review.model_changed, review.engine_changed, review.scan_changed, review.films_added):
            changed.connect(self._show)
        self._show()

    def _lay_out(self) -> None:
        self.bar.setFixedWidth(BAR_PX)
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName("Films analysed")
        self.button.setProperty("kind", "chip")
        self.engine.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Preferred)
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 0, 16, 0)
        row.setSpacing(16)
        for widget in (self.engine, self.queue, self.bar, self.button):
            row.addWidget(widget, 0, Qt.AlignmentFlag.AlignVCenter)
        row.addWidget(self.message, 1)
        row.addWidget(self.cursor_text)

    def show_release(self, release: Release) -> None:
        """'viewer flavour' in a frozen program; from source there is nothing to say."""
        self._flavour = "" if release.flavour == "source" else f"{release.flavour} flavour: "
        self._show()

    def show_queue(self, progress: QueueProgress) -> None:
        self._progress = progress
        self._show()

    def show_slow(self, words: str) -> None:
        """What takes long besides films and models; '' for nothing."""
        self._slow = words
        self._show()

    def show_cursor(self, text: str) -> None:
        self.cursor_text.setText(text)

    def show_message(self, text: str) -> None:
        """Something the reader should know; it stays until the next one."""
        self.message.setText(text)
        self.message.setToolTip(plain_tip(text))

    def _pressed(self) -> None:
        (self.cancel_asked if self._progress.active or self._review.scanning else self.resume_asked).emit()

    def _show(self, *_: object) -> None:
        review, progress = self._review, self._progress
        # Why there is none, the panels say; here it would only push the queue aside.
        waiting = review.model_message if review.model_reading else "No model"
        self.engine.setText(self._flavour + review.model.why if review.model is not None else waiting)
        busy = progress.active
        self.queue.setText(self._queue_words())
        self.queue.setVisible(bool(self.queue.text()))
        self.bar.setVisible(busy)
        self.bar.setRange(0, max(1, progress.total))
        self.bar.setValue(progress.done)
        self.button.setVisible(busy or review.scanning or progress.stopped)
        self.button.setText("Cancel" if busy or review.scanning else "Analyse" if progress.held else "Go on")

    def _queue_words(self) -> str:
        progress = self._progress
        if progress.active:
            return f"Analysing {min(progress.done + 1, progress.total):,} of {progress.total:,}"
        if self._slow:
            return self._slow
        if self._review.scanning:
            return f"Scanning… {len(self._review.entries):,} found"
        if progress.stopped:
            return "Not analysed yet" if progress.held else "Analysing was stopped"
        return ""


class _Elastic(QLabel):
    """A line that gives way rather than widening the window, and ends in an ellipsis where it is cut."""

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("tone", "secondary")
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)

    @property
    def shown(self) -> str:
        """What there is room for."""
        return self.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideRight, self.width())

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setPen(self.palette().color(self.foregroundRole()))
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, self.shown)
