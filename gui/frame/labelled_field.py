"""Where labelled films are dropped or chosen: a dashed field that says how they have to lie."""

from __future__ import annotations

from html import escape
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from gui.frame.icons import pixmap
from gui.panels.box import label
from gui.theme import PALETTE, font

ICON_PX, WORDS_PX = 40, 760


class LabelledField(QWidget):
    """`more` is a button beside those for a folder and a CSV. The window that it stands in takes the drops."""

    chosen = Signal(object)  # Path

    def __init__(self, more: QPushButton, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._held = False
        self._picture = QLabel()
        self._picture.setFixedHeight(ICON_PX)
        self.how, self.message = label(tone="secondary", wrap=True), label(tone="red", wrap=True)
        self.folder, self.csv = QPushButton("Choose a folder…"), QPushButton("Choose a CSV file…")
        self.folder.setProperty("kind", "primary")
        self.folder.clicked.connect(self._ask_for_folder)
        self.csv.clicked.connect(self._ask_for_csv)
        self._lay_out(more)

    def _lay_out(self, more: QPushButton) -> None:
        title = label("Drop labelled films here", tone="strong")
        title.setFont(font("title"))
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        buttons.addStretch(1)
        for button in (self.folder, self.csv, more):
            buttons.addWidget(button)
        buttons.addStretch(1)
        inside = QVBoxLayout(self)
        inside.setContentsMargins(48, 24, 48, 24)
        inside.setSpacing(10)
        inside.addStretch(1)
        for text in (self._picture, title, self.how, self.message):
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

    def show_words(self, how: str, message: str, *, ready: bool) -> None:
        """How films have to lie, and why the last ones would not do; '' for nothing to say."""
        self.how.setText(escape(how))
        self.message.setText(escape(message))  # it may quote a file
        self.message.setVisible(bool(message))
        for button in (self.folder, self.csv):
            button.setEnabled(ready)

    def set_held(self, held: bool) -> None:
        """Something that can be dropped is held over the window."""
        self._held = held
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._picture.pixmap().isNull():
            self._picture.setPixmap(pixmap("drop", PALETTE.accent, ICON_PX, self.devicePixelRatioF()))
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        pen = QPen(QColor(PALETTE.accent if self._held else PALETTE.outline), 1.4)
        pen.setStyle(Qt.PenStyle.SolidLine if self._held else Qt.PenStyle.DashLine)
        painter.setPen(pen)
        painter.setBrush(QColor(PALETTE.background))
        painter.drawRoundedRect(self.rect().adjusted(1, 1, -1, -1), 6, 6)

    def _ask_for_folder(self) -> None:
        name = QFileDialog.getExistingDirectory(self, "A folder of labelled films")
        if name:
            self.chosen.emit(Path(name))

    def _ask_for_csv(self) -> None:
        name, _ = QFileDialog.getOpenFileName(self, "A CSV file of labelled films", filter="CSV (*.csv *.txt *.tsv)")
        if name:
            self.chosen.emit(Path(name))
