from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from gui.settings import SCHEMA, Settings, change_settings, load_settings, row, save_settings
from imaging.errors import NegatoscopeError
from imaging.site import Site


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


@pytest.mark.skipif(os.name == "nt", reason="a link needs rights there")
def test_a_file_that_cannot_be_read_just_now_is_not_written_over(tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    path.symlink_to(path)  # opened, it leads nowhere; renamed over, it would be gone
    with pytest.raises(NegatoscopeError, match="could not be saved"):
        change_settings({"wheel": "zoom"}, path)
    assert path.is_symlink()


def test_the_schema_accepts_its_own_defaults() -> None:
    for each in SCHEMA:
        assert each.accepted(each.default) == each.default
    with pytest.raises(KeyError):
        row("nothing")


def test_an_old_file_is_taken_over_and_a_copy_kept_once(user_data: Path) -> None:
    path, copy = user_data / "settings.json", user_data / "settings.schema-0.json"
    old = json.dumps({"wheel": "zoom"})
    path.write_text(old)
    loaded = load_settings()
    assert loaded.settings["wheel"] == "zoom"
    assert copy.read_text() == old
    save_settings(loaded.settings.changed("wheel", "film"))
    assert json.loads(path.read_text())["schema"] == 1
    assert load_settings().settings["wheel"] == "film"
    path.write_text("{}")
    load_settings()
    assert copy.read_text() == old, "the first copy stays"


def test_a_newer_file_keeps_a_copy_too(user_data: Path) -> None:
    (user_data / "settings.json").write_text(json.dumps({"schema": 7, "wheel": "zoom", "drag_down": "sideways"}))
    loaded = load_settings()
    assert (loaded.settings["wheel"], loaded.settings["drag_down"]) == ("zoom", "brighter")
    assert (user_data / "settings.schema-7.json").is_file()


def test_the_sites_values_stand_behind_the_users_and_locked_ones_before_them() -> None:
    site = Site(settings={"wheel": "zoom", "views": True, "drag_speed": 99}, locked=frozenset({"views", "unknown"}))
    settings = load_settings(site=site).settings
    assert (settings["wheel"], settings["views"], settings["drag_speed"]) == ("zoom", True, 1.0)
    assert settings.locked == {"views"}
    assert settings.changed("wheel", "film")["wheel"] == "film"
    with pytest.raises(ValueError, match="views"):
        settings.changed("views", False)


def test_what_a_user_chose_before_it_was_locked_does_not_count(user_data: Path) -> None:
    save_settings(Settings().changed("views", False))
    settings = load_settings(site=Site(settings={"views": True}, locked=frozenset({"views"}))).settings
    assert settings.flag("views")
    save_settings(settings)
    assert json.loads((user_data / "settings.json").read_text())["views"] is False, "and comes back with the lock's end"


def test_a_damaged_file_of_the_site_is_said() -> None:
    assert load_settings(site=Site(problem="It is damaged.")).message == "It is damaged."
