"""The windows beside the main one in which something is done: what the model sees, the check, the training wizard."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QWidget

from gui.controller import Controller
from gui.frame.windows import Windows, to_front
from gui.manual import topics
from gui.process.program import Program
from imaging.release import NO_TRAINING
from imaging.study import ImageRef

if TYPE_CHECKING:
    from gui.dialogs.check_model import CheckDialog
    from gui.dialogs.seen import SeenDialog
    from gui.wizard.window import WizardWindow

STEPS = ("film_next", "film_previous", "study_next", "study_previous", "next_flagged", "seen")
TRAINING = "A run was started in the background: AI, Train a model shows how it stands."


class WorkWindows(QObject):
    """Each is made when it is first asked for and kept from then on: what is done in it goes on while it is closed."""

    told = Signal(str)  # something for the status bar

    def __init__(
        self, actions: Mapping[str, QAction], controller: Controller, windows: Windows, parent: QWidget
    ) -> None:
        super().__init__(parent)
        self._actions = actions
        self._controller = controller
        self._windows = windows
        self._parent = parent
        self._seen: SeenDialog | None = None
        self._check: CheckDialog | None = None
        self._wizard: WizardWindow | None = None

    @property
    def seen(self) -> SeenDialog | None:
        """What the model sees, once it was asked for."""
        return self._seen

    def toggle_seen(self) -> None:
        """Show or hide what the model sees of the film."""
        if self._seen is None:
            from gui.dialogs.seen import SeenDialog

            self._seen = SeenDialog(self._controller.seen, [self._actions[name] for name in STEPS], self._parent)
            self._seen.shown_changed.connect(self._actions["seen"].setChecked)
            self._windows.explain(self._seen, lambda: topics.SEEN)
        self._seen.setVisible(not self._seen.isVisible())

    @property
    def check(self) -> CheckDialog | None:
        """The check, once it was asked for."""
        return self._check

    def show_check(self) -> None:
        """The check of the chosen model on the reader's own films: begun, under way or done."""
        if self._check is None:
            from gui.dialogs.check_model import CheckDialog

            self._check = CheckDialog(self._controller.checking, self._controller.review, self._parent)
            self._check.film_asked.connect(self._controller.show_films)
            self._windows.explain(self._check, lambda: topics.CHECK)
        to_front(self._check)

    @property
    def wizard(self) -> WizardWindow | None:
        """The wizard's window, once it was asked for."""
        return self._wizard

    def show_wizard(self) -> None:
        """The wizard that trains a model, where it was left; without PyTorch, how to get it."""
        self._controller.program.ask(self._show_training)

    def _show_training(self, program: Program) -> None:
        if not program.has_torch:
            from gui.dialogs.message import message_dialog

            message_dialog(NO_TRAINING, self._parent).open()
            return
        if self._wizard is None:
            self._wizard = self._make_wizard()
        to_front(self._wizard)

    def _make_wizard(self) -> WizardWindow:
        from gui.training import Training
        from gui.wizard.window import WizardWindow

        controller, review = self._controller, self._controller.review
        wizard = WizardWindow(Training(controller.jobs, self), self._parent)
        wizard.film_asked.connect(self._show_films_of_wizard)
        wizard.point_chosen.connect(review.choose_sensitivities)
        wizard.hide_names(hidden=review.visibility.patient_hidden)
        review.visibility.patient_toggled.connect(lambda hidden: wizard.hide_names(hidden=hidden))
        wizard.bundle_asked.connect(lambda place: controller.choose_model(str(place)))
        wizard.training.run_started.connect(lambda _: self.told.emit(TRAINING))
        self._windows.explain(wizard, lambda: topics.WIZARD[wizard.current])
        return wizard

    def _show_films_of_wizard(self, films: Sequence[ImageRef], chosen: ImageRef) -> None:
        """Out of the way of the film; the menu leads back to where the wizard was left."""
        assert self._wizard is not None
        self._wizard.hide()
        self._controller.show_films(films, chosen)
        self._parent.activateWindow()

    def close(self) -> None:
        """The program ends."""
        for window in (self._wizard, self._seen):
            if window is not None:
                window.close()
