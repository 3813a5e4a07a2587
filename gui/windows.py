"""The windows beside the main one that explain and adjust: manual, keys, model card, settings, about. F1 in each."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QWidget

from gui.controller import Controller
from gui.manual import topics
from imaging.release import release

if TYPE_CHECKING:
    from gui.dialogs.settings import SettingsDialog
    from gui.manual.window import ManualWindow


class Windows(QObject):
    """Each is imported when it first opens."""

    def __init__(self, controller: Controller, parent: QWidget) -> None:
        super().__init__(parent)
        self._controller = controller
        self._parent = parent
        self._manual: ManualWindow | None = None  # kept: the page that was read stays

    def show_manual(self, topic: str = "index") -> None:
        """The manual, at a page or a heading of it."""
        if self._manual is None:
            from gui.manual.window import ManualWindow

            self._manual = ManualWindow(self._controller.jobs, self._parent)
        self._manual.show_topic(topic)
        _to_front(self._manual)
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
            self._open(model_card_dialog(model, self._parent), topics.CARD)

    def show_keys(self) -> None:
        """Every key, and what the mouse does."""
        from gui.dialogs.help import help_dialog

        self._open(help_dialog(self._parent), topics.KEYS)

    def show_about(self) -> None:
        """The versions."""
        from gui.dialogs.about import about_dialog

        self._open(about_dialog(release().words, self._parent), "index")

    def show_settings(self) -> SettingsDialog:
        """The settings, each with its lock where the administrator has set it."""
        from gui.dialogs.settings import SettingsDialog

        dialog = SettingsDialog(self._controller.preferences, self._parent)
        self._open(dialog, topics.SETTINGS)
        return dialog

    def close(self) -> None:
        """The program ends."""
        if self._manual is not None:
            self._manual.close()

    def _open(self, dialog: QWidget, topic: str) -> None:
        self.explain(dialog, lambda: topic)
        dialog.show()


def _to_front(window: QWidget) -> None:
    window.show()
    window.raise_()
    window.activateWindow()
