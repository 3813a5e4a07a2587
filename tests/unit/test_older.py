"""What verify_deb.sh calls an older version's data is one, and it is noticed where they were not taken over."""

from __future__ import annotations

from pathlib import Path

import pytest

from gui.frame.window_state import WindowState, save_state
from gui.session import FILE_NAME, open_store
from gui.settings import load_settings
from older import faults, write_data


def take_over(folder: Path) -> None:
    """What a new version's window does with them from its start to its end."""
    open_store(folder / FILE_NAME).store.close()
    load_settings(folder / "settings.json")
    save_state(WindowState(), folder / "window.json")


def test_an_older_versions_data_are_taken_over(tmp_path: Path) -> None:
    open_store(tmp_path / FILE_NAME).store.close()  # the same program under a lower number
    write_data(tmp_path)
    take_over(tmp_path)
    assert faults(tmp_path) == []


@pytest.mark.parametrize("lost", ["session.schema-1.sqlite3", "settings.schema-0.json", "window.schema-0.json"])
def test_a_copy_that_is_missing_is_noticed(tmp_path: Path, lost: str) -> None:
    write_data(tmp_path)
    take_over(tmp_path)
    (tmp_path / lost).unlink()
    assert any(lost in fault for fault in faults(tmp_path))


def test_what_was_not_taken_over_is_noticed(tmp_path: Path) -> None:
    write_data(tmp_path)
    assert any("schema 1" in fault for fault in faults(tmp_path))
    take_over(tmp_path)
    (tmp_path / "settings.json").write_text("{}", encoding="utf-8")
    assert "the setting wheel is lost" in faults(tmp_path)
