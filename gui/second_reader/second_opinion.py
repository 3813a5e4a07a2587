"""Use case: a second model reads films too, the looked-at one or all, each model at its own operating point."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from gui.jobs import JobHandle, Jobs, Lane
from gui.review import Review
from gui.second_reader.analysing import Analysed, analyse_film
from gui.second_reader.analysis_queue import QueueProgress
from gui.second_reader.chosen_model import ChosenModel
from gui.second_reader.models import LoadedModel, Wanted, load_model
from gui.second_reader.second_offers import Offer, find_offers
from imaging.errors import NegatoscopeError
from imaging.study import ImageRef

if TYPE_CHECKING:
    from inference.scoring.results import Finding, ImageResult

LOADING_PRIORITY, PRIORITY = 1, 3  # behind the films that the first model reads


class Scope(StrEnum):
    """Which films the second model reads."""

    LOOKED_AT = "looked_at"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class Pair:
    """One finding by both models; `second` None where the second one has no finding of the name."""

    first: Finding
    second: Finding | None


class SecondOpinion(QObject):
    """One second model at a time. What it has said stays when it is sent away, for when it is chosen again."""

    changed = Signal()

    def __init__(self, review: Review, jobs: Jobs, wanted: Callable[[], Wanted], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._review = review
        self._jobs = jobs
        self._wanted = wanted
        self._asked = Wanted()  # how the second model is run
        self._loaded: LoadedModel | None = None
        self._reading: JobHandle | None = None  # of the bundle
        self._running: tuple[str, JobHandle] | None = None  # a film
        self._waiting: deque[str] = deque()
        self._failures: dict[str, str] = {}
        self._busy = False  # the first model has films to read
        self._first_s = self._second_s = 0.0  # of the films that both have read in this session
        self.scope = Scope.LOOKED_AT
        self.offers: tuple[Offer, ...] = ()
        self.message = ""  # that a model is being read, or why it can't be
        review.model_changed.connect(self._model_changed)
        review.film_selected.connect(self._looked)
        review.film_changed.connect(self._looked)
        review.films_added.connect(self._added)
        review.film_returned.connect(self._returned)
        review.films_closed.connect(self._closed)

    @property
    def model(self) -> ChosenModel | None:
        """The second model."""
        return self._loaded.chosen if self._loaded is not None else None

    @property
    def times(self) -> float | None:
        """What both models together took for a film, in times of the first alone; None before both have read one."""
        return (self._first_s + self._second_s) / self._first_s if self._first_s and self._second_s else None

    @property
    def left(self) -> int:
        """How many films the second model has still to read."""
        return len(self._waiting) + (self._running is not None and self.scope is Scope.ALL)

    @property
    def settled(self) -> bool:
        return self._reading is None and self._running is None

    def result(self, key: str) -> ImageResult | None:
        """What the second model has said of a film."""
        return self._review.scores.result_of(self.model, key) if self.model is not None else None

    def failure(self, key: str) -> str:
        return self._failures.get(key, "")

    def pairs(self, key: str) -> tuple[Pair, ...]:
        """The first model's findings, each beside the second's of the same name."""
        from inference.scoring.beside import plain

        found = self._review.scores.findings_of(self.model, key) if self.model is not None else ()
        by_name = {plain(item.label): item for item in found}
        return tuple(Pair(item, by_name.get(plain(item.label))) for item in self._review.findings(key))

    def others(self, key: str) -> tuple[Finding, ...]:
        """The second model's findings that the first one does not have."""
        shared = {pair.second.label for pair in self.pairs(key) if pair.second is not None}
        found = self._review.scores.findings_of(self.model, key) if self.model is not None else ()
        return tuple(item for item in found if item.label not in shared)

    def choose(self, model_id: str) -> None:
        """Have another model read the looked-at film too."""
        self.send_away()
        wanted = self._asked = self._wanted()
        self.message = "Reading the second model…"
        self._reading = self._jobs.submit(
            Lane.MODEL,
            lambda token, progress: load_model(model_id, wanted),
            done=self._take,
            failed=self._refused,
            priority=LOADING_PRIORITY,
        )
        self.changed.emit()

    def send_away(self) -> None:
        """No second opinion any more."""
        for handle in (self._reading, self._running[1] if self._running is not None else None):
            if handle is not None:
                handle.cancel()
        self._reading = self._running = self._loaded = None
        self._waiting.clear()
        self._failures.clear()
        self._first_s = self._second_s = 0.0
        self.scope, self.message = Scope.LOOKED_AT, ""
        self.changed.emit()

    def read_all(self, wanted: bool) -> None:
        """Have it read every open film, or only those that are looked at from now on."""
        self.scope = Scope.ALL if wanted else Scope.LOOKED_AT
        self._waiting = deque(entry.key for entry in self._review.entries if entry.is_film) if wanted else deque()
        self._advance()
        self.changed.emit()

    def follow_queue(self, progress: QueueProgress) -> None:
        """All films wait until the first model is through with its own."""
        self._busy = progress.active
        if not self._busy:
            self._advance()

    def _take(self, loaded: LoadedModel) -> None:
        self._reading, self._loaded, self.message = None, loaded, ""
        self._advance()
        self.changed.emit()

    def _refused(self, error: NegatoscopeError) -> None:
        self._reading, self.message = None, error.message
        self.changed.emit()

    def _model_changed(self) -> None:
        """Another first model: what is offered beside it is another question."""
        model = self._review.model
        if model is None:
            return
        if self.model is not None and self.model.id == model.id:
            self.send_away()
        elif self.model is not None and self._asked != self._wanted():
            everything = self.scope is Scope.ALL
            self.choose(self.model.id)  # both average as many views
            self.read_all(everything)
        card = model.card
        self._first_s = self._second_s = 0.0
        self._jobs.submit(Lane.IO, lambda token, progress: find_offers(card), done=self._offer, priority=PRIORITY)

    def _offer(self, offers: tuple[Offer, ...]) -> None:
        self.offers = offers
        self.changed.emit()

    def _looked(self, row: int) -> None:
        if row == self._review.selected:
            self._advance()

    def _added(self, first: int, last: int) -> None:
        if self.scope is Scope.ALL:
            self._waiting += [entry.key for entry in self._review.entries[first : last + 1] if entry.is_film]
            self._advance()

    def _returned(self, row: int) -> None:
        """What could not be read may be now."""
        self._failures.pop(self._review.entries[row].key, None)
        self._added(row, row)
        self._advance()  # it may be the one that is looked at
        self.changed.emit()

    def _closed(self) -> None:
        if self._running is not None:
            self._running[1].cancel()
            self._running = None
        self._waiting.clear()
        self._failures.clear()

    def _advance(self) -> None:
        ref, loaded = self._next(), self._loaded
        if ref is None or loaded is None:
            return
        handle = self._jobs.submit(
            Lane.MODEL,
            lambda token, progress: analyse_film(loaded.analyser, ref, token),
            done=lambda analysed: self._read(ref.key, analysed),
            failed=lambda error: self._not_read(ref.key, error),
            priority=PRIORITY,
        )
        self._running = (ref.key, handle)
        self.changed.emit()

    def _next(self) -> ImageRef | None:
        """The looked-at film once the first model has answered, then the others."""
        if self._running is not None or self._loaded is None:
            return None
        entry = self._review.selected_film
        if entry is not None and self._review.result(entry.key) is not None and self._is_open(entry.key):
            return entry.ref
        while self._waiting and not self._busy:
            key = self._waiting.popleft()
            row = self._review.row_of(key)
            if row >= 0 and self._review.entries[row].is_film and self._is_open(key):
                return self._review.entries[row].ref
        return None

    def _is_open(self, key: str) -> bool:
        return self.result(key) is None and key not in self._failures

    def _read(self, key: str, analysed: Analysed) -> None:
        self._running = None
        self._review.scores.store(key, analysed.result)
        first = self._review.result(key)
        if first is not None:
            self._first_s += first.seconds
            self._second_s += analysed.result.seconds
        self._advance()
        self.changed.emit()

    def _not_read(self, key: str, error: NegatoscopeError) -> None:
        self._running = None
        self._failures[key] = error.message
        self._advance()
        self.changed.emit()
