"""The windows that a film offers: automatic, the file's own by their explanation, the presets, and none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QPoint
from PySide6.QtGui import QAction, QKeySequence, QShortcut
from PySide6.QtWidgets import QMenu, QWidget

from gui.viewport.film_view import FilmView
from gui.viewport.words import voi_words

if TYPE_CHECKING:
    from imaging.image import DecodedImage, Voi

DIGITS = 10


@dataclass(frozen=True, slots=True, eq=False)
class Offer:
    """One window that may be chosen. `key` is its digit, '' beyond 9."""

    name: str
    voi: Voi
    key: str = ""


def offers(image: DecodedImage) -> tuple[Offer, ...]:
    """0: automatic; 1 to 9: the file's own in its order, then the presets; last, without a key, the full range."""
    from imaging.show.window import PRESETS, automatic_window, choices, full_range, preset_window

    automatic = automatic_window(image)
    own = [(voi_words(voi), voi) for voi in choices(image)]
    presets = [(preset.name, preset_window(image, preset, automatic)) for preset in PRESETS]
    keyed = [("Automatic", automatic), *own, *presets]
    made = [Offer(name, voi, str(at) if at < DIGITS else "") for at, (name, voi) in enumerate(keyed)]
    return (*made, Offer("Off: all stored values", full_range(image)))


class Windowing(QObject):
    """Digit keys and a menu for the windows of the film on the view."""

    def __init__(self, view: FilmView, window: QWidget, menu: QMenu) -> None:
        super().__init__(window)
        self._view = view
        self.menu = QMenu("Windows", menu)
        self.menu.aboutToShow.connect(self._fill)
        menu.addSeparator()
        menu.addMenu(self.menu)
        view.context_menu_requested.connect(self._pop_up)
        for digit in range(DIGITS):
            shortcut = QShortcut(QKeySequence(str(digit)), window)
            shortcut.activated.connect(lambda digit=digit: self.choose(str(digit)))

    def choose(self, key: str) -> None:
        """Take the window of a digit, where the film has one."""
        film = self._view.film
        if film is not None:
            for offer in offers(film.image):
                if offer.key == key:
                    self._view.set_voi(offer.voi)

    def _fill(self) -> None:
        self.menu.clear()
        film = self._view.film
        for offer in offers(film.image) if film is not None else ():
            action = QAction(f"{offer.name}\t{offer.key}", self.menu, checkable=True)
            action.setChecked(offer.voi == self._view.voi)
            action.triggered.connect(lambda _=False, voi=offer.voi: self._view.set_voi(voi))
            self.menu.addAction(action)

    def _pop_up(self, at_screen: QPoint) -> None:
        if self._view.film is not None:
            self.menu.popup(at_screen)
