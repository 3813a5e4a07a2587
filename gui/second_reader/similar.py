"""Use case: which films are most like the selected one, among those its model learnt from and among those open here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from gui.jobs import JobHandle, Jobs, Lane
from gui.review import Review
from gui.second_reader.analysis_queue import QueueProgress
from gui.second_reader.embedding_table import Embeddings, EmbeddingTable
from gui.second_reader.models import LoadedModel
from imaging.study import ImageRef

if TYPE_CHECKING:
    from inference.engines.engine import Floats
    from inference.scoring.similar import Reference, SimilarFilm

TILES = 4
PRIORITY = 2  # behind the film that is being read, before small pictures
NEARLY_EQUAL = 0.999  # cosine, above which two films may be the same picture
ROUNDING = 1e-4  # how far two runs of a network on the same picture may lie apart, as a share of the largest value
TRAINED_ON = "The model was trained on this film."


@dataclass(frozen=True, slots=True)
class FoundSimilar:
    """What is like the film of `key`: reference films (`LOOKED_AT` of them), and keys and cosines of open films."""

    key: str
    learnt_from: tuple[SimilarFilm, ...] = ()
    open_here: tuple[tuple[str, float], ...] = ()


class Similar(QObject):
    """Searches on a worker; what was found for a film that is not looked at any more is dropped."""

    found_changed = Signal()

    def __init__(self, review: Review, jobs: Jobs, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._review = review
        self._jobs = jobs
        self._tables: dict[str, EmbeddingTable] = {}  # by the sha256 of the weights
        self._keys: dict[tuple[str, int], list[str]] = {}  # open films by sha256 and frame
        self._handle: JobHandle | None = None
        self._busy = False
        self.reference: Reference | None = None
        self.found: FoundSimilar | None = None
        review.film_selected.connect(self._look)
        review.film_changed.connect(self._row_changed)
        review.films_closed.connect(self._forget)
        review.model_changed.connect(self._model_changed)

    def take_model(self, loaded: LoadedModel) -> None:
        """Another model counts, with reference films of its own. Called before the review says so."""
        self.reference = loaded.reference

    def follow_queue(self, progress: QueueProgress) -> None:
        """Look again once all open films are known: while they come in, what is shown stays."""
        if self._busy and not progress.active:
            self._look()
        self._busy = progress.active

    def film_with(self, digest: str) -> ImageRef | None:
        """The open film whose file has this sha256."""
        for key in self._keys.get((digest, 0), ()):
            row = self._review.row_of(key)
            if row >= 0:
                return self._review.entries[row].ref
        return None

    def twins(self) -> tuple[str, ...]:
        """The keys of the other open films that show the same picture as the selected one, in their order."""
        entry = self._review.selected_film
        result = self._review.result(entry.key) if entry is not None else None
        if entry is None or result is None:
            return ()
        key = entry.key
        equal_files = self._keys.get((result.ref.digest or "", result.ref.frame), [])
        twins = {other for other in equal_files if other != key}
        if self.found is not None and self.found.key == key:
            near = (other for other, cosine in self.found.open_here if cosine >= NEARLY_EQUAL)
            twins |= {other for other in near if self._looks_equal(result.embedding, other)}
        return tuple(sorted(twins, key=self._review.row_of))

    def was_trained_on(self, key: str) -> bool:
        """Whether the chosen model is known to have learnt from the very file of a film."""
        result = self._review.result(key)
        return result is not None and self.reference is not None and result.ref.digest in self.reference.trained_on

    def _looks_equal(self, embedding: Floats, other: str) -> bool:
        """Equal input makes equal embeddings, but for the order in which a processor adds."""
        result = self._review.result(other)
        if result is None or result.embedding.shape != embedding.shape:
            return False
        return bool(abs(result.embedding - embedding).max() <= ROUNDING * abs(embedding).max())

    def _row_changed(self, row: int) -> None:
        key = self._review.entries[row].key
        self._take(key)
        if row == self._review.selected:
            self._look()

    def _model_changed(self) -> None:
        for entry in self._review.entries:
            self._take(entry.key)
        self._look()

    def _take(self, key: str) -> None:
        """Keep what a result says of a film's likeness."""
        result = self._review.result(key)
        if result is None:
            return
        table = self._table(result.weights_sha256)
        if key in table:
            return
        table.add(key, result.embedding)
        keys = self._keys.setdefault((result.ref.digest or key, result.ref.frame), [])
        if key not in keys:
            keys.append(key)

    def _table(self, weights_sha256: str) -> EmbeddingTable:
        """The films that the chosen model has seen; other weights see them otherwise, whatever they are called."""
        if weights_sha256 not in self._tables:
            centre = self.reference.centre if self.reference is not None else None
            self._tables[weights_sha256] = EmbeddingTable(centre)
        return self._tables[weights_sha256]

    def _look(self, *_: object) -> None:
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None
        entry = self._review.selected_film
        result = self._review.result(entry.key) if entry is not None else None
        if entry is None or result is None:
            self._show(None)
            return
        key, reference = entry.key, self.reference
        if self.found is not None and self.found.key != key:
            self._show(None)
        films = self._table(result.weights_sha256).now()
        embedding, digest = result.embedding, result.ref.digest or ""
        self._handle = self._jobs.submit(
            Lane.IO,
            lambda token, progress: find_similar(key, embedding, digest, reference, films),
            done=self._show,
            priority=PRIORITY,
        )

    def _show(self, found: FoundSimilar | None) -> None:
        if found != self.found:
            self.found = found
            self.found_changed.emit()

    def _forget(self) -> None:
        self._tables.clear()
        self._keys.clear()


# On a worker's thread.


def find_similar(
    key: str, embedding: Floats, digest: str, reference: Reference | None, films: Embeddings
) -> FoundSimilar:
    """The reference films and the open films most similar to one."""
    from inference.scoring.similar import LOOKED_AT

    learnt_from = reference.nearest(embedding, LOOKED_AT, digest) if reference is not None else ()
    return FoundSimilar(key, learnt_from, tuple(films.most_similar(embedding, TILES, key)))
