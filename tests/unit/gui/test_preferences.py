from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from gui.jobs import Jobs
from gui.preferences import Preferences
from gui.settings import Settings, load_settings, save_settings
from imaging.site import VARIABLE


def test_a_change_is_kept_for_the_next_time(jobs: Jobs, qtbot: Any) -> None:
    preferences = Preferences(jobs)
    with qtbot.waitSignal(preferences.changed):
        preferences.change("corner_text", "short")
    qtbot.waitUntil(lambda: jobs.idle)
    assert load_settings().settings.text("corner_text") == "short"
    again = Preferences(jobs)
    with qtbot.waitSignal(again.changed):
        again.read()
    assert again.settings.text("corner_text") == "short"


def test_a_picture_of_the_window_touches_no_file(jobs: Jobs, qtbot: Any, user_data: Path) -> None:
    preferences = Preferences(jobs, keep=False)
    with qtbot.waitSignal(preferences.changed):
        preferences.read()
    preferences.change("hide_patient", True)
    qtbot.waitUntil(lambda: jobs.idle)
    assert preferences.settings.flag("hide_patient")
    assert list(user_data.iterdir()) == []


def test_a_picture_of_the_window_shows_what_the_administrator_has_locked(
    jobs: Jobs, qtbot: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = {"schema": 1, "settings": {"hide_patient": True, "wheel": "zoom"}, "locked": ["hide_patient"]}
    (tmp_path / "site.json").write_text(json.dumps(content), encoding="utf-8")
    monkeypatch.setenv(VARIABLE, str(tmp_path / "site.json"))
    preferences = Preferences(jobs, keep=False)
    with qtbot.waitSignal(preferences.changed):
        preferences.read()
    assert preferences.settings.flag("hide_patient")
    assert preferences.settings.text("wheel") == "film", "what is not locked is as the program comes"


def test_an_unknown_value_is_refused(jobs: Jobs) -> None:
    with pytest.raises(ValueError, match="corner_text"):
        Preferences(jobs).change("corner_text", "loud")


def test_a_change_while_the_file_is_read_costs_no_other_setting(jobs: Jobs, qtbot: Any) -> None:
    save_settings(Settings().changed("corner_text", "short"))
    preferences = Preferences(jobs)
    preferences.read()
    preferences.change("hide_patient", True)
    qtbot.waitUntil(lambda: jobs.idle)
    for settings in (preferences.settings, load_settings().settings):
        assert settings.flag("hide_patient")
        assert settings.text("corner_text") == "short"


def test_two_windows_take_back_nothing_of_each_other(jobs: Jobs, qtbot: Any) -> None:
    first, second = Preferences(jobs), Preferences(jobs)
    for window in (first, second):
        window.read()
    qtbot.waitUntil(lambda: jobs.idle)
    first.change("hide_patient", True)
    qtbot.waitUntil(lambda: jobs.idle)
    second.change("corner_text", "short")
    qtbot.waitUntil(lambda: jobs.idle)
    kept = load_settings().settings
    assert (kept.flag("hide_patient"), kept.text("corner_text")) == (True, "short")


def test_a_change_that_could_not_be_saved_is_saved_with_the_next(jobs: Jobs, qtbot: Any, user_data: Path) -> None:
    preferences = Preferences(jobs)
    preferences.read()
    qtbot.waitUntil(lambda: jobs.idle)
    user_data.rename(user_data.with_name("away"))
    user_data.touch()  # nothing can be written below a file
    with qtbot.waitSignal(preferences.failed):
        preferences.change("hide_patient", True)
    user_data.unlink()
    user_data.with_name("away").rename(user_data)
    preferences.change("corner_text", "short")
    qtbot.waitUntil(lambda: jobs.idle)
    kept = load_settings().settings
    assert (kept.flag("hide_patient"), kept.text("corner_text")) == (True, "short")
