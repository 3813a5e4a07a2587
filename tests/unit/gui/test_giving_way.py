"""Many films hold up the first one no longer than few: the scan gives way to the film that is waited for."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from gui.films import reading
from gui.films.entries import Entry
from gui.films.opening import BATCH_ROWS, Source, scan_in_batches
from gui.films.reading import Reading
from gui.jobs import Jobs
from gui.review import Review
from imaging.progress import CancelToken
from imaging.study import ImageRef


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "0 notes.txt").write_text("no film")
    for number in range(1, BATCH_ROWS + 30):
        Image.fromarray(np.full((8, 8), number % 200, np.uint8)).save(tmp_path / f"{number}.png")
    return tmp_path


def entry(path: Path) -> Entry:
    return Entry(path, ImageRef(path))


def test_the_first_film_goes_out_alone_and_the_scan_waits_for_it(folder: Path) -> None:
    told: list[int | str] = []

    def stream(item: Source | list[Entry]) -> None:
        if isinstance(item, list):
            told.append(len(item))

    scan_in_batches([folder], CancelToken(), stream, lambda: told.append("gave way"))
    assert told[:3] == [1, 1, "gave way"], "a refused file, then the first film"
    assert sum(count for count in told if isinstance(count, int)) == BATCH_ROWS + 30
    assert told.count("gave way") == len(told) - told.count("gave way") - 2, "after each batch but the last"


def waits(giving: Reading) -> bool:
    """Whether a worker that gives way has to wait."""
    worker = threading.Thread(target=giving.give_way, daemon=True)
    worker.start()
    worker.join(0.15)
    return worker.is_alive()


def test_workers_wait_while_a_film_is_waited_for(
    qapp: Any, jobs: Jobs, folder: Path, qtbot: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "GIVE_WAY_S", 30.0)
    review = Review()
    films = Reading(review, jobs)
    assert not waits(films)
    review.set_scanning(True)
    assert waits(films), "the first film is not even found"
    with qtbot.waitSignal(films.film_prepared, timeout=60_000):
        review.add([entry(folder / "1.png"), entry(folder / "gone.png")])
        assert waits(films)
    assert not waits(films)
    review.select(1)
    assert waits(films)
    qtbot.waitUntil(lambda: not waits(films), timeout=60_000)
    assert review.entries[1].refusal
    review.set_scanning(False)
    review.add([entry(folder / "2.png")])
    review.select(2)
    assert waits(films)
    review.close_films()
    assert not waits(films)


def test_nobody_waits_twice_for_one_film(qapp: Any, jobs: Jobs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "GIVE_WAY_S", 0.01)
    review = Review()
    films = Reading(review, jobs)
    review.set_scanning(True)
    films.give_way()
    monkeypatch.setattr(reading, "GIVE_WAY_S", 30.0)
    assert not waits(films)
