"""A user at a screen: sees what the window tells a screen reader, and acts by mouse and keyboard alone."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from accessible import Eyes, Widget, beside, found
from own_screen import OwnScreen

PATIENCE_S = 180.0  # other work may share the machine
LOOK_S = 0.3

Seen = tuple[Widget, ...]
T = TypeVar("T")


class UserError(Exception):
    """Something did not happen; one sentence says what was waited for."""


def wait(what: str, of: Callable[[], T | None], patience_s: float = PATIENCE_S) -> T:
    """The first answer that is not empty. Raises UserError that names `what` where none comes."""
    deadline = time.monotonic() + patience_s
    while time.monotonic() < deadline:
        answer = of()
        if answer:
            return answer
        time.sleep(LOOK_S)
    raise UserError(f"waited {patience_s:.0f} s in vain for {what}")


@dataclass(frozen=True, slots=True)
class User:
    """`pictures` is the folder for what was on the screen."""

    eyes: Eyes
    screen: OwnScreen
    pictures: Path

    def see(self, what: str, of: Callable[[Seen], T | None], patience_s: float = PATIENCE_S) -> T:
        """Look until something is there. `of` gets all widgets that show."""
        return wait(what, lambda: of(self.eyes.widgets()), patience_s)

    def find(self, role: str, name: str, window: str = "") -> Widget:
        return self.see(f"the {role} “{name}”", lambda seen: found(seen, role, name, window))

    def click(self, role: str, name: str, window: str = "") -> None:
        self._click_on(f"the {role} “{name}”", lambda seen: found(seen, role, name, window))

    def pick(self, title: str, entry: str, window: str = "") -> None:
        """Open the box beside a title, and choose the entry by its first letters."""
        self._click_on(f"the box beside “{title}”", lambda seen: beside(seen, "combo box", title, window))
        self.screen.type(entry)
        self.screen.press("Return")
        self.see(f"“{entry}” as {title}", lambda seen: is_chosen(seen, title, entry, window))

    def fill(self, field: str, text: str, window: str = "") -> None:
        """Write over what stands in a field."""
        self.click("text", field, window)
        self.screen.press("ctrl+a")
        self.screen.type(text)
        self.screen.press("Tab")

    def choose_folder(self, title: str, name: str) -> None:
        """Type a name into the file dialog of this title, in which the folder is already listed."""
        self.see(
            f"the dialog “{title}”", lambda seen: any("focused" in widget.states for widget in of_window(seen, title))
        )
        self.screen.type(name)
        self.screen.press("Return")
        self.see(f"the end of the dialog “{title}”", lambda seen: not of_window(seen, title))

    def picture(self, name: str) -> None:
        self.screen.picture(self.pictures / f"{name}.png")

    def _click_on(self, what: str, of: Callable[[Seen], Widget | None]) -> None:
        """Where it rests: a page that is being filled still moves."""
        before: list[Widget] = []

        def resting(seen: Seen) -> Widget | None:
            widget = of(seen)
            if widget is None or before[-1:] == [widget]:
                return widget
            before.append(widget)
            return None

        self.screen.click(self.see(what, resting).middle_px)


def of_window(seen: Seen, title: str) -> Seen:
    """The widgets of a window whose title begins so."""
    return tuple(widget for widget in seen if widget.window.startswith(title))


def is_chosen(seen: Seen, title: str, entry: str, window: str = "") -> bool:
    """Whether the box beside a title shows an entry."""
    box = beside(seen, "combo box", title, window)
    return box is not None and box.name == entry
