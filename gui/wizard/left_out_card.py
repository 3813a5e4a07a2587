"""The films that a run did without, each with its reason."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Signal
from PySide6.QtWidgets import QListWidget, QListWidgetItem, QWidget

from gui.wizard.framed import Framed
from imaging.study import ImageRef

if TYPE_CHECKING:
    from training.left_out import LeftOut

ROW_PX, MOST_LISTED, MOST_ROWS = 26, 200, 8


class LeftOutCard(Framed):
    """It hides where no film was left out."""

    films_asked = Signal(object)  # list[ImageRef]

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Films left out", parent)
        self._films: tuple[LeftOut, ...] = ()
        self.films = QListWidget()
        self.films.setAccessibleName("Films left out")
        self.films.setFrameShape(QListWidget.Shape.NoFrame)
        self.column.addWidget(self.films)
        self.films.itemClicked.connect(self._open)
        self.films.itemActivated.connect(self._open)
        self.hide()

    def show_films(self, films: Sequence[LeftOut], *, hide_names: bool) -> None:
        self._films = tuple(films)
        self.films.clear()
        for place, film in enumerate(self._films[:MOST_LISTED]):
            name = f"Film {place + 1}" if hide_names else Path(film.path).name
            item = QListWidgetItem(f"{name}   {film.reason}")
            item.setSizeHint(QSize(0, ROW_PX))
            item.setToolTip(film.reason)
            self.films.addItem(item)
        self.films.setFixedHeight(ROW_PX * min(max(1, self.films.count()), MOST_ROWS) + 4)
        self.say(f"{len(films):,}" if films else "")
        self.setVisible(bool(films))

    def _open(self, item: QListWidgetItem) -> None:
        film = self._films[self.films.row(item)]
        self.films_asked.emit([ImageRef(Path(film.path), film.frame)])
