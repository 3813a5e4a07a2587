"""Averaging views of each film: every film is asked for anew, and nothing of the two ways is mixed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from imaging.progress import CancelToken
from imaging.study import ImageRef
from inference.bundles.bundle import ModelBundle
from inference.engines.device import choose_engine
from inference.maps.explain import explain
from inference.scoring.pipeline import Analyser
from inference.scoring.views import with_views
from tests.e2e.window import PATIENCE_MS, OpenWindow, film_paths, settle


def test_views_are_averaged_from_the_menu_on_and_off(
    open_window: OpenWindow, films: Path, trial: ModelBundle, qtbot: Any
) -> None:
    analyser = Analyser(trial, with_views(choose_engine(trial, "onnx", "cpu"), 5))
    expected = [analyser.analyse(ImageRef(path), CancelToken()).findings[0].probability for path in film_paths(films)]
    window = open_window([films], model=str(trial.location))
    settle(qtbot, window)
    review = window.controller.review

    def scores() -> list[float]:
        return [review.findings(entry.key)[0].probability for entry in review.entries]

    plain = scores()
    review.set_sensitivity(0.7)
    window.actions_by_name["views"].trigger()
    settle(qtbot, window)
    assert max(abs(a - b) for a, b in zip(scores(), expected, strict=True)) < 1e-4
    assert scores() != plain
    assert "5 views: 5 times the network's time" in window.status.engine.text()
    assert "mean score of 5 views" in window.findings.remarks.text()
    assert review.sensitivity == 0.7
    window.actions_by_name["views"].trigger()
    qtbot.waitUntil(lambda: review.model is not None)
    assert scores() == plain, "what one view said was kept"
    settle(qtbot, window)
    assert max(abs(a - b) for a, b in zip(scores(), plain, strict=True)) < 1e-6
    assert "views" not in window.status.engine.text()
    assert window.findings.remarks.isHidden()


def test_a_map_by_occlusion_is_of_the_film_itself(
    open_window: OpenWindow, films: Path, trial: ModelBundle, qtbot: Any
) -> None:
    """As with Grad-CAM, and at the cost that is said: the network looks 257 times, not 257 times at each view."""
    plain = Analyser(trial, choose_engine(trial, "onnx", "cpu"))
    film, label = plain.load(ImageRef(film_paths(films)[0])), trial.card.findings[0]
    expected = explain(trial, plain.engine, film.grey, label, "occlusion", token=CancelToken()).raw
    window = open_window([films], model=str(trial.location))
    settle(qtbot, window)
    window.actions_by_name["views"].trigger()
    settle(qtbot, window)
    review = window.controller.review
    window.controller.explaining.choose("occlusion")
    qtbot.waitUntil(lambda: review.heatmap(review.entries[0].key) is not None, timeout=PATIENCE_MS)
    settle(qtbot, window)
    found = review.heatmap(review.entries[0].key)
    assert found is not None
    assert np.abs(found.raw - expected).max() < 1e-4 * np.abs(expected).max()
