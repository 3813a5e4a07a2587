"""The line icons of `resources/icons`, tinted by the palette.

Each file is a 24 x 24 drawing in `currentColor`, 1.7 px lines. `resources/icons/fixed` holds the few that the
stylesheet refers to by path and that therefore carry their colour.
"""

from __future__ import annotations

from functools import cache

from PySide6.QtCore import QByteArray, QRectF, Qt
from PySide6.QtGui import QGuiApplication, QIcon, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

from gui.theme import PALETTE
from imaging.paths import resource_path

SIZES_PX = (16, 20)


def icon_names() -> tuple[str, ...]:
    """Every icon there is, in alphabetical order."""
    return tuple(sorted(path.stem for path in resource_path("icons").glob("*.svg")))


@cache
def icon(name: str, colour: str = PALETTE.text, checked: str = PALETTE.strong) -> QIcon:
    """The icon for buttons and actions, drawn for the sharpest screen at hand; `checked` tints its 'on' state.

    Raises FileNotFoundError where there is no such icon. Needs a QGuiApplication.
    """
    made = QIcon()
    ratio = max((screen.devicePixelRatio() for screen in QGuiApplication.screens()), default=1.0)
    states = (
        (colour, QIcon.Mode.Normal, QIcon.State.Off),
        (checked, QIcon.Mode.Normal, QIcon.State.On),
        (PALETTE.disabled, QIcon.Mode.Disabled, QIcon.State.Off),
    )
    for tint, mode, state in states:
        for size_px in SIZES_PX:
            made.addPixmap(pixmap(name, tint, size_px, ratio), mode, state)
    return made


@cache
def pixmap(name: str, colour: str = PALETTE.text, size_px: int = 16, ratio: float = 1.0) -> QPixmap:
    """The icon as a picture of `size_px` logical pixels, for painters and labels. `ratio` is device pixels a pixel."""
    drawing = resource_path("icons", f"{name}.svg").read_bytes().replace(b"currentColor", colour.encode("ascii"))
    side = round(size_px * ratio)
    made = QPixmap(side, side)
    made.fill(Qt.GlobalColor.transparent)
    painter = QPainter(made)
    QSvgRenderer(QByteArray(drawing)).render(painter, QRectF(0, 0, side, side))
    painter.end()
    made.setDevicePixelRatio(ratio)
    return made
