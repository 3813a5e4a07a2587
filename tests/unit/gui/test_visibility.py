from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict

import pytest
from PySide6.QtWidgets import QApplication

from gui.second_reader.visibility import OverlaySettings, Visibility, recalled_overlay


@pytest.fixture
def visibility(qapp: QApplication) -> Visibility:
    return Visibility()


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda shown: shown.set_overlay(OverlaySettings(threshold=0.7)), ["overlay"]),
        (lambda shown: shown.set_ai_visible(False), [("ai", False)]),
        (lambda shown: shown.set_patient_hidden(True), [("patient", True)]),
    ],
)
def test_a_change_is_told_once(
    visibility: Visibility, change: Callable[[Visibility], None], told: list[object]
) -> None:
    heard: list[object] = []
    visibility.overlay_changed.connect(lambda: heard.append("overlay"))
    visibility.ai_toggled.connect(lambda visible: heard.append(("ai", visible)))
    visibility.patient_toggled.connect(lambda hidden: heard.append(("patient", hidden)))
    change(visibility)
    change(visibility)
    assert heard == told


def test_a_map_of_an_ai_that_is_hidden_is_not_seen(visibility: Visibility) -> None:
    visibility.show_overlay(True)
    assert visibility.overlay_visible
    visibility.set_ai_visible(False)
    assert not visibility.overlay_visible


@pytest.mark.parametrize("shown", [True, False])
def test_asking_for_the_map_brings_a_hidden_ai_back(visibility: Visibility, shown: bool) -> None:
    visibility.set_overlay(OverlaySettings(threshold=0.7))
    visibility.set_ai_visible(False)
    visibility.show_overlay(shown)
    assert (visibility.ai_visible, visibility.overlay) == (True, OverlaySettings(shown=shown, threshold=0.7))


def test_what_was_painted_is_recalled_but_not_how_the_map_was_made() -> None:
    """The method and the finding belong to a model and to a film."""
    kept = asdict(OverlaySettings(shown=True, threshold=0.2, opacity=1.0, label="NODULE", method="occlusion"))
    assert recalled_overlay(kept) == OverlaySettings(shown=True, threshold=0.2, opacity=1.0)


@pytest.mark.parametrize("stored", [None, [], "shown", 1])
def test_what_is_no_record_recalls_nothing(stored: object) -> None:
    assert recalled_overlay(stored) is None


@pytest.mark.parametrize("value", [-0.1, 1.1, "0.5", None, float("nan")])
def test_what_is_no_share_is_the_usual_one(value: object) -> None:
    assert recalled_overlay({"shown": "yes", "threshold": value, "opacity": value}) == OverlaySettings()
