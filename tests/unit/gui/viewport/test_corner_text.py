from __future__ import annotations

from itertools import combinations

import pytest
from PySide6.QtCore import QRectF, QSizeF
from PySide6.QtGui import QImage, QPainter
from PySide6.QtWidgets import QApplication

from gui.viewport.corner_text import (
    RESEARCH_USE,
    Corners,
    CornerText,
    LinePainter,
    TextMode,
    compose,
    corner_font,
    letter_lines,
    place,
    shares,
)
from imaging.show.orientation import EdgeLetters

LONG = CornerText(
    ("Practice^A very long name that goes on and on and on", "F · 4 y · 2022-01-02 · 0123456789"),
    ("Chest AP and lateral of a ward round · 2026-11-12", "pneumonia 1.2 · operating point 0.41"),
    ("Series 3 · AP erect, mobile unit, second exposure",),
)
DISPLAY = ("Film 3 of 40", "C 2048 W 3300 · 68 %")
MARKS = ("Lossy 12:1", "Incomplete file: 62 % of the picture", RESEARCH_USE)


@pytest.mark.parametrize("size", [(480, 360), (480, 220), (320, 320), (1100, 800)])
def test_nothing_overlaps_and_nothing_leaves_the_view(themed: QApplication, size: tuple[int, int]) -> None:
    corners = compose(LONG, DISPLAY, MARKS, TextMode.FULL)
    placed = place(corners, QSizeF(*size))
    letters = letter_lines(EdgeLetters("R", "H", "L", "F"), QSizeF(*size), placed)
    assert len(letters) == 4
    lines = [*placed, *letters]
    view = QRectF(0, 0, *size)
    assert all(view.contains(line.rect_view) for line in lines)
    for first, second in combinations(lines, 2):
        assert not first.rect_view.intersects(second.rect_view), (first.text, second.text)


@pytest.mark.parametrize("width", [360, 420, 480])
def test_the_research_sentence_is_whole_in_a_narrow_view(themed: QApplication, width: int) -> None:
    lines = place(compose(LONG, DISPLAY, MARKS, TextMode.FULL), QSizeF(width, 360))
    assert RESEARCH_USE in [line.text for line in lines]


@pytest.mark.parametrize("mode", list(TextMode))
def test_a_long_name_leaves_the_operating_point_whole(themed: QApplication, mode: TextMode) -> None:
    text = CornerText(("x" * 240,), (), (), LONG.top_right[1])
    lines = place(compose(text, DISPLAY, MARKS, mode), QSizeF(430, 600))
    assert LONG.top_right[1] in [line.text for line in lines]


@pytest.mark.parametrize("mode", list(TextMode))
def test_marks_stay_in_every_mode(mode: TextMode) -> None:
    assert compose(LONG, DISPLAY, MARKS, mode).bottom_right[-3:] == MARKS


def test_short_and_off_say_less() -> None:
    short = compose(LONG, DISPLAY, (), TextMode.SHORT)
    assert short == Corners(LONG.top_left[:1], (), DISPLAY[-1:], ())
    assert compose(LONG, DISPLAY, (), TextMode.OFF) == Corners()


def test_shares() -> None:
    assert shares(100, 100, 300) == (100, 100)
    assert shares(300, 300, 400) == (200, 200)
    assert shares(100, 500, 400) == (100, 300)
    assert shares(500, 100, 400) == (300, 100)
    assert shares(300, 300, 400, right_first=True) == (100, 300)
    assert shares(300, 500, 400, right_first=True) == (72, 328)


@pytest.mark.parametrize("film", ["#ffffff", "#808080", "#000000"])
def test_text_is_legible_on_any_film(themed: QApplication, film: str) -> None:
    size = QSizeF(480, 200)
    image = QImage(480, 200, QImage.Format.Format_RGB32)
    image.fill(film)
    painter = QPainter(image)
    lines = place(Corners(bottom_left=("Film 3 of 40",)), size)
    LinePainter().paint(painter, lines, corner_font(size.width()), 1.0)
    painter.end()
    around = lines[0].rect_view.toAlignedRect()
    greys = [
        image.pixelColor(x, y).lightness()
        for x in range(around.left(), around.right())
        for y in range(around.top(), around.bottom())
    ]
    assert max(greys) > 200, "the letters are bright"
    assert min(greys) < 90, "and what is around them is dark"


@pytest.mark.parametrize("mode", list(TextMode))
def test_the_model_is_named_in_every_mode_while_it_shows(mode: TextMode) -> None:
    named = CornerText(top_right=("Chest AP",), model="pneumonia 1 · operating point 0.41")
    assert compose(named, DISPLAY, (), mode).top_right[-1] == named.model


@pytest.mark.parametrize("mode", list(TextMode))
def test_a_caution_stands_below_the_model_in_every_mode(mode: TextMode) -> None:
    cautioned = CornerText(model="pneumonia 1 · operating point 0.41", caution="Outside what the model knows: insisted")
    assert compose(cautioned, DISPLAY, (), mode).top_right[-2:] == (cautioned.model, cautioned.caution)
