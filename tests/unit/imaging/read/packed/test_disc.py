"""Films on a disc, by its table of contents (DICOMDIR): nothing outside of it is opened."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian, MediaStorageDirectoryStorage, generate_uid

from imaging.errors import Code
from imaging.read.look import Refused
from tests import dicom_files as make
from tests.packed_films import PIXELS, codes, found_in, scanned


def record(*parts: str, kind: str = "IMAGE") -> Dataset:
    made = Dataset()
    made.DirectoryRecordType = kind
    if parts:
        made.ReferencedFileID = list(parts)
    return made


def disc(folder: Path, *records: Dataset) -> Path:
    folder.mkdir(exist_ok=True)
    table = Dataset()
    table.file_meta = make._file_meta(ExplicitVRLittleEndian)
    table.file_meta.MediaStorageSOPClassUID = MediaStorageDirectoryStorage
    table.file_meta.MediaStorageSOPInstanceUID = generate_uid(entropy_srcs=["d"])
    table.DirectoryRecordSequence = make.sequence(*records)
    return make.write_dataset(folder / "DICOMDIR", table)


def films(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        make.write_dicom(folder / name, PIXELS, bits_stored=12)


def test_the_images_it_lists_in_its_order(tmp_path: Path) -> None:
    folder = tmp_path / "disc"
    films(folder, "A/IM2", "A/IM1", "unlisted")
    table = disc(
        folder, record(kind="PATIENT"), record("A", "IM2"), record("A", "IM1"), record("R", kind="SR DOCUMENT")
    )
    assert [item.path for item in scanned(table)] == [folder / "A" / "IM2", folder / "A" / "IM1"]


def test_the_folder_itself_is_walked_without_it(tmp_path: Path) -> None:
    folder = tmp_path / "disc"
    films(folder, "A/IM1", "unlisted")
    disc(folder, record("A", "IM1"))
    assert found_in(folder) == ["A/IM1", "unlisted"]


@pytest.mark.parametrize("names", [("a/im1",), ("A/IM1.;1",), ("a/IM1.",)])
def test_names_as_the_copy_spells_them(tmp_path: Path, names: tuple[str]) -> None:
    folder = tmp_path / "disc"
    films(folder, *names)
    assert [item.path for item in scanned(disc(folder, record("A", "IM1")))] == [folder / names[0]]


def test_a_folder_of_a_disc_is_listed_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many of its films are spelt otherwise: an optical disc takes its time for each look."""
    folder = tmp_path / "disc"
    films(folder, *(f"A/im{number}" for number in range(5)))
    listed: list[Path] = []
    real = os.listdir

    def listdir(place: Path) -> list[str]:
        listed.append(place)
        return real(place)

    monkeypatch.setattr(os, "listdir", listdir)
    table = disc(folder, *(record("A", f"IM{number}") for number in range(5)))
    assert [item.path.name for item in scanned(table)] == [f"im{number}" for number in range(5)]
    assert listed.count(folder / "A") == 1


def test_a_film_that_is_not_there(tmp_path: Path) -> None:
    (only,) = scanned(disc(tmp_path / "disc", record("A", "IM1")))
    assert isinstance(only, Refused)
    assert (only.path, only.error.code) == (tmp_path / "disc" / "A" / "IM1", Code.MISSING)


@pytest.mark.parametrize(
    "parts", [("..", "film"), ("A", "..", "..", "film"), ("/etc", "passwd"), ("C:", "film"), ("../film",)]
)
def test_records_that_point_outside(tmp_path: Path, parts: tuple[str, ...]) -> None:
    films(tmp_path, "film", "disc/A/IM1")
    results = scanned(disc(tmp_path / "disc", record(*parts), record("A", "IM1")))
    assert codes(results) == [Code.OUTSIDE]
    assert [item.path.name for item in results] == ["IM1", "DICOMDIR"]


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
@pytest.mark.parametrize("link", ["file", "folder"])
def test_links_that_lead_outside(tmp_path: Path, link: str) -> None:
    films(tmp_path, "elsewhere/film")
    folder = tmp_path / "disc"
    folder.mkdir()
    if link == "file":
        (folder / "film").symlink_to(tmp_path / "elsewhere" / "film")
    else:
        (folder / "A").symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    table = disc(folder, record("film") if link == "file" else record("A", "film"))
    assert codes(scanned(table)) == [Code.OUTSIDE]


def test_a_disc_that_is_reached_by_a_link_is_contained_in_its_real_folder(tmp_path: Path) -> None:
    if sys.platform == "win32":
        pytest.skip("links need rights there")
    films(tmp_path / "disc", "A/IM1")
    disc(tmp_path / "disc", record("A", "IM1"))
    (tmp_path / "link").symlink_to(tmp_path / "disc", target_is_directory=True)
    assert codes(scanned(tmp_path / "link" / "DICOMDIR")) == []


def test_nothing_listed(tmp_path: Path) -> None:
    (only,) = scanned(disc(tmp_path / "disc", record(kind="PATIENT")))
    assert isinstance(only, Refused)
    assert only.error.message == "This disc's table of contents lists no films."
