"""The line icons of `resources/icons`, tinted by the palette.

Each file is a 24 x 24 drawing in `currentColor`, 1.7 px lines. `resources/icons/fixed` holds the few that the
stylesheet refers to by path and that therefore carry their colour.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from PySide6.QtCore import QByteArray, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QIcon, QIconEngine, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

from gui.theme import PALETTE
from imaging.paths import resource_path

OF_THE_PROGRAM = "app"


def icon_names() -> tuple[str, ...]:
    """Every icon that takes a colour, in alphabetical order; the program's own has its colours."""
    return tuple(sorted(path.stem for path in resource_path("icons").glob("*.svg") if path.stem != OF_THE_PROGRAM))


@cache
def icon(name: str, colour: str = PALETTE.text, checked: str = PALETTE.strong) -> QIcon:
    """The icon for buttons and actions; `checked` tints its 'on' state.

    Raises FileNotFoundError where there is no such icon.
    """
    if not _file(name).is_file():
        raise FileNotFoundError(f"there is no icon {name!r}")
    return QIcon(_LineIcon(name, colour, checked))


class _LineIcon(QIconEngine):
    """Draws what is asked for when it is asked for: a menu's icons cost nothing before the menu opens."""

    def __init__(self, name: str, colour: str, checked: str) -> None:
        super().__init__()
        self._name, self._colour, self._checked = name, colour, checked

    def clone(self) -> QIconEngine:
        return _LineIcon(self._name, self._colour, self._checked)

    def scaledPixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State, scale: float) -> QPixmap:
        return pixmap(self._name, self._tint(mode, state), min(size.width(), size.height()), scale)

    def pixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State) -> QPixmap:
        return self.scaledPixmap(size, mode, state, 1.0)

    def paint(self, painter: QPainter, rect: QRect, mode: QIcon.Mode, state: QIcon.State) -> None:
        ratio = painter.device().devicePixelRatioF()
        painter.drawPixmap(rect, self.scaledPixmap(rect.size(), mode, state, ratio))

    def _tint(self, mode: QIcon.Mode, state: QIcon.State) -> str:
        if mode is QIcon.Mode.Disabled:
            return PALETTE.disabled
        return self._checked if state is QIcon.State.On else self._colour


@cache
def pixmap(name: str, colour: str = PALETTE.text, size_px: int = 16, ratio: float = 1.0) -> QPixmap:
    """The icon as a picture of `size_px` logical pixels, for painters and labels. `ratio` is device pixels a pixel."""
    drawing = _file(name).read_bytes().replace(b"currentColor", colour.encode("ascii"))
    side = round(size_px * ratio)
    made = QPixmap(side, side)
    made.fill(Qt.GlobalColor.transparent)
    painter = QPainter(made)
    QSvgRenderer(QByteArray(drawing)).render(painter, QRectF(0, 0, side, side))
    painter.end()
    made.setDevicePixelRatio(ratio)
    return made


def _file(name: str) -> Path:
    return resource_path("icons", f"{name}.svg")
