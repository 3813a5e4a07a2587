"""A film on a real view: what is painted, how it lies, and how it comes back."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QPointF
from pytestqt.qtbot import QtBot

from gui.viewport.film_view import FilmView
from gui.viewport.geometry import Sizing
from gui.viewport.prepared import PreparedFilm
from imaging.image import Graphics, Header, Window
from tests.unit.gui.viewport.mouse import LEFT, drag

MakeFilm = Callable[..., PreparedFilm]
GreyAt = Callable[[int, int], int]


def test_the_first_paint_has_the_films_own_window(view: FilmView, make_film: MakeFilm, grey_at: GreyAt) -> None:
    view.show_film(make_film())
    assert (view.sizing, view.voi) == (Sizing.FIT, Window(2000.0, 4001.0))
    assert grey_at(2, 60) < 5
    assert grey_at(200, 60) == pytest.approx(127, abs=2)
    assert grey_at(397, 60) > 250


def test_pixels_that_are_not_square_are_shown_in_their_shape(
    view: FilmView, make_film: MakeFilm, grey_at: GreyAt
) -> None:
    """150 rows of pixels twice as tall as wide fill the height that 300 rows would."""
    view.show_film(make_film(height=150, pixel_aspect=2.0, inverted=True))
    assert (view.transform.scale, view.transform.aspect) == (1.0, 2.0)
    assert grey_at(10, 10) > 240
    assert grey_at(10, 290) > 240
    assert view.film_point(QPointF(100, 200)) == pytest.approx((100, 100))
    view.rotate()
    assert view.view_point((0.0, 0.0)).toTuple() == pytest.approx((312.5, 0.0))
    view.rotate(-1)
    kept = view.state
    view.one_to_one()
    view.reset()
    assert view.state == kept
    view.show_film(make_film(), kept)
    assert view.transform.aspect == 1.0, "the shape is the film's, whatever was remembered"


def test_what_the_file_draws_is_shown_and_can_be_hidden(view: FilmView, make_film: MakeFilm, grey_at: GreyAt) -> None:
    mask = np.zeros((300, 400), bool)
    mask[100:110, :] = True
    view.show_film(make_film(graphics=Graphics(np.packbits(mask, axis=1), 400)))
    assert grey_at(50, 105) == 255
    assert grey_at(50, 90) < 60
    view.zoom_by(2.0)
    assert grey_at(50, 62) == 255, "row 106 lies there now"
    view.set_graphics_shown(False)
    assert grey_at(50, 62) < 120


def test_monochrome1_is_right_from_the_first_paint(view: FilmView, make_film: MakeFilm, grey_at: GreyAt) -> None:
    view.show_film(make_film(inverted=True))
    assert grey_at(2, 60) > 250
    assert grey_at(397, 60) < 5


def test_colour_films_keep_their_colours(view: FilmView, make_film: MakeFilm) -> None:
    pixels = np.zeros((300, 400, 3), np.uint8)
    pixels[...] = (200, 100, 50)
    view.show_film(make_film(pixels=pixels, bits=8, voi=()))
    colour = view.grab().toImage().pixelColor(100, 60)
    assert (colour.red(), colour.green(), colour.blue()) == (200, 100, 50)


def test_beside_the_film_it_is_black(view: FilmView, make_film: MakeFilm, grey_at: GreyAt) -> None:
    view.show_film(make_film(height=300, width=100))
    view.set_inverted(True)
    assert grey_at(20, 100) == 0
    assert grey_at(155, 100) > 200


def test_one_to_one_shows_each_pixel_as_it_is(view: FilmView, make_film: MakeFilm) -> None:
    rng = np.random.default_rng(1)
    pixels = rng.integers(0, 256, (301, 401), np.uint8)
    view.show_film(make_film(pixels=pixels, bits=8, voi=(Window(127.5, 255.0, "LINEAR_EXACT"),)))
    view.one_to_one()
    assert view.transform.scale == 1.0
    shown = view.grab().toImage()
    x, y = view.film_point(QPointF(100.5, 60.5))
    assert shown.pixelColor(100, 60).lightness() == pixels[int(y), int(x)]


def test_fit_follows_the_window_and_a_free_zoom_does_not(view: FilmView, make_film: MakeFilm) -> None:
    view.show_film(make_film())
    view.resize(800, 600)
    assert view.transform.scale == pytest.approx(2.0)
    view.zoom_by(1.5)
    view.resize(400, 300)
    assert view.transform.scale == pytest.approx(3.0)


def test_zoom_has_limits(view: FilmView, make_film: MakeFilm) -> None:
    view.show_film(make_film())
    view.zoom_by(1e6)
    assert view.transform.scale == 32.0
    view.zoom_by(1e-9)
    assert view.transform.scale == 0.25


def test_rotating_and_flipping_move_film_and_letters(view: FilmView, make_film: MakeFilm, grey_at: GreyAt) -> None:
    view.show_film(make_film(height=300, width=300))
    view.rotate(1)
    assert grey_at(200, 30) < 60, "what was left is on top"
    view.rotate(-1)
    view.flip_horizontal()
    assert grey_at(60, 60) > 200
    view.flip_vertical()
    assert grey_at(60, 60) > 200, "top and bottom are alike in this film"
    assert (view.transform.rotation_quarter, view.transform.flip_horizontal) == (2, False)


def test_reset_brings_back_what_the_film_opened_with(view: FilmView, make_film: MakeFilm) -> None:
    view.show_film(make_film())
    opening = view.state
    view.zoom_by(3)
    view.rotate(1)
    view.set_inverted(True)
    view.set_voi(Window(1.0, 2.0))
    assert view.state != opening
    view.reset()
    assert view.state == opening


def test_a_film_comes_back_as_it_was_left(view: FilmView, make_film: MakeFilm) -> None:
    first, second = make_film(), make_film(height=200)
    view.show_film(first)
    view.zoom_by(2)
    view.set_voi(Window(100.0, 200.0))
    left = view.state
    view.show_film(second)
    assert view.voi == Window(2000.0, 4001.0)
    view.show_film(first, left)
    assert view.state == left


def test_a_message_takes_the_films_place_and_gives_it_back(
    view: FilmView, make_film: MakeFilm, grey_at: GreyAt, qtbot: QtBot
) -> None:
    view.show_film(make_film())
    view.set_message("This film cannot be shown", "The file ends too early.", "warning")
    assert grey_at(397, 60) == 0
    assert "ends too early" in view.accessibleDescription()
    with qtbot.assertNotEmitted(view.window_changed):
        drag(view, LEFT, (100, 100), (200, 100))
    view.set_message(None)
    assert grey_at(397, 60) > 250


@pytest.mark.parametrize("shape", [(1, 1), (1, 3000), (3000, 1)])
def test_odd_films_are_shown(view: FilmView, make_film: MakeFilm, shape: tuple[int, int]) -> None:
    view.show_film(make_film(pixels=np.full(shape, 2000, np.uint16)))
    for command in (view.fit, view.fill, view.one_to_one, view.rotate):
        command()
        assert not view.grab().isNull()


@pytest.mark.parametrize("kind", [np.int16, np.int32, np.uint32, np.float32, np.int8])
def test_every_kind_of_pixel_is_shown(view: FilmView, make_film: MakeFilm, grey_at: GreyAt, kind: Any) -> None:
    ramp = np.tile(np.linspace(0, 120, 400).astype(kind), (300, 1))
    view.show_film(make_film(pixels=ramp, bits=8, voi=(Window(60.0, 121.0),)))
    assert grey_at(5, 60) < grey_at(200, 60) < grey_at(395, 60)


def test_marks_are_painted_where_the_film_has_them(view: FilmView, make_film: MakeFilm) -> None:
    dark = np.zeros((300, 400), np.uint16)
    view.show_film(make_film(pixels=dark))
    corner = view.grab().toImage().copy(200, 240, 200, 60)
    view.show_film(make_film(pixels=dark, header=Header(lossy="Lossy 12:1"), complete=0.5))
    assert view.grab().toImage().copy(200, 240, 200, 60) != corner
    unmarked = make_film(pixels=dark, header=Header())
    view.show_film(unmarked)
    plain = view.grab().toImage()
    view.set_ai_visible(True)
    assert view.grab().toImage() != plain, "Research use, not a medical device."


def test_letters_stand_where_the_file_says_and_nowhere_else(view: FilmView, make_film: MakeFilm) -> None:
    dark = np.zeros((300, 400), np.uint16)

    def is_lettered(x: int) -> bool:
        shown = view.grab().toImage()
        return any(shown.pixelColor(x + dx, 150 + dy).lightness() > 150 for dx in range(10) for dy in range(-9, 9))

    view.show_film(make_film(pixels=dark))
    assert is_lettered(14)
    assert is_lettered(376)
    view.show_film(make_film(pixels=dark, header=Header()))
    assert not is_lettered(14)
    assert not is_lettered(376)


def test_view_changed_follows_every_change(view: FilmView, make_film: MakeFilm, qtbot: QtBot) -> None:
    with qtbot.waitSignal(view.view_changed):
        view.show_film(make_film())
    changes = ("rotate",), ("set_inverted", True), ("zoom_by", 2.0), ("set_voi", Window(1.0, 9.0))
    for name, *how in changes:
        with qtbot.waitSignal(view.view_changed):
            getattr(view, name)(*how)


def test_a_table_is_made_only_where_the_window_changed(view: FilmView, make_film: MakeFilm) -> None:
    view.show_film(make_film())
    film = view._film
    assert film is not None
    view.zoom_by(2.0)
    assert view._film is not None
    assert view._film.table is film.table
    assert view.state == replace(film.state, transform=view.transform, sizing=Sizing.FREE)


AT_TWICE = """
import numpy as np, sys
from pathlib import Path
from PySide6.QtCore import QPointF
from PySide6.QtWidgets import QApplication
app = QApplication([])
from gui.theme import apply_theme
from gui.viewport.film_view import FilmView
from gui.viewport.prepared import prepare
from imaging.image import DecodedImage, Window
from imaging.study import ImageRef
apply_theme(app)
pixels = np.random.default_rng(1).integers(0, 256, (600, 800), np.uint8)
view = FilmView()
view.resize(400, 300)
view.set_text_mode("off")
voi = (Window(127.5, 255.0, "LINEAR_EXACT"),)
view.show_film(prepare(DecodedImage(ImageRef(Path("f")), pixels, 8, voi=voi)))
view.show()
app.processEvents()
shown = view.grab().toImage()
assert view.devicePixelRatioF() == 2.0
assert (shown.width(), shown.height()) == (800, 600)
assert view.transform.scale == 1.0, view.transform
assert shown.pixelColor(101, 61).lightness() == pixels[61, 101]
x, y = view.film_point(QPointF(50.75, 30.75))
assert (int(x), int(y)) == (101, 61)
"""


def test_at_200_per_cent_every_device_pixel_is_used() -> None:
    environment = {**os.environ, "QT_SCALE_FACTOR": "2", "QT_QPA_PLATFORM": "offscreen", "PYTHONPATH": "."}
    root = Path(__file__).resolve().parents[4]
    done = subprocess.run(
        [sys.executable, "-c", AT_TWICE], cwd=root, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
