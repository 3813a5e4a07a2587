"""The head of the Run page, where a run stands and what may be done with it, and its numbers."""

from __future__ import annotations

from html import escape

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QProgressBar, QPushButton, QVBoxLayout, QWidget

from gui.panels.box import label, set_tone
from gui.panels.wording import LINKS, link
from gui.theme import font
from gui.wizard.framed import Framed
from gui.wizard.run_states import RunWords, State
from gui.wizard.run_work import Seen

SCALE = 1000  # of the progress bar


class RunHead(Framed):
    """Where the run stands, how far it is, and the buttons."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("", parent)
        self.setAccessibleName("The run")
        self.title = label("Reading the run", tone="strong")
        self.title.setFont(font("title"))
        self.sentence = label(tone="secondary", wrap=True)
        self.trouble = label(tone="red", wrap=True)
        self.trouble.hide()
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName("How far the run is")
        self.pause, self.keep = QPushButton("Pause"), QPushButton("Stop and keep the best")
        self.cancel, self.result = QPushButton("Cancel"), QPushButton("Show the result")
        self.cancel.setProperty("kind", "danger")
        self.cancel.setToolTip("Ends the run at once. Its last checkpoint stays, and it can go on later.")
        self.keep.setToolTip("Ends the learning now and makes the model of the best epoch so far")
        self.result.setProperty("kind", "primary")
        for button in (self.pause, self.keep, self.cancel, self.result):
            button.setVisible(False)
        text = QVBoxLayout()
        text.setSpacing(4)
        for widget in (self.title, self.sentence, self.trouble):
            text.addWidget(widget)
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addLayout(text, 1)
        for button in (self.pause, self.keep, self.cancel, self.result):
            row.addWidget(button, 0, Qt.AlignmentFlag.AlignTop)
        self.column.addLayout(row)
        self.column.addWidget(self.bar)

    def show_words(self, words: RunWords, *, has_best: bool, is_heard: bool) -> None:
        """`is_heard`: somebody will read what is asked for now."""
        state = words.state
        self.title.setText(words.title)
        set_tone(self.title, words.tone or "strong")
        self.sentence.setText(escape(words.sentence))
        self.sentence.show()
        self.bar.setRange(0, SCALE if words.share is not None or not words.busy else 0)
        self.bar.setValue(round(SCALE * (words.share or 0.0)))
        self.pause.setText("Go on" if state.is_resumable or state is State.PAUSED else "Pause")
        self.pause.setProperty("kind", "primary" if state.is_resumable or state is State.PAUSED else "")
        self.pause.style().unpolish(self.pause)
        self.pause.style().polish(self.pause)
        self.pause.setVisible(state.is_resumable or state in (State.LEARNING, State.PAUSED))
        self.keep.setVisible(state in (State.LEARNING, State.PAUSED))
        self.cancel.setVisible(is_heard and state.is_worked_on and state is not State.CANCELLING)
        self.result.setVisible(state is State.FINISHED)
        for button in (self.pause, self.cancel):
            button.setEnabled(True)
        self.keep.setEnabled(has_best)

    def show_trouble(self, sentence: str) -> None:
        self.trouble.setText(escape(sentence))
        self.trouble.setVisible(bool(sentence))

    def freeze(self) -> None:
        """Until what was asked for has been written."""
        for button in (self.pause, self.keep, self.cancel):
            button.setEnabled(False)


class Facts(Framed):
    """Numbers of films, the machine's share, the best epoch. The number of films left out leads to their reasons."""

    left_out_asked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("This run", parent)
        grid = QGridLayout()
        grid.setHorizontalSpacing(16)
        grid.setVerticalSpacing(4)
        self.rows = {}
        for row, name in enumerate(("Training films", "Validation films", "Left out", "Best epoch", "Runs on")):
            value = label("–", tone="strong")
            grid.addWidget(label(name, tone="secondary"), row, 0)
            grid.addWidget(value, row, 1, Qt.AlignmentFlag.AlignRight)
            self.rows[name] = value
        grid.setColumnStretch(0, 1)
        reasons = self.rows["Left out"]
        reasons.setTextInteractionFlags(LINKS)
        reasons.setAccessibleName("Films left out")
        reasons.linkActivated.connect(lambda _: self.left_out_asked.emit())
        self.column.addLayout(grid)
        self.column.addStretch(1)

    def sizeHint(self) -> QSize:
        return QSize(260, 180)

    def show_run(self, seen: Seen) -> None:
        story, pick = seen.story, seen.plan.choice.pick
        if story.training:
            self.rows["Training films"].setText(f"{story.training:,}")
            self.rows["Validation films"].setText(f"{story.validation:,}")
            count = f"{story.left_out:,}" if story.left_out else "none"
            self.rows["Left out"].setText(f"{count}, {link('why')}" if seen.left_out else count)
            threads = f"{story.threads} thread{'s' if story.threads != 1 else ''}"
            self.rows["Runs on"].setText("GPU" if story.device == "cuda" else f"CPU, {threads}")
        else:
            for value in self.rows.values():
                value.setText("–")
        best = story.best
        key = "validation_loss" if pick == "loss" else pick
        worth = best.measures.get("worst", best.measures.get(key)) if best is not None else None
        if best is not None:
            self.rows["Best epoch"].setText(f"{best.epoch + 1}" + (f", {worth:.3f}" if worth is not None else ""))
        else:
            self.rows["Best epoch"].setText("–")
