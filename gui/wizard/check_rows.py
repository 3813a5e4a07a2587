"""What was looked at, one row each: how bad it is in a word and a shape, the sentence, its films and a way out."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from gui.films.thumbnails import to_qimage
from gui.frame.icons import pixmap
from gui.panels.box import label, rule
from gui.panels.tiles import Tile, TileRow
from gui.theme import PALETTE, font
from gui.wizard.left_out_card import LeftOutList

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from training.checks.inspection import Check

ICON_PX = 16
SHOWN, TILE_PX = 10, 92  # films of a check, and the most that one takes across
LOOKS = {  # level: icon, colour, word
    "red": ("cross", PALETTE.red, "To mend"),
    "amber": ("warning", PALETTE.amber, "Look"),
    "green": ("check", PALETTE.green, "Fine"),
}


class CheckRow(QWidget):
    """One check."""

    films_asked = Signal()
    fix_asked = Signal()

    def __init__(self, check: Check, *, hide_names: bool = False, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.check = check
        name, colour, word = LOOKS[check.level.value]
        self.level = label(word, tone=check.level.value)
        self.level.setFixedWidth(56)
        self.sentence = label(escape(check.sentence), wrap=True)
        self._things = "files" if check.lost else "films"
        self.films = QPushButton(f"Show {self._things}")
        self.films.setCheckable(True)
        self.fix = QPushButton("Fix for me")
        for button, about in ((self.films, f"Show {self._things} of"), (self.fix, "Fix")):
            button.setProperty("kind", "chip")
            button.setAccessibleName(f"{about}: {check.name}")
        self.films.setVisible(bool(check.films or check.lost))
        self.fix.setVisible(check.fix is not None)
        if check.fix is not None:
            self.fix.setToolTip(check.fix.words)
            self.fix.setAccessibleDescription(check.fix.words)
        self.films.clicked.connect(self.films_asked)
        self.fix.clicked.connect(self.fix_asked)
        shown = min(len(check.films), SHOWN)
        self.row = TileRow(shown)
        self.row.setMaximumWidth(max(1, shown) * TILE_PX)
        self.lost = LeftOutList()
        self.lost.show_films(check.lost, hide_names=hide_names)
        self.row.hide()
        self.lost.hide()
        picture = QLabel()
        picture.setPixmap(pixmap(name, colour, ICON_PX, self.devicePixelRatioF()))
        self.setAccessibleName(f"{check.name}: {word}. {check.sentence}")
        self._lay_out(picture)

    def _lay_out(self, picture: QLabel) -> None:
        title = label(self.check.name, tone="strong", wrap=True)
        title.setFont(font("strong"))
        title.setFixedWidth(148)
        line = QHBoxLayout()
        line.setSpacing(8)
        for widget in (picture, self.level, title):
            line.addWidget(widget, 0, Qt.AlignmentFlag.AlignVCenter)
        line.addWidget(self.sentence, 1)
        for button in (self.films, self.fix):
            line.addWidget(button, 0, Qt.AlignmentFlag.AlignVCenter)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 4, 0, 4)
        whole.setSpacing(8)
        whole.addLayout(line)
        whole.addWidget(self.row)
        whole.addWidget(self.lost)

    def show_films(self, shown: bool) -> None:
        self.films.setChecked(shown)
        self.films.setText(f"{'Hide' if shown else 'Show'} {self._things}")
        self.row.setVisible(shown and bool(self.check.films))
        self.lost.setVisible(shown and bool(self.check.lost))

    def show_tiles(self, tiles: list[Tile]) -> None:
        self.row.show_tiles(tiles)


class CheckRows(QWidget):
    """All checks; the films of one of them at a time."""

    films_asked = Signal(object)  # Check
    fix_asked = Signal(object)  # Check
    film_picked = Signal(str)  # key
    lost_picked = Signal(object)  # list[ImageRef]

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.rows: list[CheckRow] = []
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(2)

    def show_checks(self, checks: tuple[Check, ...], *, hide_names: bool = False) -> None:
        while (item := self._column.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        self.rows = [CheckRow(check, hide_names=hide_names) for check in checks]
        for number, row in enumerate(self.rows):
            if number:
                self._column.addWidget(rule())
            self._column.addWidget(row)
            row.films_asked.connect(lambda row=row: self._show_films(row))
            row.fix_asked.connect(lambda row=row: self.fix_asked.emit(row.check))
            row.row.picked.connect(self.film_picked)
            row.lost.films_asked.connect(self.lost_picked)

    def set_busy(self, busy: bool) -> None:
        """While films are inspected again, nothing else is asked for."""
        for row in self.rows:
            row.fix.setEnabled(not busy)

    def _show_films(self, chosen: CheckRow) -> None:
        for row in self.rows:
            row.show_films(row is chosen and chosen.films.isChecked())
        if chosen.films.isChecked() and chosen.check.films:
            self.films_asked.emit(chosen.check)

    def show_pictures(
        self, check: Check, words: list[tuple[str, str, str]], pictures: list[npt.NDArray[np.uint8]]
    ) -> None:
        """Pictures of a check's films, with (label, file name, key) of each."""
        tiles = [
            Tile(said, name, f"{said}: {name}", to_qimage(picture), key)
            for (said, name, key), picture in zip(words, pictures, strict=True)
        ]
        for row in self.rows:
            if row.check is check:
                row.show_tiles(tiles)
