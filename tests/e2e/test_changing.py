"""Another model in the place of one: both points at equal sensitivity, and no threshold carried over."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from gui.second_reader.changing import STATE
from gui.session import open_store
from inference.bundles.bundle import ModelBundle
from tests.bundles import multi_label_card, write_trial_bundle
from tests.e2e.window import OpenWindow, settle


def test_both_points_are_shown_until_the_reader_has_seen_them(
    open_window: OpenWindow, films: Path, parted: ModelBundle, trial: ModelBundle, qtbot: Any
) -> None:
    window = open_window([films], model=str(parted.location))
    settle(qtbot, window)
    box, review = window.sensitivity.beside, window.controller.review
    assert box is not None
    assert box.isHidden()
    moved = parted.card.operating["OPACITY"].recommended
    window.controller.choose_model(str(trial.location))
    settle(qtbot, window)
    assert review.threshold("OPACITY") == trial.card.operating["OPACITY"].recommended != moved
    assert box.isVisible()
    assert box.title.text() == "trial 1 in the place of parted 1, both at 95 %"
    for said in (f"{moved:.2f}", f"{review.threshold('OPACITY'):.2f}", "95 (76–99)", "20 ("):
        assert said in box.table.text()
    QTest.keyClick(window.sensitivity.track, Qt.Key.Key_Home)
    assert box.title.text().endswith("both at 50 %")
    QTest.mouseClick(box.close_button, Qt.MouseButton.LeftButton)
    assert box.isHidden()


def test_a_newer_version_is_compared_with_that_of_the_last_session(
    open_window: OpenWindow, films: Path, parted: ModelBundle, trial: ModelBundle, qtbot: Any
) -> None:
    first = open_window([films], model=str(parted.location))
    settle(qtbot, first)
    first.close()
    second = open_window([films], model=str(trial.location))
    settle(qtbot, second)
    assert second.sensitivity.beside is not None
    assert second.sensitivity.beside.isVisible()
    second.close()
    third = open_window([films], model=str(trial.location))
    settle(qtbot, third)
    assert third.sensitivity.beside is not None
    assert third.sensitivity.beside.isHidden()


def test_models_without_a_common_finding_are_not_compared(
    open_window: OpenWindow, films: Path, trial: ModelBundle, tmp_path: Path, qtbot: Any
) -> None:
    other = write_trial_bundle(tmp_path / "multi@1", multi_label_card())
    window = open_window([films], model=str(trial.location))
    settle(qtbot, window)
    window.controller.choose_model(str(other.location))
    settle(qtbot, window)
    assert window.sensitivity.beside is not None
    assert window.sensitivity.beside.isHidden()
    window.controller.choose_model(str(trial.location))
    settle(qtbot, window)
    assert window.sensitivity.beside.isHidden(), "the same model as before spoke last of this finding"


def test_what_was_kept_may_be_nonsense(open_window: OpenWindow, films: Path, trial: ModelBundle, qtbot: Any) -> None:
    store = open_store().store
    nonsense = {"OPACITY": {"model": "old@1", "scores_sha256": "", "points": {"recommended": 3}}, "MASS": 7}
    store.set_state(STATE, nonsense)
    store.close()
    window = open_window([films], model=str(trial.location))
    settle(qtbot, window)
    assert window.sensitivity.beside is not None
    assert window.sensitivity.beside.isHidden()
