"""What a window tells a screen reader: its widgets by role, name, state and place.

Qt answers on D-Bus (AT-SPI 2) to whoever asks, so a program can be watched from outside, a frozen one too, with nothing
of ours inside it. What has no name here has none for a blind reader either.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

_SPI = "org.a11y.atspi."
_ROOT = "/org/a11y/atspi/accessible/root"
# Bits of a widget's state (at-spi2-core, Accessibility_StateType) that matter to who wants to use it.
_STATES = {4: "checked", 8: "enabled", 12: "focused", 23: "selected", 25: "showing"}
_SCREEN = 0  # the frame of places: pixels of the whole screen
_PATIENCE_S = 20.0


@dataclass(frozen=True, slots=True)
class Widget:
    """`window` is the title of the window that it stands in, `rect_px` x, y, width and height on the screen."""

    window: str
    role: str
    name: str
    states: frozenset[str]
    rect_px: tuple[int, int, int, int]

    @property
    def middle_px(self) -> tuple[int, int]:
        x, y, width, height = self.rect_px
        return x + width // 2, y + height // 2


class Eyes:
    """Reads the windows of all programs on a bus. Raises ConnectionError and OSError where there is none."""

    def __init__(self, address: str) -> None:
        from jeepney.io.blocking import open_dbus_connection

        self._bus = open_dbus_connection(address)

    def close(self) -> None:
        self._bus.close()

    def widgets(self) -> tuple[Widget, ...]:
        """Everything that shows now, a window after the other, each from its top to its leaves."""
        names: list[str] = self._ask("org.freedesktop.DBus", "/", "org.freedesktop.DBus", "ListNames") or []
        programs = [name for name in names if name.startswith(":") and name != self._bus.unique_name]
        return tuple(
            widget
            for program in programs
            for window in self._children(program, _ROOT)
            for widget in self._below(*window, title=None)
        )

    def _below(self, program: str, path: str, title: str | None) -> Iterator[Widget]:
        """A widget and those in it. It may be gone between two questions: then it is left out."""
        name = self._ask(program, path, "org.freedesktop.DBus.Properties", "Get", "ss", f"{_SPI}Accessible", "Name")
        role = self._ask(program, path, f"{_SPI}Accessible", "GetRoleName")
        bits = self._ask(program, path, f"{_SPI}Accessible", "GetState")
        rect = self._ask(program, path, f"{_SPI}Component", "GetExtents", "u", _SCREEN)
        if name is None or role is None or bits is None or rect is None:
            return
        states = frozenset(word for bit, word in _STATES.items() if bits[0] >> bit & 1)
        if "showing" not in states:
            return
        title = name[1] if title is None else title
        yield Widget(title, role, name[1], states, rect)
        for child in self._children(program, path):
            yield from self._below(*child, title=title)

    def _children(self, program: str, path: str) -> list[tuple[str, str]]:
        return self._ask(program, path, f"{_SPI}Accessible", "GetChildren") or []

    def _ask(
        self, program: str, path: str, interface: str, question: str, types: str | None = None, *words: Any
    ) -> Any:
        """The answer, or None where nobody gave one."""
        from jeepney import DBusAddress, MessageType, new_method_call

        asked = new_method_call(DBusAddress(path, program, interface), question, types, words)
        answer = self._bus.send_and_get_reply(asked, timeout=_PATIENCE_S)
        if answer.header.message_type is MessageType.error or not answer.body:
            return None
        return answer.body[0]


def found(widgets: Sequence[Widget], role: str, name: str, window: str = "") -> Widget | None:
    """The first enabled widget of a role whose name begins so, in a window whose title begins so."""
    return next(
        (
            widget
            for widget in widgets
            if widget.role == role
            and widget.name.startswith(name)
            and widget.window.startswith(window)
            and "enabled" in widget.states
        ),
        None,
    )


def beside(widgets: Sequence[Widget], role: str, title: str, window: str = "") -> Widget | None:
    """The enabled widget of a role that stands nearest on the right of a label: a box tells what is chosen in it, and
    not what it is called.
    """
    label = found(widgets, "label", title, window)
    if label is None:
        return None
    right, middle = label.rect_px[0] + label.rect_px[2], label.middle_px[1]
    on_line = [
        widget
        for widget in widgets
        if widget.role == role
        and widget.window == label.window
        and "enabled" in widget.states
        and widget.rect_px[0] >= right
        and widget.rect_px[1] <= middle <= widget.rect_px[1] + widget.rect_px[3]
    ]
    return min(on_line, key=lambda widget: widget.rect_px[0], default=None)
