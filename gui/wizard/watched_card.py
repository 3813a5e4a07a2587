"""Films that the run does not learn from, each with what the network gives to its own label by now."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QWidget

from gui.films.entries import label_name
from gui.films.thumbnails import SIDE_PX, make_thumbnail, to_qimage
from gui.jobs import JobHandle, Jobs, Lane
from gui.panels.tiles import Tile, TileRow
from gui.wizard.framed import Framed
from imaging.errors import NegatoscopeError
from imaging.study import ImageRef

if TYPE_CHECKING:
    from training.running.events import WatchedFilm
    from training.running.run_story import Story

MOST = 8
RIGHT_FROM = 0.5
PRIORITY = 5  # behind the reading of the run itself


class WatchedCard(Framed):
    """A strip of films. The pictures are read once; a film that can't be read any more stays a dark shape."""

    film_asked = Signal(object, object)  # tuple[ImageRef, ...], ImageRef

    def __init__(self, jobs: Jobs, parent: QWidget | None = None) -> None:
        super().__init__("Films it does not learn from", parent)
        self._jobs = jobs
        self._films: tuple[WatchedFilm, ...] = ()
        self._story: Story | None = None
        self._images: dict[str, QImage] = {}
        self._reading: dict[str, JobHandle] = {}
        self._shown: tuple[Tile, ...] = ()
        self.row = TileRow(MOST)
        self.row.setAccessibleName("Films that the run does not learn from")
        self.column.addWidget(self.row)
        self.row.picked.connect(self._open)

    def show_story(self, story: Story) -> None:
        """The films of the run and their scores at the last look."""
        self._story = story
        if story.watched != self._films:
            self._take(story.watched)
        said = "the score of its own label, now and before" if story.scores else "scored with the first epoch"
        self.say(said if self._films else "")
        tiles = []
        for place, film in enumerate(self._films[:MOST]):
            score = story.scores[place] if place < len(story.scores) else None
            before = story.scores_before[place] if place < len(story.scores_before) else None
            tiles.append(self._tile(film, score, before))
        if tuple(tiles) != self._shown:
            self._shown = tuple(tiles)
            self.row.show_tiles(tiles)

    def rest(self) -> None:
        """Read no more pictures."""
        for handle in self._reading.values():
            handle.cancel()
        self._reading.clear()

    def _tile(self, film: WatchedFilm, score: float | None, before: float | None) -> Tile:
        label, key = label_name(film.label), _ref(film).key
        if score is None:
            return Tile(label, "", f"{label}, not scored yet", self._images.get(key), key)
        word = "right" if score >= RIGHT_FROM else "wrong"
        was = f"was {before:.2f}" if before is not None else ""
        name = f"{label}: the network gives it {score:.2f}, {word}{', ' if was else ''}{was}"
        return Tile(
            f"{label} {score:.2f}",
            ", ".join(filter(None, (word, was))),
            name,
            self._images.get(key),
            key,
            word == "wrong",
        )

    def _take(self, films: tuple[WatchedFilm, ...]) -> None:
        self.rest()
        self._films = films
        refs = {_ref(film).key: _ref(film) for film in films[:MOST]}
        self._images = {key: image for key, image in self._images.items() if key in refs}
        for key, ref in refs.items():
            if key not in self._images:
                self._reading[key] = self._read(key, ref)

    def _read(self, key: str, ref: ImageRef) -> JobHandle:
        return self._jobs.submit(
            Lane.IO,
            lambda token, progress: to_qimage(make_thumbnail(ref, SIDE_PX)),
            done=lambda image: self._pictured(key, image),
            failed=self._not_read,
            priority=PRIORITY,
        )

    def _pictured(self, key: str, image: QImage) -> None:
        self._images[key] = image
        if self._story is not None:
            self.show_story(self._story)

    def _not_read(self, _: NegatoscopeError) -> None:
        """It stays a dark shape; opened in the viewer it says why."""

    def _open(self, key: str) -> None:
        refs = {_ref(film).key: _ref(film) for film in self._films}
        if key in refs:
            self.film_asked.emit(tuple(refs.values()), refs[key])


def _ref(film: WatchedFilm) -> ImageRef:
    return ImageRef(Path(film.path), film.frame)
