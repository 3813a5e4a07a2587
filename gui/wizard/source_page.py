"""Where films are chosen: a field to drop them on, two buttons, and how they have to lie."""

from __future__ import annotations

from html import escape
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QPaintEvent
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QLabel, QProgressBar, QPushButton, QVBoxLayout, QWidget

from gui.dialogs.check_model import DropField, RunningPage
from gui.icons import pixmap
from gui.panels.box import label
from gui.theme import PALETTE, font
from gui.wizard.decisions_card import DecisionsCard

ICON_PX, WORDS_PX = 40, 760
HOW = (
    "A folder with one folder for each class (NORMAL, PNEUMONIA), inside train, val and test or not; or a CSV with the "
    "columns path and label, and patient and split where they are known. DICOM, PNG, JPEG or TIFF."
)
WHY = (
    "A model learns from films that are labelled already. They are read, checked for what misleads a network, and "
    "parted by patient before anything is learnt."
)


class SourcePage(QWidget):
    """Nothing is chosen yet, or it could not be read: then `message` says why."""

    chosen = Signal(object)  # Path
    practice_asked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.field = DropField()
        self.practice = QPushButton("Practice films")
        self.practice.setToolTip("80 drawn films, half of them with opacities, to train a first model on")
        self.practice.clicked.connect(self.practice_asked)
        self.message = label(tone="red", wrap=True)
        self.folder, self.csv = QPushButton("Choose a folder…"), QPushButton("Choose a CSV file…")
        self.folder.setProperty("kind", "primary")
        self.folder.clicked.connect(self._ask_for_folder)
        self.csv.clicked.connect(self._ask_for_csv)
        self.decisions = DecisionsCard()
        self._picture = QLabel()
        self._picture.setFixedHeight(ICON_PX)
        self._lay_out()
        self.show_state("", ready=False)

    def _lay_out(self) -> None:
        self.setProperty("surface", "background")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        title = label("Drop labelled films here", tone="strong")
        title.setFont(font("title"))
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        buttons.addStretch(1)
        for button in (self.folder, self.csv, self.practice):
            buttons.addWidget(button)
        buttons.addStretch(1)
        inside = QVBoxLayout(self.field)
        inside.setContentsMargins(48, 24, 48, 24)
        inside.setSpacing(10)
        inside.addStretch(1)
        for text in (self._picture, title, label(HOW, tone="secondary", wrap=True), self.message):
            text.setAlignment(Qt.AlignmentFlag.AlignHCenter)
            text.setMaximumWidth(WORDS_PX)  # no wider than one reads with ease
            line = QHBoxLayout()
            line.addStretch(1)
            line.addWidget(text, 100)
            line.addStretch(1)
            inside.addLayout(line)
        inside.addSpacing(8)
        inside.addLayout(buttons)
        inside.addStretch(1)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(24, 20, 24, 20)
        whole.setSpacing(16)
        whole.addWidget(label(WHY, tone="secondary", wrap=True))
        whole.addWidget(self.field, 1)
        whole.addWidget(self.decisions)

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._picture.pixmap().isNull():
            self._picture.setPixmap(pixmap("drop", PALETTE.accent, ICON_PX, self.devicePixelRatioF()))
        super().paintEvent(event)

    def show_state(self, message: str, *, ready: bool) -> None:
        self.message.setText(escape(message))  # it may quote a file
        self.message.setVisible(bool(message))
        for button in (self.folder, self.csv, self.practice):
            button.setEnabled(ready)
        self.decisions.set_ready(ready=ready)

    def _ask_for_folder(self) -> None:
        name = QFileDialog.getExistingDirectory(self, "A folder of labelled films")
        if name:
            self.chosen.emit(Path(name))

    def _ask_for_csv(self) -> None:
        name, _ = QFileDialog.getOpenFileName(self, "A CSV file of labelled films", filter="CSV (*.csv *.txt *.tsv)")
        if name:
            self.chosen.emit(Path(name))


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
