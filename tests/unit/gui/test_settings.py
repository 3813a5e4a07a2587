from __future__ import annotations

import json
from pathlib import Path

import pytest

from gui.settings import SCHEMA, Settings, load_settings, row, save_settings
from imaging.errors import NegatoscopeError


def test_without_a_file_every_row_has_its_default(user_data: Path) -> None:
    loaded = load_settings()
    assert loaded.message is None
    assert {r.key: loaded.settings[r.key] for r in SCHEMA} == {r.key: r.default for r in SCHEMA}


def test_saved_values_come_back(user_data: Path) -> None:
    settings = Settings().changed("wheel", "zoom").changed("drag_speed", 2.0).changed("hide_patient", True)
    save_settings(settings)
    loaded = load_settings().settings
    assert (loaded.text("wheel"), loaded.number("drag_speed"), loaded.flag("hide_patient")) == ("zoom", 2.0, True)
    assert [path.name for path in user_data.iterdir()] == ["settings.json"], "the temporary file is gone"


@pytest.mark.parametrize(
    ("key", "value"),
    [("wheel", "spin"), ("drag_speed", 9.0), ("drag_speed", "fast"), ("drag_speed", True), ("hide_patient", 1)],
)
def test_a_value_that_does_not_fit_is_refused(key: str, value: bool | float | str) -> None:
    with pytest.raises(ValueError, match=key):
        Settings().changed(key, value)


def test_one_bad_value_costs_one_setting_and_foreign_keys_survive(user_data: Path) -> None:
    path = user_data / "settings.json"
    path.write_text(json.dumps({"wheel": "spin", "drag_speed": 2, "of_tomorrow": [1]}))
    loaded = load_settings()
    assert loaded.settings["wheel"] == "film"
    assert loaded.settings.number("drag_speed") == 2.0
    save_settings(loaded.settings.changed("engine", "onnx"))
    assert json.loads(path.read_text())["of_tomorrow"] == [1]


@pytest.mark.parametrize("content", [b"{", b"[1]", b"\xff\xfe", b""])
def test_a_damaged_file_is_put_aside_and_said(user_data: Path, content: bytes) -> None:
    path = user_data / "settings.json"
    path.write_bytes(content)
    loaded = load_settings()
    assert loaded.message is not None
    assert not path.exists()
    assert (user_data / "settings.damaged.json").read_bytes() == content


def test_a_folder_that_cannot_be_written_is_said_in_words(tmp_path: Path) -> None:
    with pytest.raises(NegatoscopeError, match="could not be saved"):
        save_settings(Settings(), tmp_path / "missing" / "settings.json")


def test_the_schema_accepts_its_own_defaults() -> None:
    for each in SCHEMA:
        assert each.accepted(each.default) == each.default
    with pytest.raises(KeyError):
        row("nothing")
