"""Use case: show the selected film as soon as it is decoded, and have its neighbours ready."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from gui.films.entries import Entry
from gui.films.prefetch import LOOKED_THROUGH, likely_next
from gui.jobs import JobHandle, Jobs, Lane
from gui.process.allocator import give_large_blocks_back
from gui.review import Review
from imaging.cache import ByteCache
from imaging.errors import FilmError, NegatoscopeError
from imaging.study import ImageRef

if TYPE_CHECKING:
    from gui.viewport.prepared import PreparedFilm

CACHE_BYTES = 128 * 2**20  # three of the largest chest films; with all else the window stays below 600 MB
ORDINARY_SUFFIX = ".dcm"  # more often than not uncompressed
SHOW_PRIORITY = 0
NEIGHBOUR_PRIORITY = 5
GIVE_WAY_S = 1.0  # how long others hold back for one film


class Reading(QObject):
    """Decodes on the io lane and keeps what was prepared in a byte-bounded cache."""

    film_prepared = Signal(str, object)  # key, PreparedFilm; only ever the selected film
    film_awaited = Signal(str)  # the selected film is being decoded
    film_refused = Signal(str, str)  # key, sentence
    film_failed = Signal(str, str)  # key, sentence: nothing is wrong with the film; selected again, it is tried again

    def __init__(self, review: Review, jobs: Jobs, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._review = review
        self._jobs = jobs
        self._cache: ByteCache[str, PreparedFilm] = ByteCache(CACHE_BYTES, size_of=prepared_bytes)
        self._running: dict[str, JobHandle] = {}
        self._row, self._step = -1, 1  # the last row, and the direction of reading
        self._calm = Event()  # no film is waited for
        self._calm.set()
        review.scan_changed.connect(self._expect)
        review.film_selected.connect(self._selected)
        review.films_added.connect(self._added)
        review.film_returned.connect(lambda row: self._selected(row) if row == review.selected else None)
        review.films_closed.connect(self._closed)

    def get_ready(self, paths: Sequence[Path] = ()) -> None:
        """Import and start what a first film may need, so that it does not wait for that. One of `paths`, which are
        opened already, has what it needs imported with it; the process that decodes takes longer to start.
        """
        decoder = may_need_decoder(paths)
        self._jobs.submit(Lane.IO, lambda token, progress: get_ready_to_read(awaited=bool(paths), decoder=decoder))

    def give_way(self) -> None:
        """For workers that have time: wait until the film that the reader waits for is there. Thread-safe."""
        if not self._calm.wait(GIVE_WAY_S):
            self._calm.set()  # it takes long; nobody waits for it a second time

    def _expect(self) -> None:
        """The first film that is found will be waited for."""
        if self._review.scanning and self._review.selected_film is None:
            self._calm.clear()
        elif not self._review.scanning:
            self._calm.set()

    def _selected(self, row: int) -> None:
        if 0 <= self._row != row >= 0:
            self._step = 1 if row > self._row else -1
        self._row = row
        entry = self._review.selected_entry
        self._drop_outdated(row)
        if entry is None or entry.ref is None:
            return
        if entry.refusal:
            if entry.may_return:
                self._read(entry.ref, SHOW_PRIORITY)
            return
        prepared = self._cache.get(entry.key)
        if prepared is not None:
            self.film_prepared.emit(entry.key, prepared)
            self._calm.set()
            self._prefetch(prepared)
            return
        self._calm.clear()
        self.film_awaited.emit(entry.key)
        self._read(entry.ref, SHOW_PRIORITY)

    def _likely_next(self) -> list[Entry]:
        """The films that the reader is likely to want after the selected one, the likeliest first."""
        entries, review = self._review.entries, self._review
        rows = likely_next(entries, self._row, self._step)
        flagged = review.rows.next_flagged(review.selected)
        rows += [flagged] if flagged not in (-1, self._row, *rows) else []
        return [entries[row] for row in rows]

    def _drop_outdated(self, row: int) -> None:
        selected = self._review.selected_film
        keep = {entry.key for entry in self._likely_next()} | ({selected.key} if selected is not None else set())
        for key in [key for key in self._running if key not in keep]:
            self._running.pop(key).cancel()

    def _added(self, first: int, last: int) -> None:
        """The films behind the selected one are found after it."""
        entry = self._review.selected_film
        prepared = self._cache.get(entry.key) if entry is not None and first <= self._row + LOOKED_THROUGH else None
        if prepared is not None:
            self._prefetch(prepared)

    def _prefetch(self, shown: PreparedFilm) -> None:
        """As many as there is room for beside the film on screen, if they are of its size."""
        room = CACHE_BYTES // max(prepared_bytes(shown), 1) - 1
        wanted = self._likely_next()[: max(room, 0)]
        # What is asked for last is kept longest.
        kept = {entry.key for entry in reversed(wanted) if self._cache.get(entry.key) is not None}
        for entry in wanted:
            if entry.ref is not None and entry.key not in kept:
                self._read(entry.ref, NEIGHBOUR_PRIORITY)

    def _read(self, ref: ImageRef, priority: int) -> None:
        key = ref.key
        if key in self._running:
            self._jobs.reprioritise(self._running[key], priority)
            return
        self._running[key] = self._jobs.submit(
            Lane.IO,
            lambda token, progress: prepare_film(ref),
            done=lambda prepared: self._prepared(key, prepared),
            failed=lambda error: self._failed(key, error),
            priority=priority,
        )

    def _prepared(self, key: str, prepared: PreparedFilm) -> None:
        self._running.pop(key, None)
        self._cache.put(key, prepared)
        if self._review.readmit(key):
            return  # and was shown with that
        selected = self._review.selected_entry
        if selected is not None and selected.key == key:
            self.film_prepared.emit(key, prepared)
            self._calm.set()
            self._prefetch(prepared)

    def _failed(self, key: str, error: NegatoscopeError) -> None:
        self._running.pop(key, None)
        self._calm.set()
        if isinstance(error, FilmError):
            self._review.refuse(key, error)
            self.film_refused.emit(key, error.message)
        else:
            self.film_failed.emit(key, error.message)

    def _closed(self) -> None:
        for handle in self._running.values():
            handle.cancel()
        self._running.clear()
        self._step = 1
        self._cache.clear()
        self._calm.set()


def may_need_decoder(paths: Sequence[Path]) -> bool:
    """Whether a first film may be a compressed one, as far as names tell; nothing is looked at."""
    return not paths or any(path.suffix.lower() != ORDINARY_SUFFIX for path in paths)


# On a worker's thread.


def get_ready_to_read(*, awaited: bool, decoder: bool) -> None:
    """What is done once, before the first film."""
    give_large_blocks_back()
    if decoder:
        from imaging.read.child import POOL

        POOL.get_ready()
    if not awaited:
        import_readers()


def import_readers() -> tuple[object, ...]:
    """What the first film needs and the empty window does not; with these come numpy and OpenCV."""
    from imaging.read.dicom import read_dicom
    from imaging.read.encapsulated import read_encapsulated
    from imaging.read.raster import read_raster

    return (*import_painter(), read_dicom, read_encapsulated, read_raster)


def import_painter() -> tuple[object, ...]:
    """What the window's thread paints a film with, so that it does not read that from the disk itself.

    Names are imported, not modules: PySide reads a module's source when the first name is taken from it.
    """
    from gui.viewport.painting import ScenePainter
    from gui.viewport.readout import readout_at
    from imaging.show.window import default_voi

    return ScenePainter, readout_at, default_voi


def prepare_film(ref: ImageRef) -> PreparedFilm:
    """Decode one film and make it ready to paint. Raises FilmError."""
    from gui.viewport.prepared import prepare
    from imaging.read.budget import BUDGET
    from imaging.read.decode import decode

    import_painter()
    with BUDGET.film():
        return prepare(decode(ref))


def prepared_bytes(prepared: PreparedFilm) -> int:
    """About what a prepared film holds: the stored values, and a third of them again for the pyramid's levels; and what
    the file draws over them, likewise.
    """
    graphics = prepared.graphics.nbytes if prepared.graphics is not None else 0
    return int(prepared.image.pixels.nbytes * 4 // 3) + graphics
