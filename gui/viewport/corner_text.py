"""Text in the corners of the view: what it says, how wide each line may be, and painting it legibly on any film."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import zip_longest

from PySide6.QtCore import QPointF, QRectF, QSizeF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPainterPath, QPen

from gui.theme import PALETTE, font

MARGIN_PX = 14.0
GAP_PX = 44.0  # between the corners; the letters of the edges stand in it
HALO_PX = 3.2
NARROW_PX = 640
ELLIPSIS_PX = 14.0  # less room than this is no room
RESEARCH_USE = "Research use, not a medical device."


class TextMode(StrEnum):
    """How much is written. Marks that a reader must not miss stay in every mode."""

    FULL = "full"
    SHORT = "short"
    OFF = "off"


@dataclass(frozen=True, slots=True)
class CornerText:
    """What the window knows of the film: patient top left, study top right, series bottom right."""

    top_left: tuple[str, ...] = ()
    top_right: tuple[str, ...] = ()
    bottom_right: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Corners:
    """The lines of the four corners as they are painted, top to bottom."""

    top_left: tuple[str, ...] = ()
    top_right: tuple[str, ...] = ()
    bottom_left: tuple[str, ...] = ()
    bottom_right: tuple[str, ...] = ()


def compose(text: CornerText, display: Sequence[str], marks: Sequence[str], mode: TextMode) -> Corners:
    """Put the corners together. `display` is film, window and zoom; `marks` stay whatever the mode."""
    if mode is TextMode.OFF:
        return Corners(bottom_right=tuple(marks))
    if mode is TextMode.SHORT:
        return Corners(text.top_left[:1], (), tuple(display[-1:]), tuple(marks))
    return Corners(text.top_left, text.top_right, tuple(display), (*text.bottom_right, *marks))


def shares(left: float, right: float, available: float) -> tuple[float, float]:
    """The widths that two facing lines get: both whole where they fit, else the right one at least half.

    The right one is served first: the marks stand there.
    """
    if left + right <= available:
        return left, right
    right_gets = min(right, max(available / 2, available - left))
    return min(left, available - right_gets), right_gets


@dataclass(frozen=True, slots=True)
class PlacedLine:
    """One line where it is painted: the left end of its base line, in logical pixels of the view."""

    text: str
    base_view: QPointF
    rect_view: QRectF


def corner_font(width_px: float) -> QFont:
    """The face of the corners, smaller in a narrow view."""
    return font("small" if width_px < NARROW_PX else "body")


def place(corners: Corners, size: QSizeF) -> tuple[PlacedLine, ...]:
    """Every line elided to its share and put in its place; none overlaps another and none leaves the view."""
    metrics = QFontMetricsF(corner_font(size.width()))
    line_px = metrics.height() + 2
    rows = max(0, int((size.height() / 2 - MARGIN_PX) / line_px))
    top = list(zip_longest(corners.top_left[:rows], corners.top_right[:rows], fillvalue=""))
    bottom = list(zip_longest(_last(corners.bottom_left, rows), _last(corners.bottom_right, rows), fillvalue=""))
    placed: list[PlacedLine] = []
    for number, pair in enumerate(top):
        placed += _pair(pair, MARGIN_PX + number * line_px, size.width(), metrics)
    for number, pair in enumerate(bottom):
        placed += _pair(pair, size.height() - MARGIN_PX - (number + 1) * line_px, size.width(), metrics)
    return tuple(placed)


def _last(lines: tuple[str, ...], count: int) -> list[str]:
    """The last lines, the lowest first."""
    return list(reversed(lines))[:count]


def _pair(pair: tuple[str, str], y: float, width: float, metrics: QFontMetricsF) -> list[PlacedLine]:
    """Two facing lines at one height."""
    available = max(0.0, width - 2 * MARGIN_PX - GAP_PX)
    wanted = [metrics.horizontalAdvance(text) + 1 for text in pair]
    placed = []
    for text, share, is_right in zip(pair, shares(wanted[0], wanted[1], available), (False, True), strict=True):
        elided = metrics.elidedText(text, Qt.TextElideMode.ElideRight, share)
        if not elided or share < ELLIPSIS_PX:
            continue
        advance = metrics.horizontalAdvance(elided)
        x = width - MARGIN_PX - advance if is_right else MARGIN_PX
        rect = QRectF(x, y, advance, metrics.height())
        placed.append(PlacedLine(elided, QPointF(x, y + metrics.ascent()), rect))
    return placed


def letter_lines(letters: dict[str, str], size: QSizeF) -> tuple[PlacedLine, ...]:
    """The letters of the edges ('left', 'right', 'top', 'bottom'), each in the middle of its edge."""
    metrics = QFontMetricsF(font("strong"))
    placed = []
    for edge, text in letters.items():
        advance, height = metrics.horizontalAdvance(text), metrics.height()
        x = {"left": MARGIN_PX, "right": size.width() - MARGIN_PX - advance}.get(edge, (size.width() - advance) / 2)
        y = {"top": MARGIN_PX, "bottom": size.height() - MARGIN_PX - height}.get(edge, (size.height() - height) / 2)
        if text:
            placed.append(PlacedLine(text, QPointF(x, y + metrics.ascent()), QRectF(x, y, advance, height)))
    return tuple(placed)


def paint_lines(painter: QPainter, lines: Sequence[PlacedLine], face: QFont) -> None:
    """White text in a dark halo: legible on a white film, and quiet on a black one."""
    path = QPainterPath()
    path.setFillRule(Qt.FillRule.WindingFill)
    for line in lines:
        path.addText(line.base_view, face, line.text)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    halo = QPen(QColor(0, 0, 0, 190), HALO_PX, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap)
    halo.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    painter.strokePath(path, halo)
    # The text itself goes through the font engine, which draws small letters cleaner than their outlines.
    painter.setFont(face)
    painter.setPen(QColor(PALETTE.strong))
    for line in lines:
        painter.drawText(line.base_view, line.text)
