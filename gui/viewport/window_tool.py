"""The tool that drags window and level."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF

from gui.viewport.gestures import Drag, dragged_window

if TYPE_CHECKING:
    from gui.viewport.film_view import FilmView
    from imaging.image import Voi, Window

NARROWEST_REFERENCE = 1 / 64  # of the full range: from a sliver of a window a drag still leads back


def drag_window(view: FilmView, drag: Drag, step_view: QPointF, speed: float) -> None:
    """Right is wider, down is brighter, or darker where the reader wants it so."""
    from imaging.show.window import full_range

    window, film = as_window(view.voi), view.film
    if window is None or film is None or drag.start_window is None:
        return
    reference = max(drag.start_window.width, full_range(film.image).width * NARROWEST_REFERENCE)
    # Brighter to the eye: where the greys are turned round, that is a higher centre.
    turned_round = film.image.inverted != view.inverted
    moved = dragged_window(
        window,
        step_view,
        view_px=min(view.width(), view.height()),
        reference=reference,
        speed=speed * view.drag_speed,
        brighter_down=view.brighter_down != turned_round,
    )
    view.set_voi(moved)
    view.window_changed.emit(moved)


def as_window(voi: Voi | None) -> Window | None:
    """A window to drag from: the one in force, or the range that a VOI LUT covers."""
    from imaging.image import Window

    if voi is None or isinstance(voi, Window):
        return voi
    return Window(voi.first + len(voi.values) / 2, float(len(voi.values)), "LINEAR_EXACT")
