"""What an administrator sets for all, and where the data of a user goes."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from imaging import paths, site
from imaging.log_files import log_folder

WHOLE: dict[str, Any] = {
    "schema": 1,
    "settings": {"hide_patient": True},
    "locked": ["hide_patient"],
    "models_folder": str(Path(__file__).parent),
    "downloads": False,
}


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A frozen program in a folder of its own."""
    folder = tmp_path / "Programme für Ärzte"
    folder.mkdir()
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.setattr(sys, "executable", str(folder / "Negatoscope"))
    return folder


def test_without_a_file_nothing_is_set(program: Path) -> None:
    assert site.read_site() == site.Site()


def test_the_file_beside_the_program_counts_before_that_of_the_variable(
    program: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = tmp_path / "mine.json"
    own.write_text(json.dumps({"schema": 1}))
    monkeypatch.setenv(site.VARIABLE, str(own))
    assert site.read_site().source == own
    (program / site.FILE_NAME).write_text(json.dumps(WHOLE))
    read = site.read_site()
    assert read.source == program / site.FILE_NAME
    assert (read.locked, read.downloads, read.models_folder) == (
        frozenset({"hide_patient"}),
        False,
        Path(__file__).parent,
    )


@pytest.mark.parametrize(
    "wrong",
    [
        "{",
        "[]",
        "{}",
        json.dumps({**WHOLE, "schema": 2}),
        json.dumps({**WHOLE, "locked": "hide_patient"}),
        json.dumps({**WHOLE, "locked": [1]}),
        json.dumps({**WHOLE, "settings": []}),
        json.dumps({**WHOLE, "downloads": 0}),
        json.dumps({**WHOLE, "models_folder": "models"}),
    ],
)
def test_a_file_that_is_not_as_it_should_be_sets_nothing_and_says_so(wrong: str) -> None:
    read = site.parse(wrong, Path("site.json"))
    assert read.problem.endswith("nothing of it is in force.")
    assert read == site.Site(source=Path("site.json"), problem=read.problem)


def test_a_folder_in_the_place_of_the_file_is_said(program: Path) -> None:
    (program / site.FILE_NAME).mkdir()
    assert "cannot be read" in site.read_site().problem


def test_a_portable_program_keeps_its_data_beside_it(program: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(paths.DATA_VARIABLE)
    monkeypatch.setattr(paths, "_platform_data_dir", lambda: program / "of the platform")
    assert paths.user_data_dir() == program / "of the platform"
    (program / paths.PORTABLE_FILE).touch()
    assert paths.user_data_dir() == program / "data"
    monkeypatch.setenv(paths.DATA_VARIABLE, str(program / "named"))
    assert paths.user_data_dir() == program / "named"


def test_a_stick_that_cannot_be_written_has_no_data_folder(program: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(paths.DATA_VARIABLE)
    (program / paths.PORTABLE_FILE).touch()
    (program / "data").write_text("a file stands in the way")
    with pytest.raises(OSError, match="exists"):
        paths.user_data_dir()


def test_the_program_of_a_mac_stands_beside_its_app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inside = tmp_path / "Negatoscope.app" / "Contents" / "MacOS"
    inside.mkdir(parents=True)
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.setattr(sys, "executable", str(inside / "Negatoscope"))
    assert paths.program_folder() == tmp_path


def test_logs_go_where_the_site_wants_them(program: Path, user_data: Path, tmp_path: Path) -> None:
    assert log_folder() == user_data / "logs"
    (program / site.FILE_NAME).write_text(json.dumps({"schema": 1, "log_folder": str(tmp_path / "var")}))
    assert log_folder().parent == tmp_path / "var"
