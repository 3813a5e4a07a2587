"""The state of a reading: films, the selected one, stored scores, operating point. No widgets, no work.

Everything here lives on the main thread. Whoever changes the state calls a method; whoever shows it listens to a
signal, which says in the past tense what has happened. Moving the operating point changes no score: it re-reads them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from gui.films.entries import Entry, Stage
from gui.films.films import Films
from gui.films.rows import Rows
from gui.second_reader.chosen_model import ChosenModel
from gui.second_reader.scores import ScoreBook
from gui.second_reader.visibility import Visibility
from imaging.errors import Code, FilmError

if TYPE_CHECKING:
    from imaging.heatmap import Heatmap
    from inference.scoring.local_table import LocalTable
    from inference.scoring.results import Finding, ImageResult


PASSING = (Code.MISSING, Code.NO_PERMISSION, Code.UNREADABLE)  # of the place, not of the film


class Review(QObject):
    """The one state object that all panels read."""

    films_added = Signal(int, int)  # first and last row
    films_closed = Signal()
    film_changed = Signal(int)  # a row's words
    film_returned = Signal(int)  # a row whose file is there again
    film_selected = Signal(int)  # a row, or -1
    scan_changed = Signal()
    model_changed = Signal()  # chosen, being read, or refused
    check_changed = Signal()  # of the chosen model, on the reader's own films
    engine_changed = Signal()  # the same model runs elsewhere now
    stages_changed = Signal()  # of many rows at once
    operating_point_moved = Signal()
    film_explained = Signal(str)  # its key: a map by another method than Grad-CAM is there
    folder_named = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._films = Films()
        self._scores = ScoreBook()
        self.visibility = Visibility(self)
        self.rows = Rows(self._films, self._scores, lambda: self.visibility.ai_visible)
        self._model_message = ""
        self._model_reading = False
        self._selected = -1
        self._picked = False  # the reader chose the row; new films leave it alone
        self._scanning = False
        self.folder = ""

    # Films

    @property
    def entries(self) -> Sequence[Entry]:
        return self._films.entries

    @property
    def folders(self) -> Sequence[Path]:
        """The folders that the open files lie in."""
        return self._films.folders

    def row_of(self, key: str) -> int:
        """The row of a film, or -1 where it was closed meanwhile."""
        return self._films.row_of(key)

    def add(self, entries: Sequence[Entry]) -> None:
        """Append rows; a file that is listed already stays where it is. Select the first film if none is being read.

        A listed file that had gone, and was found again, is a film again; so is one that was refused and has been
        written anew since, as by a copy that has come to its end.
        """
        for entry in entries:
            if entry.is_film and not self.readmit(entry.key) and self.result(entry.key) is None:
                self._returned(self._films.renew(entry))
        fresh = self._films.add(entries)
        if not fresh:
            return
        self.films_added.emit(fresh[0], fresh[-1])
        if self.selected_film is None and not self._picked:
            films = (row for row in fresh if self.entries[row].is_film)
            self._show(next(films, max(self._selected, 0)))

    def refuse(self, key: str, error: FilmError) -> None:
        """A film turned out to be unreadable; its row stays and says so."""
        row = self._films.refuse(key, error.message, may_return=error.code in PASSING)
        if row >= 0:
            self.film_changed.emit(row)

    def readmit(self, key: str) -> bool:
        """A film that could not be read is there again. False where it was never away."""
        row = self._films.readmit(key)
        self._returned(row)
        return row >= 0

    def _returned(self, row: int) -> None:
        if row >= 0:
            self.film_changed.emit(row)
            self.film_returned.emit(row)

    def close_films(self) -> None:
        self._films.clear()
        self._scores.clear()
        self._selected = -1
        self._picked = False
        self.name_folder("")
        self.films_closed.emit()
        self.film_selected.emit(-1)

    def name_folder(self, name: str) -> None:
        self.folder = name
        self.folder_named.emit(name)

    @property
    def refused(self) -> int:
        """How many rows are files that could not be read."""
        return len(self._films.refused)

    @property
    def scanning(self) -> bool:
        return self._scanning

    def set_scanning(self, scanning: bool) -> None:
        if scanning != self._scanning:
            self._scanning = scanning
            self.scan_changed.emit()

    # Selection

    @property
    def selected(self) -> int:
        return self._selected

    @property
    def selected_entry(self) -> Entry | None:
        return self._films.entry(self._selected)

    @property
    def selected_film(self) -> Entry | None:
        entry = self.selected_entry
        return entry if entry is not None and entry.is_film else None

    def select(self, row: int) -> None:
        """The reader chose a row."""
        self._picked = True
        self._show(row)

    def _show(self, row: int) -> None:
        if row != self._selected and self._films.entry(row) is not None:
            self._selected = row
            self.film_selected.emit(row)

    # The model and its scores

    @property
    def model(self) -> ChosenModel | None:
        return self._scores.model

    @property
    def model_message(self) -> str:
        """Why there is no model, or that it is being read; empty when one is chosen."""
        return self._model_message

    @property
    def model_reading(self) -> bool:
        return self._model_reading

    def set_model(self, model: ChosenModel | None, message: str = "", *, reading: bool = False) -> None:
        """Choose a model. Scores that it gave before are kept and count again."""
        self._scores.choose(model)
        self._model_message = message
        self._model_reading = reading
        self.model_changed.emit()
        self.operating_point_moved.emit()

    def set_engine(self, engine: str, why: str) -> None:
        """The engine changed while it ran (the GPU's memory ran out)."""
        model = self._scores.model
        if model is not None and (engine, why) != (model.engine, model.why):
            self._scores.model = replace(model, engine=engine, why=why)
            self.engine_changed.emit()

    def set_check(self, check: LocalTable | None) -> None:
        """The chosen model was checked on the reader's films, or the reader took the points counted there."""
        self._scores.set_check(check)
        self.check_changed.emit()
        self.operating_point_moved.emit()

    @property
    def sensitivity(self) -> float:
        return self._scores.sensitivity

    def set_sensitivity(self, sensitivity: float) -> None:
        """Move the operating point of the chosen model; every stored score is read again, none is computed."""
        if self._scores.set_sensitivity(sensitivity):
            self.operating_point_moved.emit()

    def recall_sensitivities(self, stored: object) -> None:
        """Operating points of earlier sessions, for the very models that they were chosen for."""
        if self._scores.recall_sensitivities(stored):
            self.operating_point_moved.emit()

    def choose_sensitivities(self, chosen: Mapping[str, float]) -> None:
        """Operating points that the reader chose for models elsewhere, as on the result of a training run."""
        self._scores.choose_sensitivities(chosen)
        self.operating_point_moved.emit()  # those of models that are not open are remembered too

    def threshold(self, label: str) -> float:
        """The operating point in force for a label, a probability."""
        return self._scores.threshold(label)

    @property
    def scores(self) -> ScoreBook:
        """What the models have said, for whoever asks after another than the chosen one, or after what it goes by."""
        return self._scores

    def store(self, key: str, result: ImageResult) -> None:
        """Keep what a model said of a film, whether or not that model is still the chosen one."""
        self._scores.store(key, result)
        self.set_stage(key, Stage.DONE)

    def fail(self, key: str, sentence: str) -> None:
        """The model could not speak about the film; another model still may."""
        self._scores.fail(key, sentence)
        self.set_stage(key, Stage.FAILED)

    def stage(self, key: str) -> Stage:
        return self._films.stage(key)

    def set_stage(self, key: str, stage: Stage) -> None:
        self._films.set_stages((key,), stage)
        row = self.row_of(key)
        if row >= 0:
            self.film_changed.emit(row)

    def set_stages(self, keys: Sequence[str], stage: Stage) -> None:
        """Many rows at once, one signal."""
        self._films.set_stages(keys, stage)
        self.stages_changed.emit()

    def is_answered(self, key: str) -> bool:
        """The chosen model has said what it has to say of a film, a score or a reason."""
        return self.result(key) is not None or bool(self.failure(key))

    def result(self, key: str) -> ImageResult | None:
        return self._scores.result(key)

    def failure(self, key: str) -> str:
        return self._scores.failure(key)

    def findings(self, key: str) -> tuple[Finding, ...]:
        """The stored scores held against the operating point in force."""
        return self._scores.findings(key)

    def outside(self, key: str) -> str:
        """Why the model may not speak about a film, in a few words; empty where it may."""
        return self._scores.outside(key)

    def is_insisted(self, key: str) -> bool:
        """Whether a film outside what the model knows was scored because the reader insisted."""
        return self._scores.is_insisted(key)

    def take_back(self, key: str) -> None:
        """The reader does not insist on a score any more: the film has none again."""
        if self._scores.take_back(key):
            self.set_stage(key, Stage.DONE)

    def shown_label(self, key: str) -> str:
        """The finding whose map and operating point stand on the film: the one that the reader chose, else the highest
        flagged score, else the highest.
        """
        return self._scores.shown_label(key, self.visibility.overlay.label)

    def heatmap(self, key: str) -> Heatmap | None:
        """The map of the finding that `shown_label` names."""
        overlay = self.visibility.overlay
        return self._scores.heatmap(key, overlay.label, overlay.method)

    def explain(self, key: str, method: str, heatmap: Heatmap) -> None:
        """Keep a map that the chosen model gave by another method than Grad-CAM."""
        self._scores.explain(key, method, heatmap)
        self.film_explained.emit(key)
