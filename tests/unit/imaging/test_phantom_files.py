"""The example films as files: readable by others, valid, and with their truth beside them."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pydicom
import pytest
from PIL import Image

from imaging.phantom import make_phantom
from imaging.phantom_files import FIRST_SEED, MODEL_FILE, PATIENT_ID, TRUTH_FILE, write_examples
from imaging.progress import Cancelled, CancelToken

SIZE_PX = (96, 128)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("films")
    write_examples(made, size_px=SIZE_PX)
    return made


def test_twelve_films_half_of_them_with_opacities(folder: Path) -> None:
    films = json.loads((folder / TRUTH_FILE).read_text(encoding="utf-8"))["films"]
    assert sorted(films) == sorted(path.name for path in folder.iterdir() if path.name.startswith("film-"))
    assert len(films) == 12
    assert sum(bool(film["opacities"]) for film in films.values()) == 6


def test_the_films_name_their_model(folder: Path) -> None:
    assert json.loads((folder / MODEL_FILE).read_text(encoding="utf-8")) == {"schema": 1, "model": "practice"}


def test_dicom_holds_the_phantom_with_tags_that_say_how_to_show_it(folder: Path) -> None:
    film = pydicom.dcmread(folder / "film-02.dcm")
    phantom = make_phantom(FIRST_SEED + 2, SIZE_PX, 2)
    assert np.array_equal(film.pixel_array, phantom.pixels)
    assert film.PatientID == PATIENT_ID
    assert (float(film.WindowCenter[0]), float(film.WindowWidth[0])) == phantom.window
    assert list(film.PatientOrientation) == ["L", "F"]


def test_both_polarities_and_both_png_depths_are_among_them(folder: Path) -> None:
    shown = {pydicom.dcmread(path).PhotometricInterpretation for path in folder.glob("*.dcm")}
    assert shown == {"MONOCHROME1", "MONOCHROME2"}
    depths = set()
    for path in folder.glob("*.png"):
        with Image.open(path) as film:
            depths.add(film.mode)
    assert depths == {"L", "I;16"}


def test_the_same_arguments_write_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    for path in write_examples(tmp_path, 5, size_px=SIZE_PX):
        assert path.read_bytes() == (folder / path.name).read_bytes()


def test_progress_is_told_and_a_cancel_stops_the_writing(tmp_path: Path) -> None:
    token = CancelToken()
    told = []

    def progress(done: int, total: int | None = None) -> None:
        told.append((done, total))
        if done == 2:
            token.cancel()

    with pytest.raises(Cancelled):
        write_examples(tmp_path, 4, token, progress, size_px=SIZE_PX)
    assert told == [(1, 4), (2, 4)]


def test_dciodvfy_finds_no_error(folder: Path) -> None:
    dciodvfy = shutil.which("dciodvfy")
    if dciodvfy is None:
        pytest.skip("dciodvfy (Debian's dicom3tools) is not installed")
    for path in folder.glob("*.dcm"):
        said = subprocess.run([dciodvfy, path], capture_output=True, text=True, check=False)
        assert "Error" not in said.stderr + said.stdout, f"{path.name}: {said.stderr}"
