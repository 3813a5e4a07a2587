"""Use case: show the reader what the model sees of the selected film: the network's input itself, and where it lies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from gui.jobs import JobHandle, Jobs, Lane
from gui.review import Review
from imaging.errors import NegatoscopeError
from imaging.study import ImageRef

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from imaging.heatmap import GridRect
    from imaging.image import DecodedImage
    from inference.scoring.preprocess import PreprocessSpec

PRIORITY = 1  # behind the film itself
NO_FILM = "What the model sees of a film appears here."
NO_MODEL = "Without a model nothing is seen."
READING = "Reading the film…"


@dataclass(frozen=True, slots=True, eq=False)
class SeenFilm:
    """The network's input for one film: uint8 [S, S], where it lies on the film, and in words how it came about."""

    key: str
    grey: npt.NDArray[np.uint8]
    rect: GridRect
    words: tuple[str, ...]


class Seen(QObject):
    """Works while it is watched: prepares the selected film for the chosen model, on a worker."""

    changed = Signal()

    def __init__(self, review: Review, jobs: Jobs, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._review = review
        self._jobs = jobs
        self._watched = False
        self._handle: JobHandle | None = None
        self.film: SeenFilm | None = None
        self.message = NO_FILM  # why there is none
        review.film_selected.connect(self._look)
        review.model_changed.connect(self._look)
        review.film_changed.connect(self._row_changed)
        review.film_returned.connect(self._row_returned)

    @property
    def settled(self) -> bool:
        return self._handle is None

    def watch(self, watched: bool) -> None:
        """Whether anybody looks; nothing is prepared for nobody."""
        if watched != self._watched:
            self._watched = watched
            self._look()

    def _row_changed(self, row: int) -> None:
        """A film that turned out to be unreadable has nothing to show any more."""
        if row == self._review.selected and self._review.entries[row].refusal:
            self._look()

    def _row_returned(self, row: int) -> None:
        if row == self._review.selected:
            self._look()

    def _look(self, *_: object) -> None:
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None
        self.film, self.message = None, ""
        entry, model = self._review.selected_film, self._review.model
        ref = entry.ref if entry is not None else None
        if not self._watched or ref is None or model is None:
            refusal = self._review.selected_entry.refusal if self._review.selected_entry is not None else ""
            self.message = refusal or (NO_FILM if ref is None else NO_MODEL)
        else:
            spec, engine, key = model.card.preprocess, model.engine, ref.key
            self.message = READING
            self._handle = self._jobs.submit(
                Lane.IO,
                lambda token, progress: see(ref, spec, engine),
                done=lambda film: self._settle(film, ""),
                failed=lambda error: self._failed(key, error),
                priority=PRIORITY,
            )
        self.changed.emit()

    def _failed(self, key: str, error: NegatoscopeError) -> None:
        entry = self._review.selected_entry
        if entry is not None and entry.key == key:
            self._settle(None, error.message)

    def _settle(self, film: SeenFilm | None, message: str) -> None:
        self._handle = None
        self.film, self.message = film, message
        self.changed.emit()


# On a worker's thread.


def see(ref: ImageRef, spec: PreprocessSpec, engine: str) -> SeenFilm:
    """The input as the analyser makes it for that engine, by the very same function. Raises FilmError."""
    from inference.scoring.preprocess import grid_rect, load_grey
    from inference.scoring.views import views_of

    grey, image = load_grey(ref, spec)
    words = seen_words(image, spec, views_of(engine))
    return SeenFilm(ref.key, grey, grid_rect(spec, image.full_size_px), words)


def seen_words(image: DecodedImage, spec: PreprocessSpec, views: int = 1) -> tuple[str, ...]:
    """What was done to the film, a sentence each."""
    height, width = image.full_size_px
    side = spec.size_px
    square = height == width
    fits = {
        "squash": "The whole film" + ("" if square else ", squashed into a square"),
        "pad": "The whole film" + ("" if square else ", padded with black"),
        "crop": "The whole film" if square else "The square in the middle of the film",
    }
    words = [f"{fits[spec.fit]}: {side} × {side} px from {width:,} × {height:,}.", _grey_words(image)]
    levelled = {"histogram": "The histogram is made flat.", "clahe": "The histogram is made flat, place by place."}
    if spec.equalise in levelled:
        words.append(levelled[spec.equalise])
    if views > 1:
        words.append(f"The model gets {views - 1} slightly moved copies of it too.")
    return tuple(words)


def _grey_words(image: DecodedImage) -> str:
    from gui.viewport.words import voi_words
    from imaging.show.window import default_voi

    if image.is_colour:
        return "Grey by the luminance of its colours."
    source = "the film's own window" if image.voi else "a window found in its pixels"
    return f"Grey by {source}, {voi_words(default_voi(image))}; yours changes nothing here."
