from __future__ import annotations

from pathlib import Path

import pytest
from pydicom import dcmread

from imaging.phantom_labelled import CLASSES, write_labelled
from imaging.progress import Cancelled, CancelToken


def test_half_of_the_films_are_ill_and_each_is_of_its_own_patient(tmp_path: Path) -> None:
    folder = write_labelled(tmp_path / "films", count=4)
    films = {label: sorted((folder / label).iterdir()) for label in CLASSES}
    assert [len(found) for found in films.values()] == [2, 2]
    assert len({dcmread(path).PatientID for found in films.values() for path in found}) == 4
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*.dcm")}
    write_labelled(folder, count=4)
    assert before == {path: path.stat().st_mtime_ns for path in folder.rglob("*.dcm")}, "drawn once"


def test_a_broken_off_drawing_leaves_no_folder_that_looks_complete(tmp_path: Path) -> None:
    token = CancelToken()
    with pytest.raises(Cancelled):
        write_labelled(tmp_path / "films", token, lambda done, total=None: token.cancel(), count=4)
    assert not (tmp_path / "films").exists()
    assert write_labelled(tmp_path / "films", count=2).is_dir()
