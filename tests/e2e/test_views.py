"""Averaging views of each film: every film is asked for anew, and nothing of the two ways is mixed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from imaging.progress import CancelToken
from imaging.study import ImageRef
from inference.bundle import ModelBundle
from inference.device import choose_engine
from inference.pipeline import Analyser
from inference.views import with_views
from tests.e2e.window import OpenWindow, film_paths, settle


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
