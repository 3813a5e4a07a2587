"""What an administrator sets for all, and where the data of a user goes."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from imaging import paths, site
from imaging.errors import Code, FilmError
from imaging.log_files import log_folder
from imaging.read.decode import decode
from imaging.read.limits import DEFAULT_LIMITS, limits_in_force
from imaging.study import ImageRef
from tests.dicom_files import film, write_dicom

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


@pytest.mark.skipif(sys.platform == "win32", reason="the name comes of the environment there")
def test_a_user_without_a_name_has_a_log_too(program: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import pwd

    (program / site.FILE_NAME).write_text(json.dumps({"schema": 1, "log_folder": str(tmp_path / "var")}))
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(name, raising=False)

    def nobody(number: int) -> None:
        raise KeyError(number)

    monkeypatch.setattr(pwd, "getpwuid", nobody)
    assert log_folder() == tmp_path / "var" / "unknown"


def test_the_limits_of_a_site(tmp_path: Path) -> None:
    read = site.parse('{"schema": 1, "limits": {"timeout_s": 120, "max_pixels": 200000000}}', tmp_path)
    assert read.limits == replace(DEFAULT_LIMITS, timeout_s=120.0, max_pixels=200_000_000)
    assert (site.Site().limits, read.problem) == (DEFAULT_LIMITS, "")


@pytest.mark.parametrize(
    "limits",
    [
        *('{"timeout": 1}', '{"timeout_s": 0}', '{"timeout_s": "1"}', '{"max_pixels": true}', "[]"),
        *('{"max_pixels": Infinity}', '{"max_pixels": NaN}', '{"max_pixels": 0.5}', '{"timeout_s": 1e300}'),
    ],
)
def test_limits_that_are_none(tmp_path: Path, limits: str) -> None:
    read = site.parse(f'{{"schema": 1, "limits": {limits}}}', tmp_path)
    assert (bool(read.problem), read.limits) == (True, DEFAULT_LIMITS)


def test_the_limits_of_the_machine_are_those_that_films_are_read_by(
    program: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    (program / "site.json").write_text('{"schema": 1, "limits": {"max_pixels": 500}}')
    request.addfinalizer(limits_in_force.cache_clear)
    limits_in_force.cache_clear()
    path = write_dicom(tmp_path / "film", film())
    with pytest.raises(FilmError) as refusal:
        decode(ImageRef(path))
    assert refusal.value.code is Code.TOO_LARGE


@pytest.mark.skipif(sys.platform == "win32", reason="rights are kept otherwise there")
def test_the_data_folder_is_its_users_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(paths.DATA_VARIABLE, str(tmp_path / "data"))
    assert paths.user_data_dir().stat().st_mode & 0o077 == 0
