"""Use case: work out the heat map of the film on screen by another method than Grad-CAM, when the reader asks."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from gui.jobs import JobHandle, Jobs, Lane
from gui.review import Review
from gui.second_reader.models import LoadedModel
from gui.second_reader.scores import GRAD_CAM
from imaging.errors import NegatoscopeError
from imaging.study import ImageRef

if TYPE_CHECKING:
    from imaging.heatmap import Heatmap
    from imaging.progress import CancelToken, Progress
    from inference.maps.explain import Method
    from inference.scoring.pipeline import Analyser

ASKED_PRIORITY = -1  # the reader waits for it


@dataclass(frozen=True, slots=True)
class Work:
    """How far a map is. `runs` of the network, `done` of them so far."""

    key: str
    done: int = 0
    runs: int = 0


class Explaining(QObject):
    """One map at a time, on the model lane. It is given up when another film, method, finding or model is chosen."""

    changed = Signal()

    def __init__(self, review: Review, jobs: Jobs, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._review = review
        self._visibility = review.visibility
        self._jobs = jobs
        self._analyser: Analyser | None = None
        self._handle: JobHandle | None = None
        self._asked = self._subject()
        self.work: Work | None = None
        self.message = ""  # why the last one failed
        shown = self._visibility
        for another in (review.film_selected, shown.overlay_changed, review.model_changed, review.films_closed):
            another.connect(self._look)

    def take_model(self, loaded: LoadedModel) -> None:
        self._analyser = loaded.one_view or loaded.analyser  # a map is of the film itself

    @property
    def methods(self) -> tuple[Method, ...]:
        """The methods that show something of their own for the chosen model, Grad-CAM first."""
        model = self._review.model
        if model is None:
            return ()
        from inference.maps.explain import methods

        return methods(model.card)

    @property
    def possible(self) -> bool:
        """Whether the film on screen has a score that a map could explain, and this method has not been tried."""
        key, method, _ = self._subject()
        scored = bool(key) and self._review.result(key) is not None and bool(self._review.findings(key))
        return scored and method != GRAD_CAM and self._review.heatmap(key) is None

    def choose(self, method: str) -> None:
        """The reader chose a method: its map is shown, and worked out for the film on screen."""
        self._visibility.set_overlay(replace(self._visibility.overlay, method=method, shown=True))
        self.start()

    def start(self) -> None:
        """Work the map of the film on screen out."""
        entry, analyser = self._review.selected_film, self._analyser
        ref = entry.ref if entry is not None else None
        if ref is None or analyser is None or self.work is not None or not self.possible:
            return
        self._asked = key, method, label = self._subject()
        self.work, self.message = Work(key), ""
        self._handle = self._jobs.submit(
            Lane.MODEL,
            lambda token, progress: explain_film(analyser, ref, label, method, token=token, progress=progress),
            done=lambda heatmap: self._explained(key, method, heatmap),
            failed=self._failed,
            progress=lambda done, total: self._went_on(key, done, total),
            priority=ASKED_PRIORITY,
        )
        self.changed.emit()

    def stop(self) -> None:
        """Give the map up, at once."""
        if self._handle is not None:
            self._handle.cancel()
        self._end()

    def _subject(self) -> tuple[str, str, str]:
        """What a map would be of: the film's key, the method, the label."""
        entry, overlay = self._review.selected_film, self._visibility.overlay
        key = entry.key if entry is not None else ""
        return key, overlay.method, self._review.shown_label(key)

    def _look(self, *_: object) -> None:
        if self._subject() != self._asked or self._review.model is None:
            self.message = ""
            if self.work is not None:
                self.stop()
        if self._review.model is not None and self._visibility.overlay.method not in self.methods:
            self._visibility.set_overlay(replace(self._visibility.overlay, method=GRAD_CAM))

    def _went_on(self, key: str, done: int, runs: int | None) -> None:
        self.work = Work(key, done, runs or 0)
        self.changed.emit()

    def _explained(self, key: str, method: str, heatmap: Heatmap) -> None:
        self._end()
        self._review.explain(key, method, heatmap)

    def _failed(self, error: NegatoscopeError) -> None:
        self.message = error.message
        self._end()

    def _end(self) -> None:
        self._handle = self.work = None
        self.changed.emit()


# On the model lane.


def explain_film(
    analyser: Analyser, ref: ImageRef, label: str, method: str, *, token: CancelToken, progress: Progress
) -> Heatmap:
    """The map of one finding of a film. Raises FilmError, BundleError and Cancelled."""
    from inference.maps.explain import explain, methods
    from inference.scoring.preprocess import grid_rect

    card = analyser.bundle.card
    chosen = next(name for name in methods(card) if name == method)
    film = analyser.load(ref)
    rect = grid_rect(card.preprocess, film.full_size_px)
    return explain(
        analyser.bundle, analyser.engine, film.grey, label, chosen, token=token, progress=progress, rect=rect
    )
