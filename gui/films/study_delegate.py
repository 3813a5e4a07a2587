"""Paints a row of the list: picture, name, date and kind, and the flag in words."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QAbstractItemModel, QModelIndex, QObject, QPersistentModelIndex, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPainterPath
from PySide6.QtWidgets import QStyledItemDelegate

from gui.films.entries import Entry, RowWords, Tone, details
from gui.films.thumbnails import Thumbnails
from gui.frame.icons import pixmap
from gui.theme import PALETTE, font

if TYPE_CHECKING:
    from PySide6.QtWidgets import QStyle, QStyleOptionViewItem

ROW_PX = 72
PICTURE_PX = 56
MARGIN_PX = 16
GAP_PX = 12
ICON_PX = 14
BAR_PX = 3
ENTRY_ROLE = Qt.ItemDataRole.UserRole + 1
WORDS_ROLE = Qt.ItemDataRole.UserRole + 2

Index = QModelIndex | QPersistentModelIndex

_COLOURS = {
    Tone.QUIET: PALETTE.secondary,
    Tone.BUSY: PALETTE.accent,
    Tone.FLAG: PALETTE.amber,
    Tone.OUTSIDE: PALETTE.text,
    Tone.REFUSED: PALETTE.red,
}
_REASONED = (Tone.OUTSIDE, Tone.REFUSED)  # a word and its reason, in the place of the film's date
_ICONS = {Tone.FLAG: "flag", Tone.REFUSED: "warning"}


class StudyDelegate(QStyledItemDelegate):
    """Rows of one height, so that ten thousand of them cost no more than the ten on screen."""

    def __init__(self, thumbnails: Thumbnails, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._thumbnails = thumbnails
        self._name_font = font("strong")
        self._name_font.setWeight(QFont.Weight(500))
        self._name_font.setVariableAxis(QFont.Tag("wght"), 500.0)
        self._small_font = font()
        self._small_font.setPixelSize(12)

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(0, ROW_PX)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        model: QAbstractItemModel = index.model()
        entry, words = model.data(index, ENTRY_ROLE), model.data(index, WORDS_ROLE)
        if not isinstance(entry, Entry) or not isinstance(words, RowWords):
            return
        rect: QRect = option.rect
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        _paint_ground(painter, rect, option.state)
        picture = QRect(rect.left() + MARGIN_PX, rect.top() + (ROW_PX - PICTURE_PX) // 2, PICTURE_PX, PICTURE_PX)
        self._paint_picture(painter, picture, entry)
        left = picture.right() + 1 + GAP_PX
        text = QRect(left, rect.top() + 10, rect.right() - left - 8, ROW_PX - 20)
        self._paint_text(painter, text, str(model.data(index, Qt.ItemDataRole.DisplayRole)), entry, words)
        painter.restore()

    def _paint_picture(self, painter: QPainter, rect: QRect, entry: Entry) -> None:
        shape = QPainterPath()
        shape.addRoundedRect(QRectF(rect), 4, 4)
        painter.fillPath(shape, QColor(PALETTE.background))
        image = self._thumbnails.get(entry.ref) if entry.is_film and entry.ref is not None else None
        if image is not None:
            painter.save()
            painter.setClipPath(shape)
            painter.drawImage(rect, image)
            painter.restore()
            return
        name = "film" if entry.is_film else "warning"
        ratio = painter.device().devicePixelRatioF()
        drawn = pixmap(name, PALETTE.outline if entry.is_film else PALETTE.disabled, 20, ratio)
        painter.drawPixmap(rect.center().x() - 9, rect.center().y() - 9, drawn)

    def _paint_text(self, painter: QPainter, rect: QRect, name: str, entry: Entry, words: RowWords) -> None:
        lines = [QRect(rect.left(), rect.top() + 18 * line, rect.width(), 17) for line in range(3)]
        painter.setFont(self._name_font)
        painter.setPen(QColor(PALETTE.text))
        _draw_elided(painter, lines[0], name, Qt.TextElideMode.ElideMiddle)
        painter.setFont(self._small_font)
        if words.tone not in _REASONED:
            mark = f"{words.mark} · " if words.mark else ""
            painter.setPen(QColor(PALETTE.text))
            _draw_elided(painter, lines[1], mark)
            painter.setPen(QColor(PALETTE.secondary))
            right_of = lines[1].adjusted(painter.fontMetrics().horizontalAdvance(mark), 0, 0, 0)
            _draw_elided(painter, right_of, details(entry))
            self._paint_words(painter, lines[2], replace(words, text=words.text.removeprefix(mark)))
            return
        # The word alone has the tone; its reason reads on in one colour over both lines.
        metrics = painter.fontMetrics()
        icon_px = ICON_PX + 3 if words.tone in _ICONS else 0
        first, rest = _broken(metrics, words.text, rect.width() - icon_px - 1)
        word, colon, reason = first.partition(": ")
        self._paint_words(painter, lines[1], RowWords(word + colon.rstrip(), words.tone))
        painter.setPen(QColor(PALETTE.secondary))
        _draw_elided(painter, lines[1].adjusted(icon_px + metrics.horizontalAdvance(word + colon), 0, 0, 0), reason)
        _draw_elided(painter, lines[2], rest)

    def _paint_words(self, painter: QPainter, rect: QRect, words: RowWords) -> None:
        name = _ICONS.get(words.tone)
        if name is not None:
            ratio = painter.device().devicePixelRatioF()
            painter.drawPixmap(rect.left() - 1, rect.top() + 2, pixmap(name, _COLOURS[words.tone], ICON_PX, ratio))
            rect = rect.adjusted(ICON_PX + 3, 0, 0, 0)
        painter.setPen(QColor(_COLOURS[words.tone]))
        _draw_elided(painter, rect, words.text)


def _paint_ground(painter: QPainter, rect: QRect, state: QStyle.StateFlag) -> None:
    from PySide6.QtWidgets import QStyle  # its many enumerations are made by the first import

    if state & QStyle.StateFlag.State_Selected:
        painter.fillRect(rect, QColor(PALETTE.raised))
        painter.fillRect(QRect(rect.left(), rect.top(), BAR_PX, rect.height()), QColor(PALETTE.accent))
    elif state & QStyle.StateFlag.State_MouseOver:
        painter.fillRect(rect, QColor("#191d23"))


def _draw_elided(
    painter: QPainter, rect: QRect, text: str, side: Qt.TextElideMode = Qt.TextElideMode.ElideRight
) -> None:
    shown = painter.fontMetrics().elidedText(text, side, rect.width())
    painter.drawText(rect, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, shown)


def _broken(metrics: QFontMetrics, text: str, width_px: int) -> tuple[str, str]:
    """The words that fit the first line, and the others."""
    words = text.split(" ")
    for count in range(len(words), 0, -1):
        first = " ".join(words[:count])
        if metrics.horizontalAdvance(first) <= width_px:
            return first, " ".join(words[count:])
    return text, ""
