from __future__ import annotations

import math

from PySide6.QtCore import QPointF, Qt

from gui.viewport.gestures import (
    Drag,
    Notches,
    drag_zoom,
    dragged_window,
    speed_of,
    wheel_zoom,
)
from imaging.image import Window

WINDOW = Window(2000.0, 1000.0)


def _dragged(
    dx: float, dy: float, *, speed: float = 1.0, brighter_down: bool = True, window: Window = WINDOW
) -> Window:
    return dragged_window(
        window, QPointF(dx, dy), view_px=1000, reference=1000.0, speed=speed, brighter_down=brighter_down
    )


def test_right_is_wider_and_down_is_brighter() -> None:
    assert _dragged(100, 0) == Window(2000.0, 1200.0)
    assert _dragged(0, 100) == Window(1800.0, 1000.0), "a lower centre lifts the grey values"
    assert _dragged(0, 100, brighter_down=False) == Window(2200.0, 1000.0)


def test_the_width_stays_one_that_the_standard_allows() -> None:
    assert _dragged(-5000, 0).width == 1.0
    exact = Window(0.5, 1.0, "LINEAR_EXACT")
    narrow = dragged_window(exact, QPointF(-900, 0), view_px=1000, reference=1.0, speed=1.0, brighter_down=True)
    assert 0 < narrow.width < 1


def test_shift_is_finer_and_ctrl_faster() -> None:
    modifier = Qt.KeyboardModifier
    assert speed_of(modifier.NoModifier) == 1.0
    assert speed_of(modifier.ShiftModifier) < 1.0 < speed_of(modifier.ControlModifier)
    assert _dragged(100, 0, speed=0.25).width == 1050.0


def test_a_dragged_window_is_no_longer_the_one_of_the_file() -> None:
    assert _dragged(1, 0, window=Window(10, 20, "SIGMOID", "LUNG")).explanation == ""
    assert _dragged(1, 0, window=Window(10, 20, "SIGMOID", "LUNG")).function == "SIGMOID"


def test_zooming_there_and_back_ends_where_it_began() -> None:
    assert drag_zoom(QPointF(0, -50), 1.0) > 1
    assert math.isclose(drag_zoom(QPointF(0, -50), 1.0) * drag_zoom(QPointF(0, 50), 1.0), 1.0)
    assert math.isclose(wheel_zoom(120) * wheel_zoom(-120), 1.0)


def test_a_press_that_hardly_moves_is_a_click() -> None:
    drag = Drag(Qt.MouseButton.RightButton, "zoom", QPointF(10, 10), QPointF(10, 10), None)
    still, step = drag.at(QPointF(12, 12))
    assert not still.moved
    assert step.isNull()
    going, step = still.at(QPointF(20, 10))
    assert going.moved
    assert step == QPointF(10, 0), "nothing of the way is lost"
    back, step = going.at(QPointF(10, 10))
    assert back.moved, "coming back does not make a click of it"
    assert step == QPointF(-10, 0)


def test_a_touchpad_adds_up_to_steps() -> None:
    notches, steps = Notches().turned(-50)
    assert steps == 0
    notches, steps = notches.turned(-80)
    assert (steps, notches.angle) == (1, -10)
    notches, steps = notches.turned(120)
    assert (steps, notches.angle) == (-1, 0)
