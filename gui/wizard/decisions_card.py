"""The reader's own decisions in the viewer as labels to learn from."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QFileDialog, QHBoxLayout, QPushButton, QWidget

from gui.films.entries import label_name
from gui.panels.box import label
from gui.wizard.card import Card

if TYPE_CHECKING:
    from training.films.from_decisions import DecidedSet

IN_VIEW = "A model that learns from such decisions learns the habits of those scores too."


class DecisionsCard(Card):
    """What was decided so far, and the way to learn from it. It hides where nothing was decided."""

    asked = Signal(object, object)  # DecidedSet, Path of a folder or None for those that were opened last

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Or your own decisions in the viewer", parent)
        self._sets: tuple[DecidedSet, ...] = ()
        self.which = QComboBox()
        self.which.setAccessibleName("Which decisions")
        self.which.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self.words = label(tone="secondary", wrap=True)
        self.learn, self.elsewhere = QPushButton("Learn from them"), QPushButton("Look in another folder…")
        self.learn.setToolTip("Looks for the decided films in the folders that you opened last")
        line = QHBoxLayout()
        line.setSpacing(8)
        line.addWidget(self.words, 1)
        for widget in (self.which, self.learn, self.elsewhere):
            line.addWidget(widget, 0, Qt.AlignmentFlag.AlignVCenter)
        self.column.addLayout(line)
        self.which.activated.connect(lambda _: self._say())
        self.learn.clicked.connect(lambda: self._ask(None))
        self.elsewhere.clicked.connect(self._ask_for_folder)
        self.hide()

    def show_sets(self, sets: Sequence[DecidedSet]) -> None:
        """What could be learnt from; the one that is chosen stays chosen."""
        findings = self._chosen.findings if self._sets else ()
        self._sets = tuple(sets)
        self.which.clear()
        for decided in self._sets:
            self.which.addItem(_named(decided))
        chosen = next((place for place, decided in enumerate(self._sets) if decided.findings == findings), 0)
        self.which.setCurrentIndex(chosen if self._sets else -1)
        self.which.setVisible(len(self._sets) > 1)
        self.setVisible(bool(self._sets))
        if self._sets:
            self._say()

    def set_ready(self, *, ready: bool) -> None:
        for button in (self.learn, self.elsewhere):
            button.setEnabled(ready)

    @property
    def _chosen(self) -> DecidedSet:
        return self._sets[max(0, self.which.currentIndex())]

    def _say(self) -> None:
        decided = self._chosen
        films = f"{decided.films:,} {'film' if decided.films == 1 else 'films'}"
        kinds = f"{decided.ill:,} with {_named(decided)} and {decided.healthy:,} without"
        models = " and ".join(decided.models)
        self.words.setText(escape(f"You decided on {films}, {kinds}, with the scores of {models} in view. {IN_VIEW}"))

    def _ask(self, folder: Path | None) -> None:
        self.asked.emit(self._chosen, folder)

    def _ask_for_folder(self) -> None:
        name = QFileDialog.getExistingDirectory(self, "A folder with films that you decided on")
        if name:
            self._ask(Path(name))


def _named(decided: DecidedSet) -> str:
    return " or ".join(label_name(finding) for finding in decided.findings)
