"""What films are held against: those that the very same weights have seen."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from gui.films.entries import Entry
from gui.jobs import Jobs
from gui.review import Review
from gui.second_reader.similar import Similar
from imaging.study import ImageRef
from inference.scoring.results import Finding
from tests.answers import answer, chosen_model


def read_by(review: Review, weights: str, key: str, *embedding: float) -> None:
    """A film is scored by a model called trial@1."""
    finding = (Finding("OPACITY", 0.9, 0.4),)
    seen = np.array(embedding, np.float32)
    review.store(key, answer(key, finding, weights_sha256=weights, embedding=seen))


def test_films_are_not_compared_by_what_other_weights_of_the_same_name_saw(jobs: Jobs, qtbot: Any) -> None:
    review = Review()
    similar = Similar(review, jobs)
    review.add([Entry(Path(key), ImageRef(Path(key))) for key in ("a.png", "b.png", "c.png")])
    seen: dict[str, dict[str, tuple[float, ...]]] = {
        "0" * 64: {"a.png": (1.0, 0.0), "b.png": (0.0, 1.0)},
        "1" * 64: {"a.png": (1.0, 0.0, 0.0)},
    }
    for weights, films in seen.items():
        review.set_model(chosen_model(weights_sha256=weights))
        for key, embedding in films.items():
            read_by(review, weights, key, *embedding)
    assert alike(similar, jobs, qtbot) == []
    read_by(review, "1" * 64, "c.png", 0.6, 0.8, 0.0)
    similar._look()
    assert alike(similar, jobs, qtbot) == ["c.png"]


def alike(similar: Similar, jobs: Jobs, qtbot: Any) -> list[str]:
    """The open films that were found like the selected one."""
    qtbot.waitUntil(lambda: jobs.idle)
    return [key for key, _ in similar.found.open_here] if similar.found is not None else []
