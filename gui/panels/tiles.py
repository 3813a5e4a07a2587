"""A row of small films: picture, a word below it, and how similar it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QImage, QPainter, QPainterPath, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QHBoxLayout, QSizePolicy, QWidget

from gui.frame.icons import pixmap
from gui.frame.plain import plain_tip
from gui.theme import PALETTE, font

PICTURE_PX = 68
LINE_PX = 15
GAP_PX = 4
HEIGHT_PX = PICTURE_PX + GAP_PX + 2 * LINE_PX
ICON_PX = 20


@dataclass(frozen=True, slots=True)
class Tile:
    """What a tile shows: a picture (None: there is none, or it is still being drawn) and two lines below it.

    `opens` is the key of the film that a click opens, '' for none; `name` says all of it in words.
    """

    word: str
    likeness: str
    name: str
    image: QImage | None = None
    opens: str = ""
    flagged: bool = False


class FilmTile(QAbstractButton):
    """One film; dark shapes where there is none. It takes the focus where it opens something."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._tile: Tile | None = None
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)  # painted anew as the mouse comes and goes
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.show_tile(None)

    @property
    def tile(self) -> Tile | None:
        return self._tile

    def sizeHint(self) -> QSize:
        return QSize(PICTURE_PX, HEIGHT_PX)

    def show_tile(self, tile: Tile | None) -> None:
        self._tile = tile
        opens = tile is not None and bool(tile.opens)
        self.setEnabled(opens)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus if opens else Qt.FocusPolicy.NoFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor if opens else Qt.CursorShape.ArrowCursor)
        self.setAccessibleName(tile.name if tile is not None else "")
        self.setToolTip(plain_tip(tile.name) if tile is not None else "")
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        side = min(self.width(), PICTURE_PX)
        self._paint_picture(painter, QRect(0, 0, side, side))
        first_px, second_px = PICTURE_PX + GAP_PX, PICTURE_PX + GAP_PX + LINE_PX
        if self._tile is None:
            _paint_absent_line(painter, first_px, round(0.8 * side))
            _paint_absent_line(painter, second_px, round(0.6 * side))
            return
        self._paint_line(painter, first_px, self._tile.word, PALETTE.amber if self._tile.flagged else PALETTE.text)
        self._paint_line(painter, second_px, self._tile.likeness, PALETTE.secondary)

    def _paint_picture(self, painter: QPainter, square: QRect) -> None:
        shape = QPainterPath()
        shape.addRoundedRect(QRectF(square), 4, 4)
        painter.fillPath(shape, QColor(PALETTE.raised if self._tile is not None else PALETTE.background))
        if self._tile is not None and self._tile.image is not None:
            painter.save()
            painter.setClipPath(shape)
            painter.drawImage(square, self._tile.image)
            painter.restore()
        elif self._tile is not None:
            drawn = pixmap("film", PALETTE.outline, ICON_PX, self.devicePixelRatioF())
            at = square.center()
            painter.drawPixmap(at.x() - ICON_PX // 2 + 1, at.y() - ICON_PX // 2 + 1, drawn)
        if self.hasFocus() or (self.underMouse() and self.isEnabled()):
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(QColor(PALETTE.accent), 2.0 if self.hasFocus() else 1.0))
            painter.drawRoundedRect(QRectF(square).adjusted(1, 1, -1, -1), 4, 4)

    def _paint_line(self, painter: QPainter, top_px: int, text: str, colour: str) -> None:
        painter.setFont(font("small"))
        painter.setPen(QColor(colour))
        rect = QRect(0, top_px, self.width(), LINE_PX)
        shown = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, rect.width())
        painter.drawText(rect, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, shown)


def _paint_absent_line(painter: QPainter, top_px: int, width_px: int) -> None:
    """Where a word will stand."""
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(PALETTE.background))
    painter.drawRoundedRect(QRectF(0, top_px + 3, width_px, LINE_PX - 7), 2, 2)


class TileRow(QWidget):
    """As many tiles as there is room for, always of one height: nothing moves when films come and go."""

    picked = Signal(str)  # the key of an open film

    def __init__(self, count: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFixedHeight(HEIGHT_PX)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        self.tiles = [FilmTile(self) for _ in range(count)]
        for tile in self.tiles:
            tile.clicked.connect(lambda _=False, tile=tile: self.picked.emit(tile.tile.opens if tile.tile else ""))
            row.addWidget(tile)

    def show_tiles(self, tiles: Sequence[Tile]) -> None:
        """The first of them, in their order; dark shapes for the rest."""
        for place, widget in enumerate(self.tiles):
            widget.show_tile(tiles[place] if place < len(tiles) else None)
