"""'Check this model on my films': drop labelled films, wait while reading goes on, see what the model is worth here."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtGui import QDragEnterEvent, QDragLeaveEvent, QDropEvent
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFrame,
    QHBoxLayout,
    QPushButton,
    QScrollArea,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from gui.dialogs.base import MARGIN_PX
from gui.dialogs.check_result import ResultPage
from gui.dialogs.check_words import progress_words, what_to_drop
from gui.films.drops import dropped_paths
from gui.frame.labelled_field import LabelledField
from gui.frame.running_page import RunningPage
from gui.panels.box import label
from gui.review import Review
from gui.second_reader.checking import Checking
from gui.theme import font

SIZE_PX = (1060, 660)
WHY = (
    "A model that leaves 90 of 100 healthy films alone in one hospital may leave only 60 alone in the next. 50 to 200 "
    "films of yours, half of them ill, show how this one does here. Nothing leaves this computer."
)


class CheckDialog(QDialog):
    """Not modal: the reader goes on reading. Closed, it only hides, and a check that runs goes on."""

    film_asked = Signal(object, object)  # tuple[ImageRef, ...], ImageRef

    def __init__(self, checking: Checking, review: Review, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._checking = checking
        self._review = review
        self._asks = False  # the reader wants to check other films than the last ones
        self.setWindowTitle("Check this model on my films")
        self.setAcceptDrops(True)
        self.head = label(tone="strong")
        self.head.setFont(font("title"))
        self.start = StartPage()
        self.running = RunningPage("Films checked", "You can go on reading. Close this window, and the check goes on.")
        self.found = ResultPage()
        self.pages = QStackedWidget()
        self.other = QPushButton("Check other films…")
        self._lay_out()
        self._connect()
        self.refresh()

    def _lay_out(self) -> None:
        scrolled = QScrollArea()
        scrolled.setFrameShape(QFrame.Shape.NoFrame)
        scrolled.setWidgetResizable(True)
        scrolled.setWidget(self.found)
        for page in (self.start, self.running, scrolled):
            self.pages.addWidget(page)
        self.area = scrolled
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        foot = QHBoxLayout()
        foot.addWidget(self.other)
        foot.addStretch(1)
        foot.addWidget(buttons)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(MARGIN_PX, MARGIN_PX, MARGIN_PX, 16)
        whole.setSpacing(12)
        whole.addWidget(self.head)
        whole.addWidget(self.pages, 1)
        whole.addLayout(foot)
        self.resize(*SIZE_PX)
        for button in self.findChildren(QPushButton):
            # Enter opens the film that is chosen in the list; it must press no button besides.
            button.setAutoDefault(button is self.start.field.folder)

    def _connect(self) -> None:
        checking, review = self._checking, self._review
        self.start.paths_chosen.connect(checking.check)
        self.running.stop_asked.connect(checking.stop)
        self.other.clicked.connect(self._ask_again)
        self.found.own_points_asked.connect(checking.use_own_points)
        self.found.keep_asked.connect(checking.keep)
        self.found.film_asked.connect(self._show_film)
        for changed in (checking.changed, review.model_changed, review.check_changed):
            changed.connect(self.refresh)
        for moved in (review.visibility.patient_toggled, review.scan_changed, review.films_closed):
            moved.connect(self.refresh)

    def refresh(self, *_: object) -> None:
        """The page of the state that the check is in."""
        state, model = self._checking.state, self._review.model
        self.head.setText(f"Check {escape(model.title)} on your own films" if model is not None else "Check a model")
        table = state.outcome.table if state.outcome is not None else model.check if model is not None else None
        if state.runs:
            self._asks = False
        if state.runs:
            self.running.show_progress(progress_words(state), state.done, state.total)
            self._turn_to(self.running)
        elif model is not None and table is not None and not self._asks and (state.outcome or not state.message):
            self.found.show_check(
                model,
                table,
                state.outcome,
                is_kept=state.outcome is None or state.is_kept,
                trouble=state.message,
                hide_names=self._review.visibility.patient_hidden,
            )
            self._turn_to(self.area)
        else:
            self.start.field.show_words(what_to_drop(model), state.message, ready=model is not None)
            self.start.offer(self._checking.open_set())
            self._turn_to(self.start)
        self.other.setVisible(self.pages.currentWidget() is self.area)

    def _turn_to(self, page: QWidget) -> None:
        if self.pages.currentWidget() is not page:
            self.pages.setCurrentWidget(page)
            if page is self.start:
                self.start.field.folder.setFocus()

    def _ask_again(self) -> None:
        self._asks = True
        self.refresh()

    def _show_film(self, films: object, chosen: object) -> None:
        """Out of the way of the film; the menu and the words beside the score lead back."""
        self.hide()
        self.film_asked.emit(films, chosen)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if dropped_paths(event.mimeData()) and not self._checking.state.runs and self._review.model is not None:
            event.acceptProposedAction()
            self._turn_to(self.start)
            self.start.field.set_held(True)

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        self.start.field.set_held(False)
        self.refresh()

    def dropEvent(self, event: QDropEvent) -> None:
        self.start.field.set_held(False)
        event.acceptProposedAction()
        self._checking.check(dropped_paths(event.mimeData()))


class StartPage(QWidget):
    """What the check is for, how the films have to lie, and where to drop them."""

    paths_chosen = Signal(object)  # list[Path]

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.open_films = QPushButton("Check the open films")
        self.open_films.setToolTip("They lie in folders named after the model’s labels")
        self.open_films.clicked.connect(lambda: self.paths_chosen.emit(list(self._offered)))
        self.field = LabelledField(self.open_films)
        self.field.folder.setDefault(True)
        self.field.chosen.connect(lambda path: self.paths_chosen.emit([path]))
        self._offered: tuple[Path, ...] = ()
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(16)
        whole.addWidget(label(WHY, tone="secondary", wrap=True))
        whole.addWidget(self.field, 1)

    def offer(self, folders: Sequence[Path]) -> None:
        """The folders of the films that are open, where they can be checked on; else none."""
        self._offered = tuple(folders)
        self.open_films.setVisible(bool(folders))
