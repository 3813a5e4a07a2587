"""What the mouse does on a film: window, zoom, pan, tools, the cursor's value."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QContextMenuEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from gui.viewport.film_view import FilmView
from gui.viewport.geometry import Sizing
from gui.viewport.prepared import PreparedFilm
from gui.viewport.readout import CursorReadout
from imaging.image import Rescale, VoiLut, Window
from tests.unit.gui.viewport.mouse import CTRL, LEFT, MIDDLE, NONE, RIGHT, drag, move, wheel

MakeFilm = Callable[..., PreparedFilm]
GreyAt = Callable[[int, int], int]


def test_dragging_right_widens_and_down_brightens(
    view: FilmView, make_film: MakeFilm, grey_at: GreyAt, qtbot: QtBot
) -> None:
    view.show_film(make_film())
    before = grey_at(200, 60)
    with qtbot.waitSignal(view.window_changed) as changed:
        drag(view, LEFT, (100, 100), (100, 160))
    assert changed.args[0].center < 2000.0
    assert grey_at(200, 60) > before
    drag(view, LEFT, (100, 100), (180, 100))
    assert isinstance(view.voi, Window)
    assert view.voi.width > 4001.0


@pytest.mark.parametrize(("monochrome1", "inverted"), [(True, False), (False, True), (True, True)])
def test_down_is_brighter_to_the_eye_on_an_inverted_film_too(
    view: FilmView, make_film: MakeFilm, grey_at: GreyAt, monochrome1: bool, inverted: bool
) -> None:
    view.show_film(make_film(inverted=monochrome1))
    view.set_inverted(inverted)
    before = grey_at(200, 60)
    drag(view, LEFT, (100, 100), (100, 130))
    assert grey_at(200, 60) > before


def test_a_setting_turns_brighter_round(view: FilmView, make_film: MakeFilm, grey_at: GreyAt) -> None:
    view.show_film(make_film())
    view.set_drag(speed=1.0, brighter_down=False)
    before = grey_at(200, 60)
    drag(view, LEFT, (100, 100), (100, 130))
    assert grey_at(200, 60) < before


def test_a_click_changes_nothing(view: FilmView, make_film: MakeFilm, qtbot: QtBot) -> None:
    view.show_film(make_film())
    with qtbot.assertNotEmitted(view.window_changed):
        drag(view, LEFT, (100, 100), (102, 101))
    assert view.voi == Window(2000.0, 4001.0)


def test_dragging_leaves_a_voi_lut_for_the_window_that_it_covers(view: FilmView, make_film: MakeFilm) -> None:
    lut = VoiLut(first=0, bits=8, values=np.linspace(0, 255, 4096).astype(np.uint16), explanation="Bone")
    view.show_film(make_film(voi=(lut,)))
    drag(view, LEFT, (100, 100), (110, 100))
    assert isinstance(view.voi, Window)
    assert view.voi.center == pytest.approx(2048)
    assert view.voi.width > 4096


def test_ctrl_and_the_wheel_zoom_at_the_cursor(view: FilmView, make_film: MakeFilm) -> None:
    view.show_film(make_film())
    where = QPoint(320, 70)
    before = view.film_point(QPointF(where))
    wheel(view, where, 240, CTRL)
    assert view.transform.scale == pytest.approx(1.44)
    assert view.film_point(QPointF(where)) == pytest.approx(before)
    assert view.sizing is Sizing.FREE


def test_the_wheel_asks_for_the_next_film(view: FilmView, make_film: MakeFilm, qtbot: QtBot) -> None:
    view.show_film(make_film())
    steps: list[int] = []
    view.film_step_requested.connect(steps.append)
    for angle in (-120, 120, -60, -60):
        wheel(view, QPoint(10, 10), angle)
    assert steps == [1, -1, 1]
    assert view.sizing is Sizing.FIT


def test_the_middle_button_pans_with_the_cursor(view: FilmView, make_film: MakeFilm) -> None:
    view.show_film(make_film())
    view.zoom_by(2.0)
    held = view.film_point(QPointF(100, 100))
    drag(view, MIDDLE, (100, 100), (140, 80))
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
        drag(view, RIGHT, (100, 100), (100, 50))
    assert view.transform.scale > 1.0
    zoomed = view.transform
    with qtbot.waitSignal(view.context_menu_requested) as asked:
        drag(view, RIGHT, (100, 100), (101, 100))
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


def test_what_was_turned_while_it_filled_the_window_stays_turned(view: FilmView, make_film: MakeFilm) -> None:
    view.show_film(make_film(height=300, width=200))
    QTest.mouseDClick(view, LEFT, NONE, QPoint(100, 100))
    view.rotate()
    view.flip_horizontal()
    turned = (view.transform.rotation_quarter, view.transform.flip_horizontal)
    QTest.mouseDClick(view, LEFT, NONE, QPoint(100, 100))
    assert view.sizing is Sizing.FIT
    assert (view.transform.rotation_quarter, view.transform.flip_horizontal) == turned


def test_tools_change_what_the_left_button_does(view: FilmView, make_film: MakeFilm) -> None:
    view.show_film(make_film())
    view.set_tool("zoom")
    drag(view, LEFT, (100, 100), (100, 50))
    assert view.transform.scale > 1.0
    view.set_tool("pan")
    center = view.transform.center_image_px
    drag(view, LEFT, (100, 100), (150, 100))
    assert view.transform.center_image_px != center
    assert view.voi == Window(2000.0, 4001.0)


def test_the_cursor_reads_modality_units_from_zero(view: FilmView, make_film: MakeFilm) -> None:
    film = make_film(modality=Rescale(2.0, -1000.0))
    view.show_film(film)
    heard: list[CursorReadout | None] = []
    view.cursor_moved.connect(heard.append)
    move(view, QPoint(0, 0))
    move(view, QPoint(399, 299))
    QApplication.sendEvent(view, QEvent(QEvent.Type.Leave))
    assert heard == [CursorReadout(0, 0, "-1000"), CursorReadout(399, 299, "7000"), None]


def test_beside_the_film_there_is_no_value(view: FilmView, make_film: MakeFilm) -> None:
    view.show_film(make_film(width=100))
    heard: list[CursorReadout | None] = []
    view.cursor_moved.connect(heard.append)
    move(view, QPoint(200, 150))
    move(view, QPoint(10, 150))
    assert heard[0] is not None
    assert heard[1:] == [None]


def test_an_empty_view_takes_every_gesture(view: FilmView) -> None:
    drag(view, LEFT, (10, 10), (90, 90))
    wheel(view, QPoint(5, 5), 120, CTRL)
    QTest.mouseDClick(view, LEFT, NONE, QPoint(100, 100))
    for command in (
        view.fit,
        view.reset,
        view.rotate,
        view.flip_vertical,
        partial(view.set_inverted, True),
        view.one_to_one,
    ):
        command()
    assert view.state is None
    assert not view.grab().isNull()


def test_a_film_that_comes_during_a_drag_opens_the_hand_again(view: FilmView, make_film: MakeFilm) -> None:
    view.set_tool("pan")
    view.show_film(make_film())
    QTest.mousePress(view, Qt.MouseButton.LeftButton, pos=QPoint(200, 150))
    assert view.cursor().shape() is Qt.CursorShape.ClosedHandCursor
    view.show_film(make_film())
    assert view.cursor().shape() is Qt.CursorShape.OpenHandCursor
    QTest.mouseRelease(view, Qt.MouseButton.LeftButton, pos=QPoint(200, 150))
