"""The use cases, made and connected: what happens on one of them is told to the others here and nowhere else."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, QTimer

from gui.films.entries import study_row
from gui.films.opening import Opening
from gui.films.reading import Reading
from gui.films.seen import Seen
from gui.films.thumbnails import Thumbnails
from gui.jobs import Jobs
from gui.lanes import run_within
from gui.memory import Memory
from gui.preferences import Preferences
from gui.process.program import ProgramFacts
from gui.review import Review
from gui.second_reader.analysing import Analysing
from gui.second_reader.analysis_queue import QueueProgress
from gui.second_reader.changing import STATE as LAST_POINTS_STATE
from gui.second_reader.changing import Changing, read_last_points
from gui.second_reader.checking import Checking
from gui.second_reader.deciding import Deciding
from gui.second_reader.explaining import Explaining
from gui.second_reader.models import Models
from gui.second_reader.prevalence import STATE as PREVALENCE_STATE
from gui.second_reader.prevalence import Prevalences
from gui.second_reader.second_opinion import SecondOpinion
from gui.second_reader.similar import Similar
from gui.second_reader.visibility import recalled_overlay
from imaging.errors import NegatoscopeError
from imaging.study import ImageRef

_LOG = logging.getLogger(__name__)

OVERLAY_STATE = "overlay"
MODEL_STATE = "model"
SENSITIVITY_STATE = "sensitivity"  # by model version and weights
CLOSING_S = 6.0  # for what is still to be stored: longer than another instance may hold the file
REMEMBER_MS = 400  # a dragged slider is remembered once it rests


class Controller(QObject):
    """Owns the state, the lanes and the use cases. Widgets call it and listen to the review."""

    def __init__(self, *, model: str = "", remember: bool = True, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.jobs = Jobs(self)
        self.review = Review(self)
        self.program = ProgramFacts(self.jobs, self)
        self.memory = Memory(self.jobs, None if remember else Path(":memory:"), self)
        self.preferences = Preferences(self.jobs, self, keep=remember)
        self.models = Models(self.review, self.jobs, self.preferences, asked=model, with_check=remember, parent=self)
        self.reading = Reading(self.review, self.jobs, self)
        self.opening = Opening(self.review, self.jobs, self.reading.give_way, self)
        self.analysing = Analysing(self.review, self.jobs, self.reading.give_way, self)
        self.deciding = Deciding(self.review, self.memory, self)
        self.prevalences = Prevalences(self.review, self.deciding, self.memory, self)
        self.changing = Changing(self.review, self.memory.set_state, self)
        self.explaining = Explaining(self.review, self.jobs, self)
        self.seen = Seen(self.review, self.jobs, self)
        self.similar = Similar(self.review, self.jobs, self)
        self.second = SecondOpinion(self.review, self.jobs, self.models.wanted, self)
        self.checking = Checking(self.review, self.jobs, self)
        self.thumbnails = Thumbnails(self.jobs, self)
        self._remember = QTimer(self, singleShot=True, interval=REMEMBER_MS)
        self._remembers = remember
        self.ended = True  # no thread was left behind on closing
        self._started = False
        self._recalled_sensitivities = False
        self._last_words: tuple[Callable[[], None], ...] = ()
        self._connect()

    def _connect(self) -> None:
        self.opening.model_named.connect(self.models.use_films_own)
        self.opening.opened.connect(self._opened)
        for user in (self.analysing, self.similar, self.checking, self.explaining):
            self.models.model_loaded.connect(user.take_model)
        for follow_queue in (self.similar.follow_queue, self.second.follow_queue, self._follow_queue):
            self.analysing.queue_changed.connect(follow_queue)
        self.reading.film_refused.connect(lambda key, _sentence: self.analysing.drop(key))
        self.review.film_returned.connect(lambda row: self.thumbnails.try_again(self.review.entries[row].key))
        self.review.films_closed.connect(self.thumbnails.clear)
        self.review.films_closed.connect(self.memory.forget_films)
        self.review.visibility.overlay_changed.connect(self._remember_soon)
        self.review.operating_point_moved.connect(self._remember_soon)
        self.preferences.changed.connect(self._follow_preferences)
        self._remember.timeout.connect(self._remember_now)

    def start(self, paths: Sequence[Path] = ()) -> None:
        """Begin once the window shows: what was remembered, which models there are, the films that were named."""
        self.preferences.read(lambda: self._begin(paths))
        self.reading.get_ready(paths)

    def _begin(self, paths: Sequence[Path]) -> None:
        """Once the settings are in force: they say which engine runs, and whether films are analysed at once."""
        if self._remembers:
            self.memory.state(OVERLAY_STATE, self._recall_overlay)
            self.memory.state(SENSITIVITY_STATE, self._recall_sensitivities)
            self.memory.state(LAST_POINTS_STATE, self.changing.recall, read_last_points)
            self.memory.state(PREVALENCE_STATE, self.prevalences.recall)
            self.memory.state(MODEL_STATE, self._recall_model)
            self.memory.look_for_recent()
        else:
            self.changing.recall({})
        self._started = True
        if paths:
            self.jobs.hold_back()  # neighbours, small pictures and the list of models, until the first film is answered
            self.opening.open_paths(paths)
        elif not self._remembers:
            self.models.use_films_own("")
        self.models.look_for_models()

    def _follow_queue(self, progress: QueueProgress) -> None:
        if progress.done or progress.stopped:
            self.jobs.go_on()

    def open_practice_films(self) -> None:
        self.opening.make_practice_films()

    def choose_model(self, name: str) -> None:
        """The reader's own choice, remembered for the next time."""
        kept = self.models.choose(name)
        if self._remembers:
            self.memory.set_state(MODEL_STATE, kept)

    def close_films(self) -> None:
        self.opening.forget()
        self.review.close_films()

    def toggle_overlay(self) -> None:
        """G: the heat map on or off; it also brings back an AI that is hidden."""
        self.review.visibility.show_overlay(not self.review.visibility.overlay_visible)

    def cancel(self) -> None:
        """Stop scanning and analysing, at once."""
        self.opening.stop()
        self.analysing.cancel()
        self.explaining.stop()

    def show_films(self, refs: Sequence[ImageRef], chosen: ImageRef) -> None:
        """List these films and show one of them with its heat map."""
        self.review.visibility.show_overlay(True)
        self.opening.open_listed(refs, chosen)

    def step_film(self, step: int) -> None:
        """The next or previous row; at the ends nothing happens."""
        row = self.review.selected + step
        if 0 <= row < len(self.review.entries):
            self.review.select(row)

    def step_study(self, step: int) -> None:
        """The first film of the next study, or of the one before."""
        row = study_row(self.review.entries, self.review.selected, step)
        if row >= 0:
            self.review.select(row)

    def go_to_next_flagged(self) -> None:
        row = self.review.rows.next_flagged(self.review.selected)
        if row >= 0:
            self.review.select(row)

    @property
    def started(self) -> bool:
        return self._started

    @property
    def settled(self) -> bool:
        """Nothing is being scanned, read, analysed or written, and nothing is about to be."""
        return self.jobs.idle and not self.review.scanning and not self.analysing.progress.active

    def close(self) -> bool:
        """Cancel everything and leave; what the reader decided is written first. Returns whether every thread ended."""
        if self._remember.isActive():
            self._remember.stop()
            self._remember_now()
        ended = self.jobs.shutdown()
        self.ended = run_within(self._store_the_rest, CLOSING_S) and ended
        return self.ended

    def store_on_closing(self, store: Callable[[], None]) -> None:
        """Have something written when the window closes, where the user's folder may be touched."""
        if self._remembers:
            self._last_words = (store,)

    def _follow_preferences(self) -> None:
        self.analysing.set_automatic(self.preferences.settings.flag("analyse_on_opening"))

    def _store_the_rest(self) -> None:
        """What the lanes did not come to any more. On a thread of its own: the disk may not answer."""
        for store in (self.memory.close, self.preferences.close, *self._last_words):
            try:
                store()
            except NegatoscopeError as error:
                _LOG.error("left without storing everything: %s", error.message)

    def _opened(self, folders: tuple[Path, ...]) -> None:
        if self._remembers:
            self.memory.add_recent(folders)

    def _recall_overlay(self, stored: Any) -> None:
        overlay = recalled_overlay(stored)
        if overlay is not None:
            self.review.visibility.set_overlay(overlay)

    def _recall_sensitivities(self, stored: Any) -> None:
        self.review.recall_sensitivities(stored)
        self._recalled_sensitivities = True

    def _recall_model(self, stored: Any) -> None:
        self.models.remember(stored if isinstance(stored, str) else "")
        if not self.review.entries and not self.review.scanning:
            self.models.use_films_own("")

    def _remember_soon(self) -> None:
        if self._remembers and self._started:
            self._remember.start()

    def _remember_now(self) -> None:
        self.memory.set_state(OVERLAY_STATE, asdict(self.review.visibility.overlay))
        if self._recalled_sensitivities:  # else those of earlier sessions would be written over
            self.memory.set_state(SENSITIVITY_STATE, self.review.scores.chosen_sensitivities)
