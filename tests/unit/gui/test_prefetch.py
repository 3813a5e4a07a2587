"""The next film is ready before the reader asks for it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from gui.films import reading
from gui.films.entries import Entry
from gui.films.prefetch import LOOKED_THROUGH, likely_next
from gui.films.reading import Reading, prepared_bytes
from gui.jobs import Jobs
from gui.review import Review
from imaging.study import ImageRef

PATIENCE_MS = 60_000
SIDE_PX = 64


def entry(path: Path, refusal: str = "") -> Entry:
    return Entry(path, ImageRef(path), refusal=refusal)


def rows(count: int, refused: range = range(0)) -> list[Entry]:
    return [entry(Path(f"{row}.png"), "No film." if row in refused else "") for row in range(count)]


def test_films_in_the_direction_of_reading_come_first() -> None:
    assert likely_next(rows(20), 10, 1) == [11, 12, 9, 13]
    assert likely_next(rows(20), 10, -1) == [9, 8, 11, 7]
    assert likely_next(rows(20), 19, 1) == [18]
    assert likely_next(rows(2), 0, 1) == [1]
    assert likely_next([], -1, 1) == []


def test_refused_files_are_stepped_over_but_not_for_ever() -> None:
    assert likely_next(rows(20, refused=range(11, 14)), 10, 1) == [14, 15, 9, 16]
    many = LOOKED_THROUGH + 1
    assert likely_next(rows(many + 20, refused=range(1, many + 1)), 0, 1) == []


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for number in range(12):
        Image.fromarray(np.full((SIDE_PX, SIDE_PX), number, np.uint8)).save(tmp_path / f"{number}.png")
    return tmp_path


def awaited(films: Reading) -> list[str]:
    """The films that the reader has to wait for."""
    names: list[str] = []
    films.film_awaited.connect(lambda key: names.append(Path(key).stem))
    return names


def test_reading_on_never_waits(review: Review, jobs: Jobs, folder: Path, qtbot: Any) -> None:
    films = Reading(review, jobs)
    waited = awaited(films)
    review.add([entry(folder / f"{number}.png") for number in range(12)])
    for row in (1, 2, 3, 4, 3, 2, 1, 0):
        qtbot.waitUntil(lambda: jobs.idle, timeout=PATIENCE_MS)
        review.select(row)
    assert waited == ["0"]


def test_other_films_are_read_forwards_again(review: Review, jobs: Jobs, folder: Path, qtbot: Any) -> None:
    films = Reading(review, jobs)
    waited = awaited(films)
    review.add([entry(folder / f"{number}.png") for number in range(6)])
    for row in (3, 2):
        qtbot.waitUntil(lambda: jobs.idle, timeout=PATIENCE_MS)
        review.select(row)
    review.close_films()
    del waited[:]
    review.add([entry(folder / f"{number}.png") for number in range(6, 12)])
    for row in (2, 1, 3):
        qtbot.waitUntil(lambda: jobs.idle, timeout=PATIENCE_MS)
        review.select(row)
    assert waited == ["6"], "two films ahead of the first"


def test_films_that_are_listed_later_are_read_ahead_too(review: Review, jobs: Jobs, folder: Path, qtbot: Any) -> None:
    films = Reading(review, jobs)
    waited = awaited(films)
    for number in range(4):
        review.add([entry(folder / f"{number}.png")])
        qtbot.waitUntil(lambda: jobs.idle, timeout=PATIENCE_MS)
    review.select(1)
    assert waited == ["0"]


def test_no_more_is_read_ahead_than_there_is_room_for(
    review: Review, jobs: Jobs, folder: Path, qtbot: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With room for two films, the next one is read, and nothing that would push it or the one on screen out."""
    one = prepared_bytes(reading.prepare_film(ImageRef(folder / "0.png")))
    monkeypatch.setattr(reading, "CACHE_BYTES", 2 * one)
    films = Reading(review, jobs)
    waited = awaited(films)
    review.add([entry(folder / f"{number}.png") for number in range(12)])
    for row in (1, 2, 3):
        qtbot.waitUntil(lambda: jobs.idle, timeout=PATIENCE_MS)
        assert films._cache.used_bytes <= 2 * one
        review.select(row)
    assert waited == ["0"]
    monkeypatch.setattr(reading, "CACHE_BYTES", one)
    qtbot.waitUntil(lambda: jobs.idle, timeout=PATIENCE_MS)
    asked = len(waited)
    review.select(9)
    qtbot.waitUntil(lambda: jobs.idle, timeout=PATIENCE_MS)
    review.select(10)
    assert waited[asked:] == ["9", "10"], "a film that leaves no room is not read ahead"
