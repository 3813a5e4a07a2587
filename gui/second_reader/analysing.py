"""Use case: have every film analysed, the visible one first, and stop when the reader says so."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from gui.films.entries import Stage
from gui.jobs import GiveWay, JobHandle, Jobs, Lane
from gui.review import Review
from gui.second_reader.analysis_queue import AnalysisQueue, QueueProgress
from gui.second_reader.models import LoadedModel
from imaging.errors import Code, FilmError, NegatoscopeError
from imaging.study import ImageRef

if TYPE_CHECKING:
    from imaging.progress import CancelToken
    from inference.scoring.pipeline import Analyser
    from inference.scoring.results import ImageResult

INSISTED_PRIORITY = -1  # the reader waits for it


@dataclass(frozen=True, slots=True, eq=False)
class Analysed:
    """A result, with the engine in words as it was right after the film."""

    result: ImageResult
    engine: str
    why: str


class Analysing(QObject):
    """Feeds the model lane one film at a time, so that the next one is always the one that matters now."""

    queue_changed = Signal(object)  # QueueProgress
    failed = Signal(str)

    def __init__(
        self, review: Review, jobs: Jobs, give_way: GiveWay = lambda: None, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._give_way = give_way
        self._review = review
        self._jobs = jobs
        self._queue = AnalysisQueue()
        self._analyser: Analyser | None = None
        self._handle: JobHandle | None = None
        self._insisting: JobHandle | None = None
        self._stopped: list[ImageRef] = []
        self._held = False  # what was stopped was never begun
        self._automatic = True
        review.films_added.connect(self._films_added)
        review.film_returned.connect(lambda row: self._films_added(row, row))
        review.films_closed.connect(self._films_closed)
        review.model_changed.connect(self._model_changed)

    @property
    def progress(self) -> QueueProgress:
        return QueueProgress(self._queue.done, self._queue.total, self._queue.active, bool(self._stopped), self._held)

    def take_model(self, loaded: LoadedModel) -> None:
        """Use another analyser from the next film on."""
        self._analyser = loaded.analyser

    def set_automatic(self, automatic: bool) -> None:
        """Whether films are analysed when they are opened, or wait until the reader asks for it."""
        self._automatic = automatic
        if automatic and self._held:
            self.resume()

    def cancel(self) -> None:
        """Stop now; the film in hand is given up, scores that exist stay."""
        running = self._running_ref()
        self._held = False
        self._stopped += ([running] if running is not None else []) + self._empty()
        self._review.set_stages([ref.key for ref in self._stopped], Stage.STOPPED)
        self.queue_changed.emit(self.progress)

    def resume(self) -> None:
        """Go on with what was stopped."""
        self._held = False
        refs, self._stopped = self._stopped, []
        self._enqueue(refs)

    def insist(self, key: str) -> None:
        """Have a film scored that the model may not speak about, before any other."""
        row, analyser = self._review.row_of(key), self._analyser
        ref = self._review.entries[row].ref if row >= 0 else None
        if ref is None or analyser is None or not self._review.outside(key) or self._review.is_insisted(key):
            return
        self._review.set_stage(key, Stage.ANALYSING)
        self._insisting = self._jobs.submit(
            Lane.MODEL,
            lambda token, progress: score_anyway(analyser, ref, token),
            done=lambda analysed: self._review.store(key, analysed.result),
            failed=lambda error: self._insisted_in_vain(key, error),
            priority=INSISTED_PRIORITY,
        )

    def _insisted_in_vain(self, key: str, error: NegatoscopeError) -> None:
        self._review.set_stage(key, Stage.DONE)
        self.failed.emit(error.message)

    def drop(self, key: str) -> None:
        """A film turned out to be unreadable before its turn came."""
        self._queue.drop(key)
        self.queue_changed.emit(self.progress)

    def _running_ref(self) -> ImageRef | None:
        row = self._review.row_of(self._queue.running or "")
        return self._review.entries[row].ref if row >= 0 else None

    def _empty(self) -> list[ImageRef]:
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None
        return self._queue.clear()

    def _films_added(self, first: int, last: int) -> None:
        unread = self._unread(first, last)
        if self._review.model is not None:
            self._take_up(unread)
        elif self._review.model_reading and self._automatic:
            self._review.set_stages([ref.key for ref in unread], Stage.WAITING)

    def _films_closed(self) -> None:
        if self._insisting is not None:
            self._insisting.cancel()
        self._stopped.clear()
        self._held = False
        self._empty()
        self.queue_changed.emit(self.progress)

    def _model_changed(self) -> None:
        """Another model counts: what it has said is kept, what it has not seen waits for it."""
        self._stopped.clear()
        self._held = False
        self._empty()
        unread = self._unread(0, len(self._review.entries) - 1)
        if self._review.model is not None:
            self._take_up(unread)
            return
        waits = self._review.model_reading and self._automatic
        self._review.set_stages([ref.key for ref in unread], Stage.WAITING if waits else Stage.IDLE)
        self.queue_changed.emit(self.progress)

    def _unread(self, first: int, last: int) -> list[ImageRef]:
        entries, is_answered = self._review.entries[first : last + 1], self._review.is_answered
        return [e.ref for e in entries if e.is_film and e.ref is not None and not is_answered(e.key)]

    def _take_up(self, refs: list[ImageRef]) -> None:
        if self._automatic or not refs:
            self._enqueue(refs)
            return
        self._held = self._held or not self._stopped
        self._stopped += refs
        self._review.set_stages([ref.key for ref in refs], Stage.IDLE)
        self.queue_changed.emit(self.progress)

    def _enqueue(self, refs: list[ImageRef]) -> None:
        self._review.set_stages(self._queue.add(refs), Stage.WAITING)
        self._advance()

    def _advance(self) -> None:
        analyser, give_way = self._analyser, self._give_way
        if analyser is None or self._review.model is None:
            return
        entry = self._review.selected_entry
        ref = self._queue.take((entry.key,) if entry is not None else ())
        if ref is not None:
            self._review.set_stage(ref.key, Stage.ANALYSING)
            self._handle = self._jobs.submit(
                Lane.MODEL,
                lambda token, progress: analyse_behind(analyser, ref, token, give_way),
                done=lambda analysed: self._analysed(ref, analysed),
                failed=lambda error: self._failed(ref, error),
            )
        self.queue_changed.emit(self.progress)

    def _analysed(self, ref: ImageRef, analysed: Analysed) -> None:
        self._queue.finish(ref.key)
        self._handle = None
        self._review.store(ref.key, analysed.result)
        self._review.set_engine(analysed.engine, analysed.why)
        self._advance()

    def _failed(self, ref: ImageRef, error: NegatoscopeError) -> None:
        self._queue.finish(ref.key)
        self._handle = None
        if isinstance(error, FilmError) and error.code is not Code.ANALYSIS_FAILED:
            self._review.refuse(ref.key, error)
        else:
            self._review.fail(ref.key, error.message)
        self._advance()


# On the model lane.


def analyse_behind(analyser: Analyser, ref: ImageRef, token: CancelToken, give_way: GiveWay) -> Analysed:
    """`analyse_film`, once nobody waits for a film to be shown."""
    give_way()
    return analyse_film(analyser, ref, token)


def analyse_film(analyser: Analyser, ref: ImageRef, token: CancelToken) -> Analysed:
    """What the model says of one film, whose reference then knows the file's sha256. Raises FilmError."""
    from gui.session import StoreError, film_digest

    result = analyser.analyse(ref, token)
    with contextlib.suppress(StoreError):  # the film was moved meanwhile: its score stands
        result = replace(result, ref=replace(result.ref, digest=film_digest(ref)))
    return Analysed(result, analyser.engine.name, analyser.engine.why)


def score_anyway(analyser: Analyser, ref: ImageRef, token: CancelToken) -> Analysed:
    """What the model says of a film that it may not speak about, marked as such. Raises FilmError."""
    from inference.scoring.pipeline import Analyser

    return analyse_film(Analyser(analyser.bundle, analyser.engine, insist=True), ref, token)
