"""Whose film it is: by the file's own words, or by a pattern of its name, tried on names of this very folder."""

from __future__ import annotations

from html import escape

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QPushButton, QWidget

from gui.jobs import Jobs, Lane
from gui.panels.box import label, strong
from gui.wizard.card import Card

EXAMPLES, LINE_PX = 4, 17
LIVE_MS = 150
HIDDEN = "No examples: patient data are hidden."
ABOUT = (
    "Of the file names, where DICOM or the CSV do not say. The brackets hold the patient. With a / of the folders too."
)


class PatientCard(Card):
    """A pattern and what it makes of some names. Nothing is inspected anew before it is asked for."""

    pattern_chosen = Signal(str)

    def __init__(self, jobs: Jobs, parent: QWidget | None = None) -> None:
        super().__init__("Patients", parent)
        self._jobs = jobs
        self._names: tuple[tuple[str, str], ...] = ()
        self._taken = ""
        self._hidden = False
        self.pattern = QLineEdit()
        self.pattern.setPlaceholderText("for example ^([^_]+)_")
        self.pattern.setAccessibleName("Pattern for patients")
        self.pattern.setAccessibleDescription(ABOUT)
        self.apply = QPushButton("Use it")
        self.apply.setEnabled(False)
        self.examples = label(tone="secondary", wrap=True)
        self.examples.setMinimumHeight(EXAMPLES * LINE_PX)  # nothing jumps when they come
        self.examples.setAlignment(Qt.AlignmentFlag.AlignTop)
        line = QHBoxLayout()
        line.setSpacing(8)
        line.addWidget(self.pattern, 1)
        line.addWidget(self.apply)
        self.column.addWidget(label(ABOUT, tone="secondary", wrap=True))
        self.column.addLayout(line)
        self.column.addWidget(self.examples)
        self.column.addStretch(1)
        self._soon = QTimer(self, singleShot=True, interval=LIVE_MS)
        self._soon.timeout.connect(self._try)
        self.pattern.textChanged.connect(lambda _: self._soon.start())
        for chosen in (self.pattern.returnPressed, self.apply.clicked):
            chosen.connect(lambda *_: self._choose())

    def show_names(self, names: tuple[tuple[str, str], ...], pattern: str, patients: int) -> None:
        """The paths to try on, each with its patient by the pattern in force."""
        self._names, self._taken = names, pattern
        self.word.setText(f"{patients:,}")
        if self.pattern.text() != pattern and not self.pattern.hasFocus():
            self.pattern.setText(pattern)
        self._try()

    def hide_names(self, *, hidden: bool) -> None:
        """Whether the examples, which are file names, are kept off the page."""
        self._hidden = hidden
        self._try()

    def _choose(self) -> None:
        if self.apply.isEnabled():
            self.pattern_chosen.emit(self.pattern.text())

    def _try(self) -> None:
        pattern, names, taken = self.pattern.text(), self._names, self._taken
        if names:
            self._jobs.submit(
                Lane.IO,
                lambda token, progress: tried(pattern, names, is_taken=pattern == taken),
                done=lambda found: self._show(pattern, found),
                failed=lambda error: self._show(pattern, error.message),
            )

    def _show(self, pattern: str, found: list[tuple[str, str]] | str) -> None:
        if pattern != self.pattern.text():
            return
        if isinstance(found, str):
            self.examples.setText(escape(found))
        elif self._hidden:
            self.examples.setText(HIDDEN)
        else:
            lines = (f"{escape(name)} → {strong(escape(patient))}" for name, patient in found)
            self.examples.setText("<br>".join(lines))
        self.apply.setEnabled(not isinstance(found, str) and pattern != self._taken)


# On a worker's thread.


def tried(pattern: str, names: tuple[tuple[str, str], ...], *, is_taken: bool) -> list[tuple[str, str]]:
    """What a pattern makes of a few names that differ most from each other; of one that is in force, what it has made
    of them together with all else that tells patients. Raises DataError.
    """
    from training.films.patients import PATIENT_PATTERNS, checked_pattern, patient_of

    patterns = (checked_pattern(pattern),) if pattern else PATIENT_PATTERNS
    step = max(1, len(names) // EXAMPLES)
    by_folder = "/" in pattern
    return [
        (path if by_folder else path.rpartition("/")[2], patient if is_taken else patient_of(path, patterns))
        for path, patient in names[::step][:EXAMPLES]
    ]
