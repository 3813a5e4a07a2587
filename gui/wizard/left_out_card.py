"""Films that a run does without, each with its reason; a click opens one in the viewer."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QHeaderView, QTreeWidget, QTreeWidgetItem, QWidget

from gui.frame.plain import one_line, plain_tip
from gui.wizard.framed import Framed
from imaging.study import ImageRef

if TYPE_CHECKING:
    from training.films.left_out import LeftOut

ROW_PX, MOST_LISTED, MOST_ROWS = 26, 200, 8
NAME_PX = 240


class LeftOutList(QTreeWidget):
    """The first of them: the name, and why. As high as its rows, then it scrolls."""

    films_asked = Signal(object)  # list[ImageRef]

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._films: tuple[LeftOut, ...] = ()
        self.setAccessibleName("Films left out")
        self.setFrameShape(QTreeWidget.Shape.NoFrame)
        self.setColumnCount(2)
        self.setHeaderHidden(True)
        self.setRootIsDecorated(False)
        self.setUniformRowHeights(True)
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.header().setSectionResizeMode(0, QHeaderView.ResizeMode.Fixed)
        self.header().setStretchLastSection(True)
        self.header().resizeSection(0, NAME_PX)
        self.itemClicked.connect(self._open)
        self.itemActivated.connect(self._open)

    def show_films(self, films: Sequence[LeftOut], *, hide_names: bool = False) -> None:
        self._films = tuple(films[:MOST_LISTED])
        self.clear()
        for place, film in enumerate(self._films):
            name = f"Film {place + 1}" if hide_names else one_line(Path(film.path).name)
            item = QTreeWidgetItem([name, film.reason])
            for column, text in enumerate((name, film.reason)):
                item.setSizeHint(column, QSize(0, ROW_PX))
                item.setToolTip(column, plain_tip(text))
            self.addTopLevelItem(item)
        self.setFixedHeight(ROW_PX * min(max(1, len(self._films)), MOST_ROWS) + 4)

    def _open(self, item: QTreeWidgetItem) -> None:
        film = self._films[self.indexOfTopLevelItem(item)]
        self.films_asked.emit([ImageRef(Path(film.path), film.frame)])


class LeftOutCard(Framed):
    """It hides where no film was left out."""

    films_asked = Signal(object)  # list[ImageRef]

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Films left out", parent)
        self.films = LeftOutList()
        self.column.addWidget(self.films)
        self.films.films_asked.connect(self.films_asked)
        self.hide()

    def show_films(self, films: Sequence[LeftOut], *, hide_names: bool) -> None:
        self.films.show_films(films, hide_names=hide_names)
        first = f", the first {MOST_LISTED} of them" if len(films) > MOST_LISTED else ""
        self.say(f"{len(films):,}{first}" if films else "")
        self.setVisible(bool(films))
