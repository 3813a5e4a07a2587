"""Use case: check the chosen model on labelled films of the reader's own, while the reader goes on reading."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from gui.jobs import JobHandle, Jobs, Lane
from gui.review import Review
from gui.second_reader.check_work import Outcome, judge_films, look_for_films, outcome_of
from gui.second_reader.chosen_model import ChosenModel
from gui.second_reader.models import LoadedModel
from imaging.errors import NegatoscopeError

if TYPE_CHECKING:
    from inference.scoring.local_table import LocalTable
    from inference.scoring.pipeline import Analyser
    from training.films.labelled_set import SetFilm
    from training.judging.evaluate import Judged

BATCH = 4  # films that go through the network at once; the film on the screen waits no longer than that
PRIORITY = 5  # behind the films that are being read

SUGGESTION = "These folders are named after the model’s labels: AI, Check this model on my films, measures it on them."
MODEL_CHANGED = "The model was changed meanwhile, and the check was stopped."


class CheckStage(StrEnum):
    """How far the check is."""

    READY = "ready"
    LOOKING = "looking"
    ANALYSING = "analysing"
    COUNTING = "counting"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class CheckState:
    """What the dialog shows. `message` says why there is no result, or why it is not kept.

    `is_kept`: the outcome stands in the user's data folder, and the window speaks of it.
    """

    stage: CheckStage = CheckStage.READY
    done: int = 0
    total: int = 0
    message: str = ""
    outcome: Outcome | None = None
    is_kept: bool = False

    @property
    def runs(self) -> bool:
        return self.stage in (CheckStage.LOOKING, CheckStage.ANALYSING, CheckStage.COUNTING)


class Checking(QObject):
    """One check at a time. It belongs to the model that was chosen when it began."""

    changed = Signal()
    told = Signal(str)  # a sentence for whoever does not look at the dialog
    failed = Signal(str)

    def __init__(self, review: Review, jobs: Jobs, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._review = review
        self._jobs = jobs
        self._analyser: Analyser | None = None
        self._model: ChosenModel | None = None  # the one that is checked
        self._handle: JobHandle | None = None
        self._judged: list[Judged] = []
        self.state = CheckState()
        review.model_changed.connect(self._model_changed)
        review.scan_changed.connect(self._suggest)

    def take_model(self, loaded: LoadedModel) -> None:
        self._analyser = loaded.one_view or loaded.analyser  # operating points are counted on one view

    def open_set(self) -> tuple[Path, ...]:
        """The class folders that the open films lie in; empty where they have fewer than two of the model's labels."""
        model = self._review.model
        labels = model.card.labels if model is not None else ()
        folders = tuple(folder for folder in self._review.folders if folder.name in labels)
        return folders if len({folder.name for folder in folders}) > 1 else ()

    def check(self, paths: Sequence[Path]) -> None:
        """Begin, in the place of a check that runs. Returns at once."""
        model, wanted = self._review.model, list(paths)
        if model is None or not wanted:
            return
        self._give_up()
        self._model = model
        self._judged = []
        self._set(CheckState(CheckStage.LOOKING))
        self._handle = self._jobs.submit(
            Lane.IO,
            lambda token, progress: look_for_films(wanted, model.card, token, progress),
            done=self._analyse,
            failed=self._refused,
            progress=lambda done, _total: self._set(replace(self.state, done=done)),
        )

    def stop(self, message: str = "") -> None:
        """Give the check up; an earlier one that is kept stays."""
        self._give_up()
        self._set(CheckState(message=message))

    def keep(self) -> None:
        """Put the outcome into the place of what is kept of this model. The points in force do not move by it, unless
        they were counted in the earlier check: then those of the new one are taken.
        """
        outcome, model = self.state.outcome, self._model
        if outcome is not None and model is not None:
            earlier = self._review.model.check if self._review.model is not None else None
            in_use = earlier is not None and earlier.in_use and bool(outcome.table.operating)
            self._write(replace(outcome.table, in_use=in_use), self._kept)

    def use_own_points(self, wanted: bool) -> None:
        """Take the points counted on the reader's films, or go back to the card's."""
        check = self._review.model.check if self._review.model is not None else None
        if check is not None and check.in_use != wanted:
            self._review.set_check(replace(check, in_use=wanted))
            self._write(replace(check, in_use=wanted), self._used)

    def _set(self, state: CheckState) -> None:
        self.state = state
        self.changed.emit()

    def _give_up(self) -> None:
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None

    def _model_changed(self) -> None:
        if self.state.runs:
            self.stop(MODEL_CHANGED)
        else:
            self._set(CheckState())

    def _suggest(self) -> None:
        """Films that lie in folders named after the model's labels ask to be checked on."""
        if not self._review.scanning and self.open_set():
            self.told.emit(SUGGESTION)

    def _refused(self, error: NegatoscopeError) -> None:
        self._handle = None
        self._set(CheckState(message=error.message))

    def _analyse(self, films: list[SetFilm]) -> None:
        """A few films at a time, so that what the reader looks at comes in between."""
        analyser = self._analyser
        if not films or analyser is None:
            self.stop("No film was found there.")
            return
        at = len(self._judged)
        self._set(CheckState(CheckStage.ANALYSING, at, len(films)))
        if at == len(films):
            self._count()
            return

        def judged(found: list[Judged]) -> None:
            self._judged += found
            self._analyse(films)

        self._handle = self._jobs.submit(
            Lane.MODEL,
            lambda token, progress: judge_films(analyser, films[at : at + BATCH], token),
            done=judged,
            failed=self._refused,
            priority=PRIORITY,
        )

    def _count(self) -> None:
        analyser, films = self._analyser, tuple(self._judged)
        assert analyser is not None
        self._set(replace(self.state, stage=CheckStage.COUNTING))
        self._handle = self._jobs.submit(
            Lane.IO,
            lambda token, progress: outcome_of(analyser, films),
            done=self._counted,
            failed=self._refused,
        )

    def _counted(self, outcome: Outcome) -> None:
        self._handle = None
        table = outcome.table
        if not table.films:
            self.stop("The model gave no score to any of these films, so that nothing can be said.")
            return
        self._set(CheckState(CheckStage.DONE, table.films, table.films, outcome=outcome))
        self.told.emit(
            f"{table.model.replace('@', ' ')} was checked on {table.films:,} films: see AI, Check this model."
        )
        earlier = self._review.model.check if self._review.model is not None else None
        # What is kept is not written over by less, and points in force are not moved unasked.
        if table.operating and (earlier is None or (earlier.films <= table.films and not earlier.in_use)):
            self.keep()

    def _write(self, table: LocalTable, done: Callable[[LocalTable], None]) -> None:
        self._jobs.submit(
            Lane.STORE,
            lambda token, progress: kept(table),
            done=done,
            failed=lambda error: self._not_kept(error.message),
        )

    def _kept(self, table: LocalTable) -> None:
        if self._model is not None and self._is_chosen(table):
            self._set(replace(self.state, is_kept=True, message=""))
            self._review.set_check(table)

    def _used(self, table: LocalTable) -> None:
        self.changed.emit()

    def _not_kept(self, message: str) -> None:
        if self.state.outcome is not None:
            self._set(replace(self.state, message=message))
        self.failed.emit(message)

    def _is_chosen(self, table: LocalTable) -> bool:
        model = self._review.model
        return model is not None and (model.id, model.scores_sha256) == (table.model, table.weights_sha256)


# On a worker's thread.


def kept(table: LocalTable) -> LocalTable:
    """Write a table, and hand it back. Raises NegatoscopeError."""
    from inference.scoring.local_table import write_local_table

    write_local_table(table)
    return table
