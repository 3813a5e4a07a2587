"""The window: composes panels, list and view, and takes what is dropped on it. It decides nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, Qt, QTimer, Signal
from PySide6.QtGui import (
    QAction,
    QCloseEvent,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDropEvent,
    QKeyEvent,
    QPaintEvent,
    QResizeEvent,
    QShowEvent,
)
from PySide6.QtWidgets import QAbstractButton, QApplication, QComboBox, QHBoxLayout, QMainWindow, QVBoxLayout, QWidget

from gui import actions as action_table
from gui.commands import Commands
from gui.controller import Controller
from gui.films.drops import dropped_paths
from gui.frame.empty_state import DropVeil, EmptyState
from gui.frame.panel_table import PANELS
from gui.frame.showing import Showing
from gui.frame.side_column import SideColumn
from gui.frame.top_bar import TopBar
from gui.frame.windowing import Windowing
from gui.manual.topics import set_topic
from gui.panels.box import rule, upright
from gui.panels.findings import FindingsPanel
from gui.panels.heat_map import HeatMapPanel
from gui.panels.model_card import ModelPanel
from gui.panels.second import SecondBox
from gui.panels.sensitivity import SensitivityPanel
from gui.panels.similar import SimilarPanel
from gui.panels.status_bar import StatusBar
from gui.process.program import Program
from gui.study_list import StudyList
from gui.viewport.film_view import FilmView

if TYPE_CHECKING:
    from gui.viewport.readout import CursorReadout

MINIMUM_PX = (1024, 640)
USUAL_PX = (1600, 1000)


class MainWindow(QMainWindow):
    """List on the left, film in the middle, what the model says on the right."""

    shown = Signal()  # painted for the first time

    def __init__(self, controller: Controller) -> None:
        super().__init__()
        self.controller = controller
        self.actions_by_name = action_table.build(self)
        self._menus = action_table.fill_menus(self, self.actions_by_name)
        review = controller.review
        self.view = FilmView()
        self.showing = Showing(review, controller.reading, self.view, self)
        self.top_bar = TopBar(self.actions_by_name, self._menus, review)
        self.study_list = StudyList(review, controller.thumbnails)
        self.side = SideColumn({row.name: row.make(controller) for row in PANELS})
        self.findings, self.model_panel = self.side.of(FindingsPanel), self.side.of(ModelPanel)
        self.sensitivity, self.heat_map = self.side.of(SensitivityPanel), self.side.of(HeatMapPanel)
        self.similar = self.side.of(SimilarPanel)
        self.second = SecondBox(review, controller.second)
        self.findings.column.addWidget(self.second)
        self.status = StatusBar(review)
        self.empty = EmptyState(self.actions_by_name, self.view)
        self._lay_out()
        self._veil = DropVeil(self)
        self.commands = Commands(self.actions_by_name, controller, self.view, self.showing, self)
        self.windowing = Windowing(self.view, self, self._menus["Tools"])
        self._connect()
        self._was_shown = self._was_painted = False

    @property
    def settled(self) -> bool:
        """Nothing is going on, and everything that is known is shown."""
        parts = (self.controller, self.controller.thumbnails, self.showing, self.study_list)
        return all(part.settled for part in parts)

    def show_program(self, program: Program) -> None:
        """Say which flavour runs, and what it can't do."""
        self.status.show_release(program.release)
        self.commands.name_training(program)

    def _lay_out(self) -> None:
        self.setWindowTitle("Negatoscope")
        self.setAcceptDrops(True)
        self.setMinimumSize(*MINIMUM_PX)
        self.resize(*USUAL_PX)
        self._list_line, self._side_line = upright(), upright()
        middle = QHBoxLayout()
        middle.setSpacing(0)
        for widget in (self.study_list, self._list_line):
            middle.addWidget(widget)
        middle.addWidget(self.view, 1)
        for widget in (self._side_line, self.side):
            middle.addWidget(widget)
        central = QWidget()
        whole = QVBoxLayout(central)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(0)
        whole.addWidget(self.top_bar)
        whole.addWidget(rule())
        whole.addLayout(middle, 1)
        whole.addWidget(rule())
        whole.addWidget(self.status)
        self.setCentralWidget(central)

    def _connect(self) -> None:
        controller, review, preferences = self.controller, self.controller.review, self.controller.preferences
        self.study_list.row_picked.connect(review.select)
        self.top_bar.model_picked.connect(controller.choose_model)
        controller.models.models_found.connect(self.top_bar.show_models)
        controller.seen.changed.connect(self._show_outline)
        self.view.cursor_moved.connect(self._show_cursor)
        self.view.film_step_requested.connect(controller.step_film)
        self.empty.recent_picked.connect(lambda path: controller.opening.open_paths([path]))
        controller.memory.recent_changed.connect(self.empty.show_recent)
        review.visibility.patient_toggled.connect(self.empty.hide_recent)
        preferences.changed.connect(self._follow_preferences)
        review.visibility.patient_toggled.connect(lambda hidden: preferences.change("hide_patient", hidden))
        self.showing.text_mode_chosen.connect(lambda mode: preferences.change("corner_text", mode))
        controller.jobs.crashed.connect(self._show_crash)
        for changed in (review.films_added, review.films_closed, review.scan_changed):
            changed.connect(self._show_emptiness)
        self._connect_status()
        self._connect_panels()
        self._toggles("show_list", self.study_list, self._list_line)
        self._toggles("show_status", self.status)
        self._show_emptiness()

    def _connect_status(self) -> None:
        """The foot of the window says what goes on and what went wrong."""
        controller = self.controller
        controller.analysing.queue_changed.connect(self.status.show_queue)
        self.status.cancel_asked.connect(controller.cancel)
        self.status.resume_asked.connect(controller.analysing.resume)
        for told in (controller.checking.told, self.commands.told, controller.memory.noticed):
            told.connect(self.status.show_message)
        use_cases = (controller.opening, controller.analysing, controller.checking, controller.memory)
        for failing in (*use_cases, controller.preferences):
            failing.failed.connect(self.status.show_message)
        controller.jobs.slow.changed.connect(self.status.show_slow)

    def _connect_panels(self) -> None:
        controller, review = self.controller, self.controller.review
        self.findings.gate.insist_asked.connect(controller.analysing.insist)
        self.findings.gate.take_back_asked.connect(review.take_back)
        self.similar.film_picked.connect(lambda key: review.select(review.row_of(key)))
        for asked in (self.findings.check_asked, self.sensitivity.check_asked):
            asked.connect(self.commands.work.show_check)
        self.sensitivity.own_points_asked.connect(controller.checking.use_own_points)
        self.model_panel.card_asked.connect(self.commands.windows.show_model_card)
        for row in PANELS:
            self._connect_panel(self.actions_by_name[row.action], row.name)
            set_topic(self.side.panel(row.name), row.topic)

    def _connect_panel(self, action: QAction, panel: str) -> None:
        action.setChecked(True)
        action.toggled.connect(lambda shown: self.side.show_panel(panel, shown))
        action.toggled.connect(lambda _: self._side_line.setVisible(not self.side.isHidden()))

    def _toggles(self, name: str, *widgets: QWidget) -> None:
        self.actions_by_name[name].setChecked(True)
        for widget in widgets:
            self.actions_by_name[name].toggled.connect(widget.setVisible)

    def _show_emptiness(self, *_: object) -> None:
        """The invitation stands where nothing is open and nothing is being looked for."""
        review = self.controller.review
        is_empty = not review.entries and not review.scanning
        if not is_empty and self.empty.isAncestorOf(self.focusWidget() or self):
            self.view.setFocus()  # or it goes on to a slider, which the keys for the next film would move
        self.empty.setVisible(is_empty)
        self._place_overlays()

    def _show_outline(self) -> None:
        film = self.controller.seen.film
        self.view.set_outline(film.rect if film is not None else None)

    def _show_cursor(self, readout: CursorReadout | None) -> None:
        self.status.show_cursor(f"x {readout.x_px}  y {readout.y_px} · {readout.value_text}" if readout else "")

    def _follow_preferences(self) -> None:
        settings = self.controller.preferences.settings
        self.view.set_drag(speed=settings.number("drag_speed"), brighter_down=settings.text("drag_down") == "brighter")
        self.view.set_wheel_zooms(settings.text("wheel") == "zoom")
        self.view.set_opening_sizing(settings.text("opening_zoom"))
        self.view.set_text_mode(settings.text("corner_text"))
        self.view.set_graphics_shown(settings.flag("graphics"))
        self.controller.review.visibility.set_patient_hidden(settings.flag("hide_patient"))

    def _show_crash(self, sentence: str) -> None:
        from gui.dialogs.message import message_dialog

        message_dialog(sentence, self).open()

    def _place_overlays(self) -> None:
        self.empty.setGeometry(self.view.rect())

    # Events

    def event(self, event: QEvent) -> bool:
        # Space presses the button or opens the list that has the focus; everywhere else it shows and hides the AI.
        if (
            event.type() == QEvent.Type.ShortcutOverride
            and isinstance(event, QKeyEvent)
            and event.key() == Qt.Key.Key_Space
            and isinstance(QApplication.focusWidget(), QAbstractButton | QComboBox)
        ):
            event.accept()
            return True
        return super().event(event)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._place_overlays()
        if not self._was_shown:
            self.view.setFocus()
            self._was_shown = True

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if not self._was_painted and self.isVisible():
            self._was_painted = True
            QTimer.singleShot(0, self, self.shown.emit)  # the panels are painted after the window itself

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._veil.setGeometry(self.rect())
        self._place_overlays()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if dropped_paths(event.mimeData()):
            event.acceptProposedAction()
            self._veil.raise_()
            self._veil.show()

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        self._veil.hide()

    def dropEvent(self, event: QDropEvent) -> None:
        self._veil.hide()
        event.acceptProposedAction()
        self.controller.opening.open_paths(dropped_paths(event.mimeData()))

    def closeEvent(self, event: QCloseEvent) -> None:
        focused = self.focusWidget()
        if focused is not None:
            focused.clearFocus()  # a note that is being written is handed over
        self.commands.close_windows()
        self.controller.close()
        super().closeEvent(event)
