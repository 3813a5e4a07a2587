"""Folders and lists as other people make them: what they are taken for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from imaging.progress import Cancelled, CancelToken
from tests import dicom_files
from training.films.data_error import DataError
from training.films.manifest import Manifest, read_manifest
from training.films.patients import MANY_FOLDERS, known_id
from training.films.source import read_source

ROOT = "root"


def films(root: Path, names: Iterable[str]) -> Path:
    """A film of its own under each of these names below `root`."""
    for number, name in enumerate(names):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((8, 8), number, np.uint8)).save(path)
    return root


def listed(root: Path, text: str, names: Iterable[str] = ("a.png", "b.png", "c.png", "d.png")) -> Manifest:
    """What a list beside these films is taken for."""
    films(root, names)
    (root / "list.csv").write_text(text, encoding="utf-8")
    return read_manifest(root / "list.csv")


def labels_of(manifest: Manifest) -> dict[str, tuple[str, ...]]:
    return {film.path.stem: film.labels for film in manifest.films}


@pytest.mark.parametrize("column", ["patient_id", "PatientID", "Patient ID", "patientId", "subject_id"])
def test_a_column_of_patients_is_known_in_every_spelling(tmp_path: Path, column: str) -> None:
    """A leak that nobody would see: the same two patients in several films, under a name that is passed over."""
    manifest = listed(tmp_path, f"file_name,label,{column}\na.png,A,1\nb.png,A,2\nc.png,B,1\nd.png,B,2\n")
    assert [film.patient for film in manifest.films] == ["1", "2", "1", "2"]


@pytest.mark.parametrize(
    ("text", "known"),
    [("007", "7"), ("7", "7"), (" 7.0", "7"), ("0", "0"), ("P07", "P07"), ("nan", ""), ("Anonymous", ""), ("", "")],
)
def test_an_id_is_compared_as_a_spreadsheet_may_have_changed_it(text: str, known: str) -> None:
    assert known_id(text) == known


@pytest.mark.parametrize("between", ["|", ";", ",", ", "])
def test_several_labels_stand_in_a_cell_in_every_way(tmp_path: Path, between: str) -> None:
    cell = f'"Mass{between}Nodule"'
    manifest = listed(tmp_path, f"path,labels\na.png,No Finding\nb.png,{cell}\nc.png,Mass\nd.png,Nodule\n")
    assert manifest.labels == ("No Finding", "Mass", "Nodule")
    assert labels_of(manifest)["b"] == ("Mass", "Nodule")


def test_a_comma_in_a_name_of_a_class_stays(tmp_path: Path) -> None:
    manifest = listed(tmp_path, 'path,label\na.png,Normal\nb.png,"Opacity, left"\nc.png,Opacity\n')
    assert manifest.labels == ("Normal", "Opacity", "Opacity, left")


def test_a_list_as_python_prints_it_is_labels(tmp_path: Path) -> None:
    text = "ImageID,Labels\na.png,['normal']\nb.png,\"['effusion', 'mass']\"\nc.png,['mass']\n"
    assert labels_of(listed(tmp_path, text))["b"] == ("effusion", "mass")


def test_a_film_that_is_healthy_and_ill_is_ill_and_told(tmp_path: Path) -> None:
    manifest = listed(tmp_path, "path,labels\na.png,No Finding\nb.png,Mass|No Finding\nc.png,Mass\n")
    assert labels_of(manifest) == {"a": ("No Finding",), "b": ("Mass",), "c": ("Mass",)}
    assert manifest.remarks == ("Labelled healthy and ill at once, and taken for ill: 1 film.",)


def test_a_class_in_two_spellings_is_one_and_told(tmp_path: Path) -> None:
    manifest = listed(tmp_path, "path,label\na.png,Normal\nb.png,NORMAL\nc.png,Normal\nd.png,Sick\n")
    assert manifest.labels == ("Normal", "Sick")
    assert manifest.remarks == ("“NORMAL” and “Normal” are taken for one class.",)


def test_a_row_that_comes_again_counts_once_unless_it_says_something_else(tmp_path: Path) -> None:
    manifest = listed(tmp_path, "path,label\na.png,A\na.png,A\nb.png,B\nb.png,A\n")
    assert [(film.path.stem, *film.labels) for film in manifest.films] == [("a", "A"), ("b", "B"), ("b", "A")]
    assert len(manifest.remarks) == 1


def test_findings_with_a_column_each_are_marked_uncertain_or_not_there(tmp_path: Path) -> None:
    """CheXpert's columns: 1, 0 or blank, and -1 for what is uncertain."""
    rows = ("a.png,F,40,,1.0,", "b.png,M,41,,-1.0,1.0", "c.png,M,9,1.0,,", "d.png,M,9,,-1.0,0")
    manifest = listed(tmp_path, "\n".join(["Path,Sex,Age,No Finding,Edema,Mass", *rows]))
    assert labels_of(manifest) == {"a": ("Edema",), "b": ("Mass",), "c": ("No Finding",)}
    assert manifest.normal_label == "No Finding"
    assert [remark.rpartition(": ")[2] for remark in manifest.remarks] == ["1 row.", "in 1 row."]


def test_a_film_without_any_mark_is_healthy(tmp_path: Path) -> None:
    manifest = listed(tmp_path, "id,pneumonia\na.png,1\nb.png,0\n")
    assert labels_of(manifest) == {"a": ("pneumonia",), "b": ("No Finding",)}


@pytest.mark.parametrize(
    ("named", "lies"),
    [
        ("C:\\set\\films\\a.png", "films/a.png"),
        ("films\\a.png", "films/a.png"),
        ("Set-v1.0-small/train/a.png", "train/a.png"),
        ("a.png", "images_001/images/a.png"),
        ("a", "stage_2/a.png"),
    ],
)
def test_films_are_found_where_public_lists_mean_them(tmp_path: Path, named: str, lies: str) -> None:
    films(tmp_path / "elsewhere", ["a.png"])
    manifest = listed(tmp_path / "set", f"path,label\n{named},A\nb.png,B\n", [lies, "b.png"])
    assert manifest.films[0].path == tmp_path / "set" / lies


def test_a_bare_name_that_two_files_have_is_not_guessed(tmp_path: Path) -> None:
    manifest = listed(tmp_path, "path,label\na.png,A\nb.png,B\nc.png,A\n", ["x/a.png", "y/a.png", "b.png", "x/c.png"])
    assert [path.name for path, _ in manifest.refused] == ["a.png"]
    assert labels_of(manifest) == {"b": ("B",), "c": ("A",)}


def test_looking_for_bare_names_ends_when_it_is_cancelled_and_knows_loops(tmp_path: Path) -> None:
    films(tmp_path, ["in/a.png", "in/b.png"])
    (tmp_path / "in" / "again").symlink_to(tmp_path, target_is_directory=True)
    (tmp_path / "list.csv").write_text("path,label\na.png,A\nb.png,B\n", encoding="utf-8")
    assert len(read_manifest(tmp_path / "list.csv").films) == 2
    token = CancelToken()
    token.cancel()
    with pytest.raises(Cancelled):
        read_source(tmp_path / "list.csv", token=token)


def parts_of(root: Path) -> dict[tuple[str, str], int]:
    return dict(Counter((film.part, film.labels[0]) for film in read_manifest(root).films))


CLASSES = ("NORMAL/{}.png", "SICK/{}.png")


def below(*folders: str) -> list[str]:
    """Two classes with a film each below every folder."""
    return [f"{folder}/{name.format(folder.replace('/', '_'))}" for folder in folders for name in CLASSES]


LAYOUTS: dict[str, tuple[list[str], dict[tuple[str, str], int], int]] = {
    "a folder around": (below("data/all"), {("", "NORMAL"): 1, ("", "SICK"): 1}, 1),
    "a copy of all beside the parts": (
        below("train", "Test", "set/train", "set/Test"),
        {("train", "NORMAL"): 1, ("train", "SICK"): 1, ("test", "NORMAL"): 1, ("test", "SICK"): 1},
        1,
    ),
    "a part without classes": ([*below("train"), "test/1.png"], {("train", "NORMAL"): 1, ("train", "SICK"): 1}, 1),
    "long names of parts": (
        below("training_data", "VALIDATION-2"),
        {("train", "NORMAL"): 1, ("train", "SICK"): 1, ("validation", "NORMAL"): 1, ("validation", "SICK"): 1},
        2,
    ),
    "parts within classes": (
        ["NORMAL/train/1.png", "NORMAL/Val/2.png", "SICK/train/3.png", "SICK/Val/4.png"],
        {("train", "NORMAL"): 1, ("train", "SICK"): 1, ("validation", "NORMAL"): 1, ("validation", "SICK"): 1},
        0,
    ),
    "views within classes are no parts": (
        ["NORMAL/AP/a.png", "SICK/PA/b.png"],
        {("", "NORMAL"): 1, ("", "SICK"): 1},
        0,
    ),
    "masks": (
        ["NORMAL/images/a.png", "NORMAL/masks/a.png", "SICK/images/b.png", "SICK/lung masks/b.png"],
        {("", "NORMAL"): 1, ("", "SICK"): 1},
        1,
    ),
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_class_folders_lie_in_many_ways(tmp_path: Path, layout: str) -> None:
    names, parts, remarks = LAYOUTS[layout]
    films(tmp_path / ROOT, names)
    assert parts_of(tmp_path / ROOT) == parts
    assert len(read_manifest(tmp_path / ROOT).remarks) == remarks


def test_a_class_of_which_only_one_is_there_is_not_opened_for_classes(tmp_path: Path) -> None:
    films(tmp_path, [f"NORMAL/person{number}/1.png" for number in range(5)])
    with pytest.raises(DataError, match="not two classes"):
        read_manifest(tmp_path)


def patients(manifest: Manifest) -> dict[str, str]:
    return {film.path.relative_to(film.path.parents[2]).as_posix(): film.patient for film in manifest.films}


@pytest.mark.parametrize("name", ["{k}.png", "{p}{k}ab.png"])
def test_folders_below_a_class_are_patients_where_there_are_many(tmp_path: Path, name: str) -> None:
    """A leak that nobody would see: films of a patient lie together, and their names hold nothing of it."""
    names = ["AB"[p % 2] + f"/s{p}/" + name.format(p=p, k=k) for p in range(MANY_FOLDERS) for k in range(2)]
    manifest = read_manifest(films(tmp_path, names))
    assert {film.patient for film in manifest.films} == {f"s{p}" for p in range(MANY_FOLDERS)}
    assert "counts as one patient" in manifest.remarks[0]
    assert manifest.unknown_patients == 0


def test_few_folders_below_a_class_are_kinds_of_films(tmp_path: Path) -> None:
    manifest = read_manifest(films(tmp_path, ["A/virus/x.png", "A/bacteria/y.png", "B/z.png"]))
    assert manifest.patients == {"x", "y", "z"}
    assert manifest.unknown_patients == 3


@pytest.mark.parametrize("folder", ["patient00012/study1", "p10/p10000032/s5"])
def test_public_collections_name_patients_by_their_folders(tmp_path: Path, folder: str) -> None:
    named = "".join(f"{folder}/{name},{label}\n" for name, label in (("a.png", "A"), ("b.png", "B")))
    manifest = listed(tmp_path, f"Path,label\n{named}", [f"{folder}/a.png", f"{folder}/b.png"])
    assert len(manifest.patients) == 1


def test_files_that_are_counted_up_in_every_folder_are_not_taken_for_one_patient(tmp_path: Path) -> None:
    names = [f"{part}/{label}/{n}.png" for part in ("train", "test") for label in ("A", "B") for n in (1, 2)]
    manifest = read_manifest(films(tmp_path, names))
    assert len(manifest.patients) == len(names)
    assert "stand in several folders" in manifest.remarks[0]
    named = read_manifest(films(tmp_path, names), pattern=r"^(\d)")
    assert named.patients == {"1", "2"}


def test_a_pattern_with_a_stroke_goes_by_the_path(tmp_path: Path) -> None:
    manifest = read_manifest(films(tmp_path, ["A/x7/1.png", "A/x8/1.png", "B/x9/2.png"]), pattern=r"/x(\d+)/")
    assert [film.patient for film in manifest.films] == ["7", "8", "9"]


def anonymous(root: Path, study: Callable[[int], str], **elements: str) -> Manifest:
    for number in range(12):
        place = root / ("A", "B")[number % 2]
        place.mkdir(parents=True, exist_ok=True)
        film = dicom_files.film(40, 50, seed=number)
        dicom_files.write_dicom(place / f"f{number}.dcm", film, StudyInstanceUID=study(number), **elements)
    return read_manifest(root)


@pytest.mark.parametrize("patient", ["ANONYMOUS", "X-1", ""])
def test_anonymous_films_are_parted_by_study(tmp_path: Path, patient: str) -> None:
    manifest = anonymous(tmp_path, lambda number: f"1.2.{number // 2}", PatientID=patient)
    assert len(manifest.patients) == 6
    assert len(manifest.remarks) == (patient == "X-1")


def test_anonymous_films_without_studies_are_on_their_own_and_said_to_be(tmp_path: Path) -> None:
    manifest = anonymous(tmp_path, lambda number: "1.2", PatientID="X-1")
    assert (len(manifest.patients), manifest.unknown_patients) == (12, 12)
