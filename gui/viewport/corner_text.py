"""Text in the corners of the view: what it says, how wide each line may be, and painting it legibly on any film."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import zip_longest

from PySide6.QtCore import QPointF, QRectF, QSizeF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPixmap

from gui.theme import PALETTE, font
from imaging.show.orientation import EdgeLetters

MARGIN_PX = 14.0
KEPT_LINES = 200
GAP_PX = 44.0  # between the corners; the letters of the edges stand in it
HALO_PX = 5.0  # how far the halo reaches
HALO = ((4.0, 12, 18), (2.6, 12, 44), (1.2, 8, 170))  # reach in px, copies around, opacity of each of 255
NARROW_PX = 640
WORD_PX = 72.0
ELLIPSIS_PX = 14.0  # less room than this is no room
RESEARCH_USE = "Research use, not a medical device."


class TextMode(StrEnum):
    """How much is written. Marks that a reader must not miss stay in every mode."""

    FULL = "full"
    SHORT = "short"
    OFF = "off"


@dataclass(frozen=True, slots=True)
class CornerText:
    """What the window knows of the film: patient top left, study top right, series bottom right.

    `model` names model, version and operating point while anything of the AI shows: below the study, in every mode.
    `caution` stands below it, where what the model says must not be trusted.
    """

    top_left: tuple[str, ...] = ()
    top_right: tuple[str, ...] = ()
    bottom_right: tuple[str, ...] = ()
    model: str = ""
    caution: str = ""


@dataclass(frozen=True, slots=True)
class Corners:
    """The lines of the four corners as they are painted, top to bottom."""

    top_left: tuple[str, ...] = ()
    top_right: tuple[str, ...] = ()
    bottom_left: tuple[str, ...] = ()
    bottom_right: tuple[str, ...] = ()
    marks_top_right: int = 0  # how many of the last lines there must not be cut by what stands beside them


def compose(text: CornerText, display: Sequence[str], marks: Sequence[str], mode: TextMode) -> Corners:
    """Put the corners together. `display` is film, window and zoom; `marks` stay whatever the mode."""
    model = tuple(line for line in (text.model, text.caution) if line)
    if mode is TextMode.OFF:
        return Corners(top_right=model, bottom_right=tuple(marks), marks_top_right=len(model))
    if mode is TextMode.SHORT:
        return Corners(text.top_left[:1], model, tuple(display[-1:]), tuple(marks), len(model))
    top_right = (*text.top_right, *model)
    return Corners(text.top_left, top_right, tuple(display), (*text.bottom_right, *marks), len(model))


def shares(left: float, right: float, available: float, *, right_first: bool = False) -> tuple[float, float]:
    """The widths that two facing lines get: both whole where they fit, else the right one at least half.

    With `right_first`, for the marks, the right one is whole as long as a word remains of the left one.
    """
    if left + right <= available:
        return left, right
    reserved = min(left, WORD_PX) if right_first else available / 2
    right_gets = min(right, max(available - reserved, available - left))
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
        is_mark = number >= len(corners.top_right) - corners.marks_top_right
        placed += _pair(pair, MARGIN_PX + number * line_px, size.width(), metrics, right_first=is_mark)
    for number, pair in enumerate(bottom):
        placed += _pair(
            pair, size.height() - MARGIN_PX - (number + 1) * line_px, size.width(), metrics, right_first=True
        )
    return tuple(placed)


def _last(lines: tuple[str, ...], count: int) -> list[str]:
    """The last lines, the lowest first."""
    return list(reversed(lines))[:count]


def _pair(
    pair: tuple[str, str], y: float, width: float, metrics: QFontMetricsF, *, right_first: bool
) -> list[PlacedLine]:
    """Two facing lines at one height."""
    available = max(0.0, width - 2 * MARGIN_PX - GAP_PX)
    wanted = [metrics.horizontalAdvance(text) + 1 for text in pair]
    placed = []
    given = shares(wanted[0], wanted[1], available, right_first=right_first)
    for text, share, is_right in zip(pair, given, (False, True), strict=True):
        elided = metrics.elidedText(text, Qt.TextElideMode.ElideRight, share)
        if not elided or share < ELLIPSIS_PX:
            continue
        advance = metrics.horizontalAdvance(elided)
        x = width - MARGIN_PX - advance if is_right else MARGIN_PX
        rect = QRectF(x, y, advance, metrics.height())
        placed.append(PlacedLine(elided, QPointF(x, y + metrics.ascent()), rect))
    return placed


def letter_lines(letters: EdgeLetters, size: QSizeF, corners: Sequence[PlacedLine] = ()) -> tuple[PlacedLine, ...]:
    """The letters of the view's sides, each in the middle of its side, and clear of what the corners say."""
    metrics = QFontMetricsF(font("strong"))
    height = metrics.height()
    left, top = MARGIN_PX, MARGIN_PX
    middle_x, middle_y = size.width() / 2, (size.height() - height) / 2
    right, bottom = size.width() - MARGIN_PX, size.height() - MARGIN_PX - height
    # Each with the share of its width that lies left of its place, and the way it goes where a corner is in its way.
    places = (
        (letters.left, left, middle_y, 0.0, 0.0),
        (letters.right, right, middle_y, 1.0, 0.0),
        (letters.top, middle_x, top, 0.5, 1.0),
        (letters.bottom, middle_x, bottom, 0.5, -1.0),
    )
    placed = []
    for text, x, y, share, away in places:
        advance = metrics.horizontalAdvance(text)
        rect = QRectF(x - share * advance, y, advance, height)
        while away and any(rect.intersects(line.rect_view) for line in corners):
            rect.translate(0.0, away * height / 2)
        if text:
            placed.append(PlacedLine(text, QPointF(rect.x(), rect.y() + metrics.ascent()), rect))
    return tuple(placed)


class LinePainter:
    """Paints lines in white with a dark halo: legible on a white film, quiet on a black one.

    Each line is drawn once and kept as a picture: the halo costs a hundred times what copying it does, and of all
    the corners only the window's numbers change while the window is dragged.
    """

    def __init__(self) -> None:
        self._pictures: dict[tuple[str, str, float], QPixmap] = {}

    def paint(self, painter: QPainter, lines: Sequence[PlacedLine], face: QFont, ratio: float) -> None:
        """Paint lines at their places. `ratio` is device pixels a logical pixel."""
        if len(self._pictures) > KEPT_LINES:
            self._pictures.clear()
        for line in lines:
            key = (line.text, face.key(), ratio)
            picture = self._pictures.get(key)
            if picture is None:
                picture = self._pictures[key] = _line_picture(line, face, ratio)
            corner = line.rect_view.topLeft() - QPointF(HALO_PX, HALO_PX)
            # On whole device pixels, so that copying the picture does not blur it.
            snapped = QPointF(round(corner.x() * ratio) / ratio, round(corner.y() * ratio) / ratio)
            painter.drawPixmap(snapped, picture)


def _line_picture(line: PlacedLine, face: QFont, ratio: float) -> QPixmap:
    """One line with its halo, on a transparent picture that is larger by HALO_PX on each side."""
    size = line.rect_view.size() + QSizeF(2 * HALO_PX, 2 * HALO_PX)
    picture = QPixmap(math.ceil(size.width() * ratio), math.ceil(size.height() * ratio))
    picture.setDevicePixelRatio(ratio)
    picture.fill(Qt.GlobalColor.transparent)
    base = line.base_view - line.rect_view.topLeft() + QPointF(HALO_PX, HALO_PX)
    painter = QPainter(picture)
    painter.setFont(face)
    # Copies of the text, not a stroke along its outline: the font engine keeps its letters and is ten times faster.
    for reach_px, copies, alpha in HALO:
        painter.setPen(QColor(0, 0, 0, alpha))
        for copy in range(copies):
            angle = 2 * math.pi * copy / copies
            painter.drawText(base + QPointF(reach_px * math.cos(angle), reach_px * math.sin(angle)), line.text)
    painter.setPen(QColor(PALETTE.strong))
    painter.drawText(base, line.text)
    painter.end()
    return picture
