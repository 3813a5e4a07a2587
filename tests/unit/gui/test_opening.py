"""What a folder says of itself before its films are looked at."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from gui.films.films import Films
from gui.films.opening import FRAMES_LISTED, MODEL_FILE, named_model, rows_of
from imaging.read.look import Found
from imaging.study import ImageRef


def test_a_file_of_very_many_frames_says_that_not_all_are_listed(tmp_path: Path) -> None:
    path = tmp_path / "loop.dcm"
    path.touch()
    films = Films()
    films.add(rows_of(Found(ImageRef(path), "dicom", None, frames=FRAMES_LISTED + 700)))
    assert [entry.is_film for entry in films.entries] == [True] * FRAMES_LISTED + [False]
    assert films.entries[-1].refusal == "The file claims 1,200 frames; the first 500 are listed."


@pytest.mark.parametrize("name", ["practice", "ward-2.x@12"])
def test_a_folder_names_an_installed_model(tmp_path: Path, name: str) -> None:
    (tmp_path / MODEL_FILE).write_text(json.dumps({"model": name}), encoding="utf-8")
    assert named_model([tmp_path / "elsewhere", tmp_path]) == name


@pytest.mark.parametrize(
    "name", ["/srv/models/mine", "../mine", "..", "\\\\host\\share\\mine", "C:mine", "n" * 300, 7, None]
)
def test_a_folder_names_no_file_that_would_be_opened(tmp_path: Path, name: object) -> None:
    (tmp_path / MODEL_FILE).write_text(json.dumps({"model": name}), encoding="utf-8")
    assert named_model([tmp_path]) == ""


@pytest.mark.parametrize("content", [b"", b"[" * 100_000, b"\xff", b'{"model": "practice"' + b" " * 100_000 + b"}"])
def test_what_is_no_such_file_names_none(tmp_path: Path, content: bytes) -> None:
    (tmp_path / MODEL_FILE).write_bytes(content)
    assert named_model([tmp_path]) == ""


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names there")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / MODEL_FILE)
    assert named_model([tmp_path]) == ""
