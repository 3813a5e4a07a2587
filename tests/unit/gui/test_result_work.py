"""Stops of the Result page are points that the viewer's slider can stand at, by whatever table the model has."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from gui.wizard.result_work import slider_stops
from inference.scoring.operating import OperatingTable
from training.films.source import Subject
from training.judging.run_result import JudgedFilm, JudgedPart
from training.sealing.calibrate import operating_points


def part(ill: np.ndarray, scores: np.ndarray) -> JudgedPart:
    films = tuple(
        JudgedFilm(Path(f"{at}.png"), 0, str(at), str(at), frozenset({"A"} if sick else {"N"}), {"A": score}, Subject())
        for at, (sick, score) in enumerate(zip(ill.tolist(), scores.tolist(), strict=True))
    )
    return JudgedPart("validation", films, {"A": 0.5})


@pytest.mark.parametrize("worst", [False, True])
def test_a_stop_that_is_taken_is_where_the_viewer_reads(worst: bool) -> None:
    rng = np.random.default_rng(2)
    ill = rng.random(120) < 0.5
    scores = np.clip(rng.normal(0.35 + 0.3 * ill, 0.15), 0.0, 1.0)
    changed = [np.clip(scores - 0.12, 0.0, 1.0)] if worst else []
    table = operating_points(ill, scores, 120, "films", changed=changed)
    stops, slider = slider_stops(part(ill, scores), "A", table)
    assert len(stops) == len(slider) > 20
    for stop, sensitivity in zip(stops, slider, strict=True):
        assert OperatingTable(table).threshold_at(sensitivity) == stop.threshold
        assert stop.true_positive == (scores[ill] >= stop.threshold).sum(), "counted on the films of the page"
        assert stop.false_positive == (scores[~ill] >= stop.threshold).sum()
    found = [stop.true_positive / ill.sum() - sensitivity for stop, sensitivity in zip(stops, slider, strict=True)]
    assert max(found) > 0.05 if worst else max(map(abs, found)) == 0


def test_films_make_their_own_table_where_the_model_is_gone() -> None:
    ill = np.arange(10) >= 5
    stops, slider = slider_stops(part(ill, np.arange(10) / 10), "A", None)
    assert slider == (0.2, 0.4, 0.6, 0.8, 1.0)
    assert [stop.false_positive for stop in stops] == [0] * 5
    assert slider_stops(part(np.ones(3, bool), np.arange(3) / 3), "A", None) == ((), ())
