"""TOOLS: what a drag does, one row a tool. Its menu entry, key, button and cursor follow from the row."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, Qt

from gui.viewport.gestures import Drag, drag_zoom
from gui.viewport.window_tool import drag_window

if TYPE_CHECKING:
    from gui.viewport.film_view import FilmView

Dragged = Callable[["FilmView", Drag, QPointF, float], None]  # the view, the drag, its step in logical px, the speed


@dataclass(frozen=True, slots=True)
class Tool:
    """`cursor` while the tool is in hand, `held` while it drags. The first tool is in hand when the window opens."""

    name: str
    title: str
    key: str
    icon: str
    tip: str
    drag: Dragged
    cursor: Qt.CursorShape = Qt.CursorShape.ArrowCursor
    held: Qt.CursorShape | None = None


def _zoom(view: FilmView, drag: Drag, step_view: QPointF, speed: float) -> None:
    view.zoom_by(drag_zoom(step_view, speed), view.to_device(drag.start_view))


def _pan(view: FilmView, drag: Drag, step_view: QPointF, speed: float) -> None:
    view.pan_by(view.to_device(step_view))


WINDOW, ZOOM, PAN = "window", "zoom", "pan"
_SIZE, _OPEN, _CLOSED = Qt.CursorShape.SizeVerCursor, Qt.CursorShape.OpenHandCursor, Qt.CursorShape.ClosedHandCursor
_ALL = (
    Tool(WINDOW, "Window", "W", "window", "Drag: right is wider, down is brighter", drag_window),
    Tool(ZOOM, "Zoom", "Z", "zoom", "Drag up and down", _zoom, _SIZE),
    Tool(PAN, "Pan", "T", "pan", "Drag the film", _pan, _OPEN, _CLOSED),
)
TOOLS: Mapping[str, Tool] = MappingProxyType({tool.name: tool for tool in _ALL})


def tool_of(button: Qt.MouseButton, in_hand: Tool) -> Tool | None:
    """The tool that a button drags with: left the one in hand, middle pans, right zooms. None for other buttons."""
    return {
        Qt.MouseButton.LeftButton: in_hand,
        Qt.MouseButton.MiddleButton: TOOLS[PAN],
        Qt.MouseButton.RightButton: TOOLS[ZOOM],
    }.get(button)
