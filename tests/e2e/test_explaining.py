"""Heat maps by another method: chosen in the panel, worked out beside everything else, stopped."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from gui.main_window import MainWindow
from gui.review import Review
from gui.second_reader.visibility import OverlaySettings
from imaging.heatmap import Heatmap
from inference.bundles.bundle import ModelBundle
from inference.scoring.results import Finding
from tests.bundles import multi_label_card, write_trial_bundle
from tests.e2e.window import PATIENCE_MS, OpenWindow, settle


def choose(window: MainWindow, method: str) -> None:
    """Pick a line of the chooser."""
    chooser = window.heat_map.methods
    wanted = chooser.findData(method)
    assert wanted >= 0
    chooser.setCurrentIndex(wanted)
    chooser.activated.emit(wanted)


def shown_map(review: Review) -> np.ndarray | None:
    entry = review.selected_film
    assert entry is not None
    heatmap = review.heatmap(entry.key)
    return None if heatmap is None else heatmap.raw


@pytest.fixture
def window(open_window: OpenWindow, films: Path, parted: ModelBundle, qtbot: Any) -> MainWindow:
    made = open_window([films], model=str(parted.location))
    settle(qtbot, made)
    return made


def test_occlusion_is_worked_out_for_the_film_on_screen_and_kept(window: MainWindow, qtbot: Any) -> None:
    review, panel = window.controller.review, window.heat_map
    assert [panel.methods.itemText(row) for row in range(panel.methods.count())] == ["Grad-CAM", "Occlusion (slow)"]
    grad_cam = shown_map(review)
    choose(window, "occlusion")
    assert panel.work.isVisible()
    assert panel.work.text() == "Stop"
    assert window.view.overlay is None, "no other map stands in for it"
    qtbot.waitUntil(lambda: shown_map(review) is not None, timeout=PATIENCE_MS)
    settle(qtbot, window)
    occlusion = shown_map(review)
    assert occlusion is not None
    assert occlusion.shape == (16, 16)
    assert not panel.work.isVisible()
    assert window.view.overlay is not None
    assert np.array_equal(window.view.overlay.heatmap.raw, occlusion)
    review.select(1)
    settle(qtbot, window)
    assert shown_map(review) is None, "the next film waits until the reader asks"
    assert panel.work.text() == "Work the map out"
    QTest.mouseClick(panel.work, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: shown_map(review) is not None, timeout=PATIENCE_MS)
    review.select(0)
    settle(qtbot, window)
    assert shown_map(review) is occlusion
    choose(window, "grad_cam")
    assert shown_map(review) is grad_cam


def test_a_finding_that_was_chosen_for_another_model_is_not_asked_of_this_one(window: MainWindow, qtbot: Any) -> None:
    review = window.controller.review
    review.visibility.set_overlay(replace(review.visibility.overlay, label="EFFUSION"))
    choose(window, "occlusion")
    qtbot.waitUntil(lambda: shown_map(review) is not None, timeout=PATIENCE_MS)
    assert window.controller.explaining.message == ""


def test_the_map_on_the_film_follows_the_finding_that_is_spoken_of_first(
    open_window: OpenWindow, films: Path, tmp_path: Path, qtbot: Any
) -> None:
    card = multi_label_card()
    late = replace(card.operating["EFFUSION"], recommended=0.6)
    card = replace(card, operating={**card.operating, "EFFUSION": late})
    window = open_window([films], model=str(write_trial_bundle(tmp_path / "multi@1", card).location))
    settle(qtbot, window)
    review = window.controller.review
    key = review.entries[0].key
    result = review.result(key)
    assert result is not None
    scores = {"EFFUSION": 0.55, "MASS": 0.45}  # of which the second alone reaches its point
    findings = tuple(Finding(name, score, 0.4) for name, score in scores.items())
    maps = tuple(Heatmap(name, np.ones((2, 2), np.float32), 1.0) for name in scores)
    review.store(key, replace(result, findings=findings, heatmaps=maps))
    review.visibility.set_overlay(OverlaySettings(shown=True, method="occlusion"))
    review.explain(key, "occlusion", maps[0])
    assert (review.shown_label(key), window.view.overlay) == ("MASS", None)
    review.set_sensitivity(0.5)
    assert review.shown_label(key) == "EFFUSION"
    assert window.view.overlay is not None
    assert window.view.overlay.heatmap is maps[0]


def test_it_says_how_far_it_is_and_stops_at_once(window: MainWindow, qtbot: Any) -> None:
    review, panel, explaining = window.controller.review, window.heat_map, window.controller.explaining
    said: list[tuple[int, int]] = []
    explaining.changed.connect(
        lambda: said.append((explaining.work.done, explaining.work.runs) if explaining.work else (0, 0))
    )
    choose(window, "occlusion")
    qtbot.waitUntil(lambda: any(done for done, _ in said), timeout=PATIENCE_MS)
    assert {runs for done, runs in said if done} == {257}
    review.select(1)
    assert explaining.work is None, "another film: what was begun is given up"
    settle(qtbot, window)
    QTest.mouseClick(panel.work, Qt.MouseButton.LeftButton)
    assert explaining.work is not None
    QTest.mouseClick(panel.work, Qt.MouseButton.LeftButton)
    assert explaining.work is None
    settle(qtbot, window)
    assert shown_map(review) is None
    assert panel.work.text() == "Work the map out"


def test_closing_in_the_middle_leaves_no_thread(window: MainWindow) -> None:
    choose(window, "occlusion")
    assert window.controller.explaining.work is not None
    window.close()
    assert window.controller.jobs.idle  # the fixture that looks for threads does the rest
