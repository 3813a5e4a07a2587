"""What the view says when it shows no film: empty, waiting, refused."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter

from gui.frame.icons import pixmap
from gui.theme import PALETTE, font

WIDTH_PX = 380.0
MARGIN_PX = 24.0
ICON_PX = 40
GAP_PX = 10.0
CENTRED = Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop
WRAPPED = CENTRED.value | Qt.TextFlag.TextWordWrap.value


@dataclass(frozen=True, slots=True)
class Message:
    """A few words in the middle of the view, with an icon above them where one is named."""

    title: str
    detail: str = ""
    icon: str = ""


def paint_message(painter: QPainter, message: Message, area: QRectF, ratio: float) -> QRectF:
    """Paint the message in the middle of `area` (logical pixels). Returns the rectangle it took."""
    width = min(WIDTH_PX, area.width() - 2 * MARGIN_PX)
    title, detail = font("title"), font("body")
    title_px, detail_px = _height(message.title, title, width), _height(message.detail, detail, width)
    icon_px = ICON_PX + GAP_PX if message.icon else 0.0
    total = icon_px + title_px + (GAP_PX + detail_px if message.detail else 0.0)
    left, top = area.center().x() - width / 2, max(area.top() + MARGIN_PX, area.center().y() - total / 2)
    if message.icon:
        drawn = pixmap(message.icon, PALETTE.disabled, ICON_PX, ratio)
        painter.drawPixmap(round(area.center().x() - ICON_PX / 2), round(top), drawn)
    _paint(painter, message.title, title, PALETTE.text, QRectF(left, top + icon_px, width, title_px))
    below = top + icon_px + title_px + GAP_PX
    _paint(painter, message.detail, detail, PALETTE.secondary, QRectF(left, below, width, detail_px))
    return QRectF(left, top, width, total)


def _height(text: str, face: QFont, width: float) -> float:
    if not text:
        return 0.0
    return QFontMetricsF(face).boundingRect(QRectF(0, 0, width, 10_000), WRAPPED, text).height()


def _paint(painter: QPainter, text: str, face: QFont, colour: str, where: QRectF) -> None:
    painter.setFont(face)
    painter.setPen(QColor(colour))
    painter.drawText(where, WRAPPED, text)
