from __future__ import annotations

from pathlib import Path

import pytest

from gui.frame.window_state import StateReader, WindowState, load_state, save_state
from imaging.errors import NegatoscopeError


def test_a_state_comes_back(user_data: Path) -> None:
    state = WindowState(b"\x00\x01geometry", ("show_heat_map", "show_list"))
    save_state(state)
    assert load_state() == state
    assert StateReader().state() == state
    assert [path.name for path in user_data.iterdir()] == ["window.json"]


@pytest.mark.parametrize(
    "content",
    [b"", b"[]", b"\xff", b"{}", b'{"geometry": "?", "closed": []}', b'{"geometry": "", "closed": 3}', b"null"],
)
def test_a_file_that_cannot_be_used_is_passed_over(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "window.json"
    path.write_bytes(content)
    assert load_state(path) == WindowState()


def test_parts_that_are_not_known_are_left_out(tmp_path: Path) -> None:
    path = tmp_path / "window.json"
    path.write_text('{"geometry": "", "closed": ["show_list", "show_moon"]}', encoding="utf-8")
    assert load_state(path).closed == ("show_list",)


@pytest.mark.parametrize(("old", "copy"), [("", "window.schema-0.json"), ('"schema": 7, ', "window.schema-7.json")])
def test_of_another_versions_file_a_copy_is_kept(tmp_path: Path, old: str, copy: str) -> None:
    path = tmp_path / "window.json"
    kept = "{" + old + '"geometry": "", "closed": ["show_list", "show_moon"]}'
    path.write_text(kept, encoding="utf-8")
    for closed in ((), ("show_list",)):
        save_state(WindowState(b"", closed), path)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["window.json", copy]
    assert (tmp_path / copy).read_text(encoding="utf-8") == kept
    assert load_state(path).closed == ("show_list",)


def test_a_folder_that_does_not_take_it_is_said_in_words(tmp_path: Path) -> None:
    with pytest.raises(NegatoscopeError, match="could not be kept"):
        save_state(WindowState(), tmp_path / "none" / "window.json")
