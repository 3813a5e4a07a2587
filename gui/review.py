"""The state of a reading: films, the selected one, stored scores, operating point, overlay. Words, no widgets, no work.

Everything here lives on the main thread. Whoever changes the state calls a method; whoever shows it listens to a
signal, which says in the past tense what has happened. Moving the operating point changes no score: it re-reads them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from gui.entries import Entry, RowWords, Stage, Tone
from gui.scores import GRAD_CAM, ChosenModel, Evidence, ScoreBook

if TYPE_CHECKING:
    from imaging.heatmap import Heatmap
    from inference.card import OperatingPoints
    from inference.local_table import LocalTable
    from inference.results import Finding, ImageResult


class Filter(StrEnum):
    """Which rows the list shows. Nothing is ever removed: the others are one click away.

    REFUSED: what has a reason in the place of a score, be it a file that can't be read or a film outside the gate.
    """

    ALL = "All"
    FLAGGED = "Flagged"
    REFUSED = "Refused"


@dataclass(frozen=True, slots=True)
class OverlaySettings:
    """What is painted of the heat map. `threshold` and `opacity` are 0 to 1; `label` None is the first finding.

    `method` is one of `inference.explain`.
    """

    shown: bool = False
    threshold: float = 0.4
    opacity: float = 0.55
    label: str | None = None
    method: str = GRAD_CAM


class Review(QObject):
    """The one state object that all panels read."""

    films_added = Signal(int, int)  # first and last row
    films_closed = Signal()
    film_changed = Signal(int)  # a row's words
    film_selected = Signal(int)  # a row, or -1
    scan_changed = Signal()
    model_changed = Signal()  # chosen, being read, or refused
    check_changed = Signal()  # of the chosen model, on the reader's own films
    engine_changed = Signal()  # the same model runs elsewhere now
    stages_changed = Signal()  # of many rows at once
    operating_point_moved = Signal()
    overlay_changed = Signal()
    ai_visibility_changed = Signal(bool)
    patient_visibility_changed = Signal(bool)
    folder_named = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._entries: list[Entry] = []
        self._rows: dict[str, int] = {}
        self._refused: set[int] = set()  # rows
        self._stages: dict[str, Stage] = {}
        self._scores = ScoreBook()
        self._model_message = ""
        self._model_reading = False
        self._selected = -1
        self._picked = False  # the reader chose the row; new films leave it alone
        self._overlay = OverlaySettings()
        self._ai_visible = True
        self._patient_hidden = False
        self._scanning = False
        self.folder = ""

    # Films

    @property
    def entries(self) -> Sequence[Entry]:
        return self._entries

    def row_of(self, key: str) -> int:
        """The row of a film, or -1 where it was closed meanwhile."""
        return self._rows.get(key, -1)

    def add(self, entries: Sequence[Entry]) -> None:
        """Append rows; a file that is listed already stays where it is. Select the first film if none is being read."""
        fresh = {entry.key: entry for entry in entries if entry.key not in self._rows}
        if not fresh:
            return
        first = len(self._entries)
        for row, (key, entry) in enumerate(fresh.items(), start=first):
            self._rows[key] = row
            self._entries.append(entry)
            if entry.refusal:
                self._refused.add(row)
        self.films_added.emit(first, len(self._entries) - 1)
        if self.selected_film is None and not self._picked:
            films = (row for row in range(first, len(self._entries)) if self._entries[row].is_film)
            self._show(next(films, max(self._selected, 0)))

    def refuse(self, key: str, sentence: str) -> None:
        """A film turned out to be unreadable; its row stays and says so."""
        row = self.row_of(key)
        if row >= 0 and not self._entries[row].refusal:
            self._entries[row] = replace(self._entries[row], refusal=sentence)
            self._refused.add(row)
            self.film_changed.emit(row)

    def close_films(self) -> None:
        self._entries.clear()
        self._rows.clear()
        self._refused.clear()
        self._stages.clear()
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
        return len(self._refused)

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
        return self._entries[self._selected] if 0 <= self._selected < len(self._entries) else None

    @property
    def selected_film(self) -> Entry | None:
        entry = self.selected_entry
        return entry if entry is not None and entry.is_film else None

    def select(self, row: int) -> None:
        """The reader chose a row."""
        self._picked = True
        self._show(row)

    def _show(self, row: int) -> None:
        if row != self._selected and 0 <= row < len(self._entries):
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

    def tables(self) -> dict[str, OperatingPoints]:
        """What the operating points in force are read from, by finding of the chosen model."""
        return self._scores.tables()

    def evidence(self, label: str) -> Evidence | None:
        """The counts that sentences about a finding go by: the reader's own films where they were checked."""
        return self._scores.evidence(label)

    @property
    def sensitivity(self) -> float:
        return self._scores.sensitivity

    def set_sensitivity(self, sensitivity: float) -> None:
        """Move the operating point of the chosen model; every stored score is read again, none is computed."""
        if self._scores.set_sensitivity(sensitivity):
            self.operating_point_moved.emit()

    @property
    def chosen_sensitivities(self) -> dict[str, float]:
        """Where the reader moved operating points to, for the next time: by model version and weights."""
        return self._scores.chosen_sensitivities

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
        """What the models have said, for whoever asks after another than the chosen one."""
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
        return self._stages.get(key, Stage.IDLE)

    def set_stage(self, key: str, stage: Stage) -> None:
        self._stages[key] = stage
        row = self.row_of(key)
        if row >= 0:
            self.film_changed.emit(row)

    def set_stages(self, keys: Sequence[str], stage: Stage) -> None:
        """Many rows at once, one signal."""
        self._stages.update(dict.fromkeys(keys, stage))
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

    def heatmap(self, key: str) -> Heatmap | None:
        """The map of the label that the reader chose, else of the first finding."""
        return self._scores.heatmap(key, self._overlay.label, self._overlay.method)

    def explain(self, key: str, method: str, heatmap: Heatmap) -> None:
        """Keep a map that the chosen model gave by another method than Grad-CAM."""
        self._scores.explain(key, method, heatmap)
        self.overlay_changed.emit()

    # What the rows say

    def is_flagged(self, row: int) -> bool:
        """Whether a row carries a flag at the operating point in force."""
        entry = self._entries[row]
        return entry.key in self._scores.flagged and not entry.refusal

    def passes(self, row: int, chosen: Filter) -> bool:
        if chosen is Filter.FLAGGED:
            return self._ai_visible and self.is_flagged(row)
        outside = self._ai_visible and self._entries[row].key in self._scores.silent
        return chosen is Filter.ALL or outside or bool(self._entries[row].refusal)

    def count(self, chosen: Filter) -> int:
        if chosen is Filter.ALL:
            return len(self._entries)
        return len(self.rows(chosen))

    def rows(self, chosen: Filter) -> Sequence[int]:
        """The rows that a filter lets through, in their order. Fast enough to be asked for while a slider moves."""
        if chosen is Filter.ALL:
            return range(len(self._entries))
        if chosen is Filter.REFUSED:
            silent = (self._rows.get(key, -1) for key in (self._scores.silent if self._ai_visible else ()))
            return sorted(self._refused.union(row for row in silent if row >= 0))
        found = (self._rows.get(key, -1) for key in self._scores.flagged) if self._ai_visible else ()
        return sorted(row for row in found if row >= 0 and not self._entries[row].refusal)

    def next_flagged(self) -> int:
        """The next flagged row after the selected one, round the end; -1 where there is none, or the AI is hidden."""
        if not self._ai_visible:
            return -1
        total = len(self._entries)
        order = ((self._selected + step) % total for step in range(1, total + 1))
        return next((row for row in order if self.is_flagged(row)), -1)

    def words(self, row: int) -> RowWords:
        """What a row says about its film."""
        entry = self._entries[row]
        if entry.refusal:
            return RowWords(f"Refused: {entry.refusal}", Tone.REFUSED)
        if not self._ai_visible:
            return RowWords("AI hidden", Tone.QUIET)
        return self._scores.words(entry.key) or _stage_words(self.stage(entry.key), self.failure(entry.key))

    # What the reader wants to see

    @property
    def overlay(self) -> OverlaySettings:
        return self._overlay

    def set_overlay(self, overlay: OverlaySettings) -> None:
        if overlay != self._overlay:
            self._overlay = overlay
            self.overlay_changed.emit()

    @property
    def ai_visible(self) -> bool:
        return self._ai_visible

    def set_ai_visible(self, visible: bool) -> None:
        if visible != self._ai_visible:
            self._ai_visible = visible
            self.ai_visibility_changed.emit(visible)

    @property
    def patient_hidden(self) -> bool:
        return self._patient_hidden

    def set_patient_hidden(self, hidden: bool) -> None:
        if hidden != self._patient_hidden:
            self._patient_hidden = hidden
            self.patient_visibility_changed.emit(hidden)


def _stage_words(stage: Stage, failure: str) -> RowWords:
    if stage is Stage.FAILED:
        return RowWords(f"No score: {failure}", Tone.QUIET)
    if stage is Stage.ANALYSING:
        return RowWords("Analysing…", Tone.BUSY)
    words = {Stage.WAITING: "Waiting", Stage.STOPPED: "Stopped", Stage.IDLE: "Not analysed", Stage.DONE: "Not analysed"}
    return RowWords(words[stage], Tone.QUIET)
