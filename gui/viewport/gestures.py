"""What a drag or a turn of the wheel means. Pure functions; positions are logical pixels of the view."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, Qt

if TYPE_CHECKING:
    from imaging.image import Window

CLICK_SLOP_PX = 4.0  # a press that moves less is a click
FINE, FAST = 0.25, 4.0
VIEW_SPAN = 2.0  # a drag across the whole view changes the width by this many times itself
ZOOM_SPAN_PX = 220.0  # a drag of this length zooms by e
WHEEL_NOTCH = 120  # QWheelEvent.angleDelta of one notch of a common mouse
WHEEL_ZOOM = 1.2


@dataclass(frozen=True, slots=True)
class Drag:
    """A button held down, and the name of the tool that it drags with. `start_window` is the window it began with, None
    where the film has none to move.
    """

    button: Qt.MouseButton
    tool: str
    start_view: QPointF
    last_view: QPointF
    start_window: Window | None
    moved: bool = False

    def at(self, pos_view: QPointF) -> tuple[Drag, QPointF]:
        """The drag with the cursor here, and the step to apply: none until it has left the click's slop."""
        away = pos_view - self.start_view
        if not self.moved and math.hypot(away.x(), away.y()) < CLICK_SLOP_PX:
            return self, QPointF(0, 0)
        return replace(self, last_view=pos_view, moved=True), pos_view - self.last_view


def speed_of(modifiers: Qt.KeyboardModifier) -> float:
    """Shift is finer, Ctrl faster, both together as without."""
    speed = 1.0
    if modifiers & Qt.KeyboardModifier.ShiftModifier:
        speed *= FINE
    if modifiers & Qt.KeyboardModifier.ControlModifier:
        speed *= FAST
    return speed


def dragged_window(
    window: Window, step_view: QPointF, *, view_px: float, reference: float, speed: float, brighter_down: bool
) -> Window:
    """The window after the cursor moved by `step_view`: right is wider; down is brighter, or darker (IHE BIR, 4.16).

    `reference` is the width, in modality units, to which the drag's sensitivity is scaled; `view_px` the view's size
    across. Brighter means a lower centre here: the caller turns it round for a film that is shown inverted.
    """
    unit = reference * VIEW_SPAN * speed / max(view_px, 1.0)
    narrowest = 1.0 if window.function == "LINEAR" else min(1.0, reference / 256)
    width = max(narrowest, window.width + step_view.x() * unit)
    center = window.center - step_view.y() * unit * (1.0 if brighter_down else -1.0)
    return replace(window, center=center, width=width, explanation="")


def drag_zoom(step_view: QPointF, speed: float) -> float:
    """The factor of a drag: up zooms in."""
    return math.exp(-step_view.y() * speed / ZOOM_SPAN_PX)


def wheel_zoom(angle: float, speed: float = 1.0) -> float:
    """The factor of a turn of the wheel by `angle` (eighths of a degree)."""
    return float(WHEEL_ZOOM ** (angle * speed / WHEEL_NOTCH))


@dataclass(frozen=True, slots=True)
class Notches:
    """Turns of a smooth wheel or a touchpad, added up until they make whole steps."""

    angle: int = 0

    def turned(self, angle: int) -> tuple[Notches, int]:
        """The rest, and the steps that are full: positive downwards (the next film). A turn back starts afresh."""
        total = angle if self.angle * angle < 0 else self.angle + angle
        steps = int(total / WHEEL_NOTCH)
        return Notches(total - steps * WHEEL_NOTCH), -steps
