"""Connects the actions to the use cases and to the view. One place says what each of them does."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QWidget

from gui.controller import Controller
from gui.frame.showing import Showing
from gui.frame.windows import Windows
from gui.frame.work_windows import WorkWindows
from gui.jobs import Lane
from gui.manual import topics
from gui.process.program import Program
from gui.viewport.film_view import FilmView
from gui.viewport.tools import TOOLS, Tool
from imaging.site import LOCKED

ZOOM_STEP = 1.25
# Actions that are settings as well.
LOCKABLE = ("hide_patient", "graphics", "corner_text", "analyse_on_opening", "views")
REPORT = "negatoscope-report.zip"


class Commands(QObject):
    """Listens to the actions; keeps those with a state in step with it. Dialogs are imported when they open."""

    told = Signal(str)  # something for the status bar

    def __init__(
        self,
        actions: Mapping[str, QAction],
        controller: Controller,
        view: FilmView,
        showing: Showing,
        window: QWidget,
    ) -> None:
        super().__init__(window)
        self._actions = actions
        self._controller = controller
        self._view = view
        self._showing = showing
        self._window = window
        self.windows = Windows(controller, window)
        self.work = WorkWindows(actions, controller, self.windows, window)
        self.work.told.connect(self.told)
        for table in (self._file_and_edit(), self._view_and_tools(), self._ai_and_help()):
            for name, act in table.items():
                actions[name].triggered.connect(lambda _=False, act=act: act())
        self._follow_state()

    def _file_and_edit(self) -> dict[str, Callable[[], object]]:
        controller = self._controller
        return {
            "open_files": self._ask_for_files,
            "open_folder": self._ask_for_folder,
            "practice": controller.open_practice_films,
            "close_films": self._close_films,
            "quit": self._window.close,
            "undo": controller.deciding.undo,
            "redo": controller.deciding.redo,
            "settings": self.windows.show_settings,
        }

    def _view_and_tools(self) -> dict[str, Callable[[], object]]:
        controller, view, actions = self._controller, self._view, self._actions
        visibility = controller.review.visibility
        return {
            "film_next": lambda: controller.step_film(1),
            "film_previous": lambda: controller.step_film(-1),
            "study_next": lambda: controller.step_study(1),
            "study_previous": lambda: controller.step_study(-1),
            "fit": view.fit,
            "one_to_one": view.one_to_one,
            "zoom_in": lambda: view.zoom_by(ZOOM_STEP),
            "zoom_out": lambda: view.zoom_by(1 / ZOOM_STEP),
            "invert": lambda: view.set_inverted(actions["invert"].isChecked()),
            "rotate_right": lambda: view.rotate(1),
            "rotate_left": lambda: view.rotate(-1),
            "flip": view.flip_horizontal,
            "flip_vertical": view.flip_vertical,
            "reset": view.reset,
            "corner_text": self._showing.cycle_corner_text,
            "graphics": lambda: self._change("graphics"),
            "hide_patient": lambda: visibility.set_patient_hidden(actions["hide_patient"].isChecked()),
            "full_screen": self._toggle_full_screen,
            **{f"tool_{name}": partial(view.set_tool, name) for name in TOOLS},
        }

    def _ai_and_help(self) -> dict[str, Callable[[], object]]:
        controller, visibility = self._controller, self._controller.review.visibility
        return {
            "overlay": controller.toggle_overlay,
            "ai_visible": lambda: visibility.set_ai_visible(not visibility.ai_visible),
            "next_flagged": controller.go_to_next_flagged,
            "seen": self.work.toggle_seen,
            "cancel": controller.cancel,
            "resume": controller.analysing.resume,
            "analyse_on_opening": lambda: self._change("analyse_on_opening"),
            "views": lambda: self._change("views"),
            "check_model": self.work.show_check,
            "train_model": self.work.show_wizard,
            "manual": self._show_manual,
            "help": self.windows.show_keys,
            "model_card": self.windows.show_model_card,
            "support": self._ask_where_to_report,
            "about": self.windows.show_about,
        }

    def _follow_state(self) -> None:
        review, stack = self._controller.review, self._controller.deciding.undo_stack
        visibility = review.visibility
        self._actions[f"tool_{self._view.tool.name}"].setChecked(True)
        for changed in (visibility.overlay_changed, visibility.ai_toggled, visibility.patient_toggled):
            changed.connect(self._show_state)
        for name, can in (("undo", stack.canUndoChanged), ("redo", stack.canRedoChanged)):
            self._actions[name].setEnabled(False)
            can.connect(self._actions[name].setEnabled)
        review.model_changed.connect(self._show_state)
        self._controller.preferences.changed.connect(self._show_state)
        review.film_selected.connect(self._show_state)
        review.scan_changed.connect(self._show_state)
        self._controller.analysing.queue_changed.connect(self._show_state)
        self._view.view_changed.connect(self._show_view)
        self._view.tool_changed.connect(self._show_tool)
        self._show_state()

    def _show_state(self, *_: object) -> None:
        review, progress = self._controller.review, self._controller.analysing.progress
        visibility = review.visibility
        self._actions["overlay"].setChecked(visibility.overlay_visible)
        self._actions["ai_visible"].setChecked(visibility.ai_visible)
        self._actions["hide_patient"].setChecked(visibility.patient_hidden)
        for name in ("model_card", "check_model"):
            self._actions[name].setEnabled(review.model is not None)
        self._actions["cancel"].setEnabled(progress.active or review.scanning)
        self._actions["resume"].setEnabled(progress.stopped)
        self._actions["resume"].setText("Analyse these films" if progress.held else "Go on analysing")
        for name in ("analyse_on_opening", "views", "graphics"):
            self._actions[name].setChecked(self._controller.preferences.settings.flag(name))
        self._show_locks()
        for name in ("close_films", "film_next", "film_previous"):
            self._actions[name].setEnabled(bool(review.entries))
        self._actions["next_flagged"].setEnabled(bool(review.entries) and visibility.ai_visible)

    def _show_locks(self) -> None:
        """What the administrator has set cannot be changed from the menu either."""
        locked = self._controller.preferences.settings.locked
        for name in LOCKABLE:
            if name in locked:
                self._actions[name].setEnabled(False)
                self._actions[name].setToolTip(LOCKED)

    def _show_view(self) -> None:
        self._actions["invert"].setChecked(self._view.inverted)

    def _show_tool(self, tool: Tool) -> None:
        self._actions[f"tool_{tool.name}"].setChecked(True)

    def name_training(self, program: Program) -> None:
        """What the menu offers where there is no PyTorch to train with."""
        if not program.has_torch:
            self._actions["train_model"].setText("How to train a model…")

    def close_windows(self) -> None:
        """The program ends."""
        self.windows.close()
        self.work.close()

    def _change(self, setting: str) -> None:
        """A setting that the menu turns on and off."""
        self._controller.preferences.change(setting, self._actions[setting].isChecked())

    def _show_manual(self) -> None:
        """At what the cursor is over; else at how to begin, or at reading where films are open."""
        usual = topics.READING if self._controller.review.entries else topics.EMPTY
        self.windows.show_manual(topics.topic_in(self._window, usual))

    def _ask_where_to_report(self) -> None:
        from PySide6.QtWidgets import QFileDialog

        name, _ = QFileDialog.getSaveFileName(self._window, "A report for support", REPORT, "Zip files (*.zip)")
        if name:
            self.save_report(Path(name))

    def save_report(self, target: Path) -> None:
        """Write what support needs; the status bar says what came of it."""
        self._controller.jobs.submit(
            Lane.IO,
            lambda token, progress: write_report(target),
            done=lambda _: self.told.emit("The report for support is written. Read it before you send it."),
            failed=lambda error: self.told.emit(error.message),
            words="Gathering the report…",
        )

    def _close_films(self) -> None:
        focused = self._window.focusWidget()
        if focused is not None:
            focused.clearFocus()  # a note that is being written is stored while its film is still known
        self._controller.close_films()

    def _ask_for_files(self) -> None:
        from PySide6.QtWidgets import QFileDialog

        names, _ = QFileDialog.getOpenFileNames(self._window, "Open films")
        self._controller.opening.open_paths([Path(name) for name in names])

    def _ask_for_folder(self) -> None:
        from PySide6.QtWidgets import QFileDialog

        name = QFileDialog.getExistingDirectory(self._window, "Open a folder of films")
        self._controller.opening.open_paths([Path(name)] if name else [])

    def _toggle_full_screen(self) -> None:
        full = self._window.isFullScreen()
        (self._window.showNormal if full else self._window.showFullScreen)()
        self._actions["full_screen"].setChecked(not full)


# On a worker's thread.


def write_report(target: Path) -> None:
    """Raises NegatoscopeError where it cannot be written."""
    from inference.support_bundle import write_support_bundle

    write_support_bundle(target)
