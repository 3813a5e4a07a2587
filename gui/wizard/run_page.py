"""The Run page: a run's live curves and words, and the ways to rest, end and go on.

The page only looks: the run is a process of its own, which outlives it. Its folder is read on a job's thread.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QWidget

from gui.jobs import JobHandle, Jobs, Lane
from gui.wizard import run_work
from gui.wizard.left_out_card import LeftOutCard
from gui.wizard.run_curves import RunCurves
from gui.wizard.run_head import Facts, RunHead
from gui.wizard.run_states import START_PATIENCE_S, State, state_of, words_of
from gui.wizard.run_work import Seen
from gui.wizard.scrolled import ScrolledColumn
from gui.wizard.told_card import ToldCard
from gui.wizard.watched_card import WatchedCard
from imaging.errors import NegatoscopeError

if TYPE_CHECKING:
    from training.films.left_out import LeftOut

TICK_MS = 400
PRIORITY = 3  # behind the film that is being read


class RunPage(ScrolledColumn):
    """One run at a time."""

    resume_asked = Signal(object)  # Path of the run: a worker is wanted
    result_asked = Signal(object)  # Path
    state_changed = Signal(str)  # a State
    film_asked = Signal(object, object)  # tuple[ImageRef, ...], ImageRef
    changed = Signal()  # the words of the wizard's list of steps

    def __init__(self, jobs: Jobs, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._jobs = jobs
        self._path: Path | None = None
        self._seen: Seen | None = None
        self._state: State | None = None
        self._asked_at = 0.0  # when a worker was asked for, in seconds since 1970 as the events'; 0 for not
        self._told_title = ""
        self._looking: JobHandle | None = None
        self.head = RunHead()
        self.curves, self.watched = RunCurves(), WatchedCard(jobs)
        self.told = ToldCard()
        self.facts, self.left_out = Facts(), LeftOutCard()
        self._listed: tuple[LeftOut, ...] = ()
        self._wants_left_out, self._hidden = False, False
        self._lay_out()
        self._timer = QTimer(self, interval=TICK_MS)
        self._timer.timeout.connect(self._look)
        self.head.pause.clicked.connect(self._pause_or_go_on)
        self.head.keep.clicked.connect(lambda: self._tell(partial(run_work.ask, wish="keep")))
        self.head.cancel.clicked.connect(lambda: self._tell(partial(run_work.ask, wish="cancel")))
        self.head.result.clicked.connect(lambda: self.result_asked.emit(self._path))
        self.watched.film_asked.connect(self.film_asked)
        self.facts.left_out_asked.connect(self._lead_to_left_out)
        self.left_out.films_asked.connect(lambda refs: self.film_asked.emit(tuple(refs), refs[0]))

    def _lay_out(self) -> None:
        below = QHBoxLayout()
        below.setSpacing(12)
        below.addWidget(self.told, 2)
        below.addWidget(self.facts, 1)
        self.column.addWidget(self.head)
        self.column.addWidget(self.curves, 3)
        self.column.addWidget(self.watched)
        self.column.addLayout(below, 2)
        self.column.addWidget(self.left_out)

    # What is shown

    @property
    def path(self) -> Path | None:
        return self._path

    @property
    def state(self) -> State | None:
        return self._state

    @property
    def is_finished(self) -> bool:
        return self._state is State.FINISHED

    @property
    def title(self) -> str:
        """Where the run stands, in a few words; '' before it was read."""
        return self.head.title.text() if self._state is not None else ""

    @property
    def foot(self) -> str:
        """What closing the window means to the run."""
        is_on = self._state is not None and self._state.is_worked_on
        return "The run goes on when this window, or the program, is closed." if is_on else ""

    def show_run(self, path: Path) -> None:
        """Show the run of a folder, as it stands and from now on."""
        if self._looking is not None:
            self._looking.cancel()
        self._asked_at = self._asked_at if path == self._path else 0.0  # a run that is being resumed stays so
        self._wants_left_out = self._wants_left_out and path == self._path
        self._path, self._seen, self._state, self._looking = path, None, None, None
        self._told_title = ""
        self.told.show_words(())
        self._show_left_out()
        self.head.title.setText("Reading the run")
        self.head.show_trouble("")
        self._follow()
        self._look()  # once where it is not on the screen: the wizard's steps say where it stands

    def hide_names(self, *, hidden: bool) -> None:
        """Whether file names, which may be patients', are kept off the page."""
        self._hidden = hidden
        self._show_left_out()

    def show_trouble(self, sentence: str) -> None:
        """Something that was asked for could not be done."""
        self._asked_at = 0.0
        self.head.show_trouble(sentence)
        self._show()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._follow()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._timer.stop()

    def _follow(self) -> None:
        if self.isVisible() and self._path is not None:
            self._timer.start()
            self._look()

    def _look(self) -> None:
        """Read on, unless a reading is under way: a drive that hangs holds up no queue."""
        path, before = self._path, self._seen
        if path is None or self._looking is not None:
            return
        self._looking = self._jobs.submit(
            Lane.IO,
            lambda token, progress: run_work.look(path, before),
            done=self._looked,
            failed=self._not_looked,
            priority=PRIORITY,
        )

    def _looked(self, seen: Seen) -> None:
        self._looking = None
        self._seen = seen
        self._show()

    def _not_looked(self, error: NegatoscopeError) -> None:
        self._looking = None
        self._timer.stop()
        self.head.title.setText("This run can’t be shown")
        self.head.sentence.hide()
        self.head.show_trouble(error.message)

    def _show(self) -> None:
        seen = self._seen
        if seen is None:
            return
        if (seen.is_alive and not seen.story.stage.is_over) or seen.story.last > self._asked_at:
            self._asked_at = 0.0  # it was answered
        if time.time() - self._asked_at > START_PATIENCE_S:
            self._asked_at = 0.0
        state = state_of(seen, self._asked_at)
        is_heard = seen.is_alive and seen.beaten_at > self._asked_at
        self.head.show_words(words_of(seen, state), has_best=seen.story.best is not None, is_heard=is_heard)
        self.curves.show_run(seen)
        self.watched.show_story(seen.story)
        self.told.show_words(seen.story.words)
        self.facts.show_run(seen)
        if seen.left_out != self._listed:
            self._show_left_out()
        if state is not self._state:
            self._state = state
            self.state_changed.emit(state)
        if state is State.FINISHED:
            self._timer.stop()  # nothing follows
        if self.title != self._told_title:
            self._told_title = self.title
            self.changed.emit()

    def _show_left_out(self) -> None:
        """Nothing before it is asked for: the list would push the curves together."""
        self._listed = self._seen.left_out if self._seen is not None else ()
        self.left_out.show_films(self._listed if self._wants_left_out else (), hide_names=self._hidden)

    def _lead_to_left_out(self) -> None:
        self._wants_left_out = True
        self._show_left_out()
        self.left_out.films.setFocus()
        QTimer.singleShot(0, self, lambda: self.ensureWidgetVisible(self.left_out))

    # What is asked of the run

    def _pause_or_go_on(self) -> None:
        if self._state is None:
            return
        if self._state.is_resumable:
            self._asked_at = time.time()
            self.head.show_trouble("")
            self.resume_asked.emit(self._path)
            self._follow()
            self._show()
        elif self._seen is not None:
            self._tell(partial(run_work.pause, wanted=not self._seen.is_paused))

    def _tell(self, write: Callable[[Path], None]) -> None:
        """Write what is wanted into the run's folder, then look at once."""
        path = self._path
        if path is None:
            return
        self.head.freeze()
        self._jobs.submit(
            Lane.IO, lambda token, progress: write(path), done=lambda _: self._look(), failed=self._not_told
        )

    def _not_told(self, error: NegatoscopeError) -> None:
        self.head.show_trouble(error.message)
        self._show()
