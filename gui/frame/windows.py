"""The windows beside the main one that explain and adjust: manual, keys, model card, settings, about. F1 in each."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar, cast

from PySide6.QtCore import QObject
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QDialog, QWidget

from gui.controller import Controller
from gui.manual import topics
from gui.process.program import Program

if TYPE_CHECKING:
    from gui.dialogs.settings import SettingsDialog
    from gui.manual.window import ManualWindow

D = TypeVar("D", bound=QDialog)


class Windows(QObject):
    """Each is imported when it first opens, and comes to the front where it is open already."""

    def __init__(self, controller: Controller, parent: QWidget) -> None:
        super().__init__(parent)
        self._controller = controller
        self._parent = parent
        self._manual: ManualWindow | None = None  # kept: the page that was read stays
        self._dialogs: dict[str, QDialog] = {}  # those that are open, by what they show

    def show_manual(self, topic: str = "index") -> None:
        """The manual, at a page or a heading of it."""
        if self._manual is None:
            from gui.manual.window import ManualWindow

            self._manual = ManualWindow(self._controller.jobs, self._parent)
        self._manual.show_topic(topic)
        to_front(self._manual)
        self._manual.view.setFocus()  # the keys scroll

    @property
    def manual(self) -> ManualWindow | None:
        """The manual's window, once it was asked for."""
        return self._manual

    def explain(self, window: QWidget, topic: Callable[[], str]) -> None:
        """Let F1 in this window open the manual at what the cursor is over there, or else at `topic`."""
        shortcut = QShortcut(QKeySequence("F1"), window)
        shortcut.activated.connect(lambda: self.show_manual(topics.topic_in(window, topic())))

    def show_model_card(self) -> None:
        """The whole card of the chosen model."""
        from gui.dialogs.model_card import model_card_dialog

        model = self._controller.review.model
        if model is not None:
            self._show(model.id, lambda: model_card_dialog(model, self._parent), topics.CARD)

    def show_keys(self) -> None:
        """Every key, and what the mouse does."""
        from gui.dialogs.help import help_dialog

        self._show("keys", lambda: help_dialog(self._parent), topics.KEYS)

    def show_about(self) -> None:
        """The versions."""
        self._controller.program.ask(self._show_about)

    def _show_about(self, program: Program) -> None:
        from gui.dialogs.about import about_dialog

        self._show("about", lambda: about_dialog(program.release.words, self._parent), "index")

    def show_settings(self) -> SettingsDialog:
        """The settings, each with its lock where the administrator has set it."""
        from gui.dialogs.settings import SettingsDialog

        preferences = self._controller.preferences
        return self._show("settings", lambda: SettingsDialog(preferences, self._parent), topics.SETTINGS)

    def close(self) -> None:
        """The program ends."""
        if self._manual is not None:
            self._manual.close()

    def _show(self, name: str, make: Callable[[], D], topic: str) -> D:
        dialog = self._dialogs.get(name)
        if dialog is None:
            dialog = self._dialogs[name] = make()
            dialog.finished.connect(lambda _: self._dialogs.pop(name, None))
            self.explain(dialog, lambda: topic)
        to_front(dialog)
        return cast(D, dialog)


def to_front(window: QWidget) -> None:
    """Show a window before all others of the program, with the keyboard."""
    window.show()
    window.raise_()
    window.activateWindow()
