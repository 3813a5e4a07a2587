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
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QContextMenuEvent, QMouseEvent, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from gui.viewport.film_view import FilmView, PreparedFilm, Sizing
from gui.viewport.readout import CursorReadout
from imaging.image import Graphics, Header, Rescale, VoiLut, Window

MakeFilm = Callable[..., PreparedFilm]
GreyAt = Callable[[int, int], int]
LEFT, MIDDLE, RIGHT = Qt.MouseButton.LeftButton, Qt.MouseButton.MiddleButton, Qt.MouseButton.RightButton
NONE, CTRL = Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ControlModifier


def _drag(view: FilmView, button: Qt.MouseButton, start: tuple[int, int], end: tuple[int, int]) -> None:
    QTest.mousePress(view, button, NONE, QPoint(*start))
    middle = QPoint((start[0] + end[0]) // 2, (start[1] + end[1]) // 2)
    for where in (middle, QPoint(*end)):
        _move(view, where, button)
    QTest.mouseRelease(view, button, NONE, QPoint(*end))


def _move(view: FilmView, where: QPoint, button: Qt.MouseButton = Qt.MouseButton.NoButton) -> None:
    """QTest.mouseMove goes by way of the real cursor, which offscreen has no buttons."""
    at = QPointF(where)
    away = view.mapToGlobal(where).toPointF()
    event = QMouseEvent(QEvent.Type.MouseMove, at, away, Qt.MouseButton.NoButton, button, NONE)
    QApplication.sendEvent(view, event)


def _wheel(view: FilmView, where: QPoint, angle: int, modifiers: Qt.KeyboardModifier = NONE) -> None:
    event = QWheelEvent(
        QPointF(where),
        view.mapToGlobal(where).toPointF(),
        QPoint(),
        QPoint(0, angle),
        Qt.MouseButton.NoButton,
        modifiers,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(view, event)


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
    view.toggle_invert()
    assert grey_at(20, 100) == 0
    assert grey_at(155, 100) > 200


def test_dragging_right_widens_and_down_brightens(
    view: FilmView, make_film: MakeFilm, grey_at: GreyAt, qtbot: QtBot
) -> None:
    view.show_film(make_film())
    before = grey_at(200, 60)
    with qtbot.waitSignal(view.window_changed) as changed:
        _drag(view, LEFT, (100, 100), (100, 160))
    assert changed.args[0].center < 2000.0
    assert grey_at(200, 60) > before
    _drag(view, LEFT, (100, 100), (180, 100))
    assert isinstance(view.voi, Window)
    assert view.voi.width > 4001.0


@pytest.mark.parametrize(("monochrome1", "inverted"), [(True, False), (False, True), (True, True)])
def test_down_is_brighter_to_the_eye_on_an_inverted_film_too(
    view: FilmView, make_film: MakeFilm, grey_at: GreyAt, monochrome1: bool, inverted: bool
) -> None:
    view.show_film(make_film(inverted=monochrome1))
    view.set_inverted(inverted)
    before = grey_at(200, 60)
    _drag(view, LEFT, (100, 100), (100, 130))
    assert grey_at(200, 60) > before


def test_a_setting_turns_brighter_round(view: FilmView, make_film: MakeFilm, grey_at: GreyAt) -> None:
    view.show_film(make_film())
    view.set_drag(speed=1.0, brighter_down=False)
    before = grey_at(200, 60)
    _drag(view, LEFT, (100, 100), (100, 130))
    assert grey_at(200, 60) < before


def test_a_click_changes_nothing(view: FilmView, make_film: MakeFilm, qtbot: QtBot) -> None:
    view.show_film(make_film())
    with qtbot.assertNotEmitted(view.window_changed):
        _drag(view, LEFT, (100, 100), (102, 101))
    assert view.voi == Window(2000.0, 4001.0)


def test_dragging_leaves_a_voi_lut_for_the_window_that_it_covers(view: FilmView, make_film: MakeFilm) -> None:
    lut = VoiLut(first=0, bits=8, values=np.linspace(0, 255, 4096).astype(np.uint16), explanation="Bone")
    view.show_film(make_film(voi=(lut,)))
    _drag(view, LEFT, (100, 100), (110, 100))
    assert isinstance(view.voi, Window)
    assert view.voi.center == pytest.approx(2048)
    assert view.voi.width > 4096


def test_ctrl_and_the_wheel_zoom_at_the_cursor(view: FilmView, make_film: MakeFilm) -> None:
    view.show_film(make_film())
    where = QPoint(320, 70)
    before = view.film_point(QPointF(where))
    _wheel(view, where, 240, CTRL)
    assert view.transform.scale == pytest.approx(1.44)
    assert view.film_point(QPointF(where)) == pytest.approx(before)
    assert view.sizing is Sizing.FREE


def test_the_wheel_asks_for_the_next_film(view: FilmView, make_film: MakeFilm, qtbot: QtBot) -> None:
    view.show_film(make_film())
    steps: list[int] = []
    view.film_step_requested.connect(steps.append)
    for angle in (-120, 120, -60, -60):
        _wheel(view, QPoint(10, 10), angle)
    assert steps == [1, -1, 1]
    assert view.sizing is Sizing.FIT


def test_the_middle_button_pans_with_the_cursor(view: FilmView, make_film: MakeFilm) -> None:
    view.show_film(make_film())
    view.zoom_by(2.0)
    held = view.film_point(QPointF(100, 100))
    _drag(view, MIDDLE, (100, 100), (140, 80))
    assert view.film_point(QPointF(140, 80)) == pytest.approx(held)


def test_the_film_cannot_be_lost_by_panning(view: FilmView, make_film: MakeFilm) -> None:
    view.show_film(make_film())
    view.pan_by((5000.0, -5000.0))
    x, y = view.transform.center_image_px
    assert (x, y) == (0.0, 300.0)


def test_the_right_button_zooms_and_a_right_click_opens_the_menu(
    view: FilmView, make_film: MakeFilm, qtbot: QtBot
) -> None:
    view.show_film(make_film())
    with qtbot.assertNotEmitted(view.context_menu_requested):
        _drag(view, RIGHT, (100, 100), (100, 50))
    assert view.transform.scale > 1.0
    zoomed = view.transform
    with qtbot.waitSignal(view.context_menu_requested) as asked:
        _drag(view, RIGHT, (100, 100), (101, 100))
    assert asked.args == [view.mapToGlobal(QPoint(101, 100))]
    assert view.transform == zoomed


def test_the_menu_key_opens_the_menu_once(view: FilmView, make_film: MakeFilm, qtbot: QtBot) -> None:
    view.show_film(make_film())
    reasons = QContextMenuEvent.Reason
    with qtbot.waitSignal(view.context_menu_requested):
        QApplication.sendEvent(view, QContextMenuEvent(reasons.Keyboard, QPoint(1, 1), QPoint(1, 1)))
    with qtbot.assertNotEmitted(view.context_menu_requested):
        QApplication.sendEvent(view, QContextMenuEvent(reasons.Mouse, QPoint(1, 1), QPoint(1, 1)))


def test_a_double_click_fills_and_the_next_one_goes_back(view: FilmView, make_film: MakeFilm) -> None:
    view.show_film(make_film(height=300, width=200))
    view.zoom_by(1.5)
    before = view.transform
    QTest.mouseDClick(view, LEFT, NONE, QPoint(100, 100))
    assert view.sizing is Sizing.FILL
    assert view.transform.scale == pytest.approx(2.0)
    QTest.mouseDClick(view, LEFT, NONE, QPoint(100, 100))
    assert view.transform == before


def test_tools_change_what_the_left_button_does(view: FilmView, make_film: MakeFilm) -> None:
    view.show_film(make_film())
    view.set_tool("zoom")
    _drag(view, LEFT, (100, 100), (100, 50))
    assert view.transform.scale > 1.0
    view.set_tool("pan")
    center = view.transform.center_image_px
    _drag(view, LEFT, (100, 100), (150, 100))
    assert view.transform.center_image_px != center
    assert view.voi == Window(2000.0, 4001.0)


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
    view.toggle_invert()
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


def test_the_cursor_reads_modality_units_from_zero(view: FilmView, make_film: MakeFilm) -> None:
    film = make_film(modality=Rescale(2.0, -1000.0))
    view.show_film(film)
    heard: list[CursorReadout | None] = []
    view.cursor_moved.connect(heard.append)
    _move(view, QPoint(0, 0))
    _move(view, QPoint(399, 299))
    QApplication.sendEvent(view, QEvent(QEvent.Type.Leave))
    assert heard == [CursorReadout(0, 0, "-1000"), CursorReadout(399, 299, "7000"), None]


def test_beside_the_film_there_is_no_value(view: FilmView, make_film: MakeFilm) -> None:
    view.show_film(make_film(width=100))
    heard: list[CursorReadout | None] = []
    view.cursor_moved.connect(heard.append)
    _move(view, QPoint(200, 150))
    _move(view, QPoint(10, 150))
    assert heard[0] is not None
    assert heard[1:] == [None]


def test_a_message_takes_the_films_place_and_gives_it_back(
    view: FilmView, make_film: MakeFilm, grey_at: GreyAt, qtbot: QtBot
) -> None:
    view.show_film(make_film())
    view.set_message("This film cannot be shown", "The file ends too early.", "warning")
    assert grey_at(397, 60) == 0
    assert "ends too early" in view.accessibleDescription()
    with qtbot.assertNotEmitted(view.window_changed):
        _drag(view, LEFT, (100, 100), (200, 100))
    view.set_message(None)
    assert grey_at(397, 60) > 250


def test_an_empty_view_takes_every_gesture(view: FilmView) -> None:
    _drag(view, LEFT, (10, 10), (90, 90))
    _wheel(view, QPoint(5, 5), 120, CTRL)
    QTest.mouseDClick(view, LEFT, NONE, QPoint(100, 100))
    for command in (view.fit, view.reset, view.rotate, view.flip_vertical, view.toggle_invert, view.one_to_one):
        command()
    assert view.state is None
    assert not view.grab().isNull()


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
    for change in (view.rotate, view.toggle_invert, lambda: view.zoom_by(2.0), lambda: view.set_voi(Window(1.0, 9.0))):
        with qtbot.waitSignal(view.view_changed):
            change()


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


def test_a_film_that_comes_during_a_drag_opens_the_hand_again(view: FilmView, make_film: MakeFilm) -> None:
    view.set_tool("pan")
    view.show_film(make_film())
    QTest.mousePress(view, Qt.MouseButton.LeftButton, pos=QPoint(200, 150))
    assert view.cursor().shape() is Qt.CursorShape.ClosedHandCursor
    view.show_film(make_film())
    assert view.cursor().shape() is Qt.CursorShape.OpenHandCursor
    QTest.mouseRelease(view, Qt.MouseButton.LeftButton, pos=QPoint(200, 150))
