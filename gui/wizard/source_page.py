"""Where films are chosen: a field to drop them on, two buttons, and how they have to lie."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QProgressBar, QPushButton, QVBoxLayout, QWidget

from gui.frame.labelled_field import LabelledField
from gui.frame.running_page import RunningPage
from gui.panels.box import label
from gui.wizard.decisions_card import DecisionsCard

HOW = (
    "A folder with one folder for each class (NORMAL, PNEUMONIA), inside train, val and test or not; or a CSV with the "
    "columns path and label, and patient and split where they are known. DICOM, PNG, JPEG or TIFF."
)
WHY = (
    "A model learns from films that are labelled already. They are read, checked for what misleads a network, and "
    "parted by patient before anything is learnt."
)


class SourcePage(QWidget):
    """Nothing is chosen yet, or it could not be read: then the field's message says why."""

    chosen = Signal(object)  # Path
    practice_asked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("surface", "background")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.practice = QPushButton("Practice films")
        self.practice.setToolTip("80 drawn films, half of them with opacities, to train a first model on")
        self.practice.clicked.connect(self.practice_asked)
        self.field = LabelledField(self.practice)
        self.field.chosen.connect(self.chosen)
        self.decisions = DecisionsCard()
        whole = QVBoxLayout(self)
        whole.setContentsMargins(24, 20, 24, 20)
        whole.setSpacing(16)
        whole.addWidget(label(WHY, tone="secondary", wrap=True))
        whole.addWidget(self.field, 1)
        whole.addWidget(self.decisions)
        self.show_state("", ready=False)

    def show_state(self, message: str, *, ready: bool) -> None:
        self.field.show_words(HOW, message, ready=ready)
        self.practice.setEnabled(ready)
        self.decisions.set_ready(ready=ready)


class ReadingPage(RunningPage):
    """How far reading and decoding are, and the way to stop them."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Films read", "Each film is decoded once; the next runs on these films begin at once.", parent)
        self.setProperty("surface", "background")  # as the pages before and behind it
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)

    def show_words(self, words: str) -> None:
        self.words.setText(words)
        show_share(self.bar, words)


def show_share(bar: QProgressBar, words: str) -> None:
    """Fill a bar by words that end in '12 of 345'; any others leave it busy."""
    numbers = [int(word.replace(",", "")) for word in words.split() if word.replace(",", "").isdigit()]
    done, total = numbers[-2:] if len(numbers) >= 2 else (0, 0)
    bar.setRange(0, total)
    bar.setValue(done)
