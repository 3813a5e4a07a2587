"""What the window knows the next time: where it was, what was closed, where each model's operating point stood."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PySide6.QtCore import QSize, Qt
from PySide6.QtTest import QTest

from gui.app import build_window
from gui.second_reader.scores import RECOMMENDED_SENSITIVITY
from gui.settings import Settings, save_settings
from inference.bundles.bundle import ModelBundle
from tests.e2e.window import PATIENCE_MS, OpenWindow, film_paths, settle, words


def test_size_and_closed_panels_come_back(open_window: OpenWindow, qtbot: Any) -> None:
    first = open_window(size_px=(1024, 700))
    for name in ("show_heat_map", "show_list"):
        first.actions_by_name[name].trigger()
    first.close()
    second = build_window()
    qtbot.addWidget(second)
    assert second.size() == QSize(1024, 700), "before it shows, so that nothing jumps"
    second.show()
    qtbot.waitUntil(lambda: second.controller.started, timeout=PATIENCE_MS)
    assert second.heat_map.isHidden()
    assert second.study_list.isHidden()
    assert not second.findings.isHidden()
    assert not second.actions_by_name["show_heat_map"].isChecked()


def test_a_full_screen_window_comes_back_with_its_frame(open_window: OpenWindow, qtbot: Any) -> None:
    first = open_window()
    QTest.keyClick(first, Qt.Key.Key_F11)
    qtbot.waitUntil(first.isFullScreen)
    first.close()
    second = build_window()
    qtbot.addWidget(second)
    assert not second.isFullScreen()


def test_an_operating_point_is_kept_for_its_model_and_for_no_other(
    open_window: OpenWindow, films: Path, parted: ModelBundle, trial: ModelBundle, qtbot: Any
) -> None:
    first = open_window([films], model=str(parted.location))
    settle(qtbot, first)
    QTest.keyClick(first.sensitivity.track, Qt.Key.Key_End)
    first.close()
    second = open_window([films], model=str(parted.location))
    settle(qtbot, second)
    assert second.controller.review.sensitivity == 1.0
    assert second.sensitivity.track.value() == 1000
    assert all(said.startswith("Opacity") for said in words(second))
    second.close()
    third = open_window([films], model=str(trial.location))
    settle(qtbot, third)
    assert third.controller.review.sensitivity == RECOMMENDED_SENSITIVITY


def test_films_wait_until_the_reader_asks_where_the_setting_says_so(
    open_window: OpenWindow, films: Path, parted: ModelBundle, qtbot: Any
) -> None:
    save_settings(Settings().changed("analyse_on_opening", False))
    window = open_window([films], model=str(parted.location))
    settle(qtbot, window)
    assert set(words(window)) == {"Not analysed"}
    assert window.findings.headline.text() == "Not analysed"
    assert window.status.button.text() == "Analyse"
    QTest.mouseClick(window.status.button, Qt.MouseButton.LeftButton)
    settle(qtbot, window)
    assert "Not analysed" not in words(window)
    assert not window.status.button.isVisible()


def test_the_setting_is_a_switch_in_the_menu(
    open_window: OpenWindow, films: Path, parted: ModelBundle, qtbot: Any
) -> None:
    window = open_window(model=str(parted.location))
    switch = window.actions_by_name["analyse_on_opening"]
    assert switch.isChecked()
    switch.trigger()
    window.controller.opening.open_paths(film_paths(films)[:2])
    settle(qtbot, window)
    assert words(window) == ["Not analysed"] * 2
    switch.trigger()
    settle(qtbot, window)
    assert "Not analysed" not in words(window)
