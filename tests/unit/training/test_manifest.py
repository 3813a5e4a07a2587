from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests import dicom_files
from training.films.data_error import DataError
from training.films.manifest import LabelledFilm, Manifest, read_class_folders, read_manifest
from training.films.patients import patient_of
from training.films.source import Subject
from training.films.split import split_by_patient, split_films
from training.plan import DataPlan

LABELS = ("NORMAL", "PNEUMONIA")


def _folder(root: Path, films: dict[str, bytes]) -> Path:
    """Films whose pixels go by `content`: equal contents make files with equal bytes."""
    for label in LABELS:
        (root / label).mkdir(parents=True, exist_ok=True)
    for name, content in films.items():
        pixels = np.frombuffer(sha256(content).digest() * 2, np.uint8).reshape(8, 8)
        Image.fromarray(pixels).save((root / name).with_suffix(".png"))
    return root


def _many(root: Path) -> Manifest:
    films = {f"PNEUMONIA/person{n}_virus_{k}.jpeg": f"{n} {k}".encode() for n in range(40) for k in range(3)}
    films |= {f"NORMAL/IM-{n:04}-0001.jpeg": f"healthy {n}".encode() for n in range(40)}
    return read_class_folders([_folder(root, films)], LABELS)


@pytest.mark.parametrize(
    ("name", "patient"),
    [
        ("person1000_bacteria_2931.jpeg", "person1000"),
        ("person1000_virus_1681.jpeg", "person1000"),
        ("IM-0115-0001.jpeg", "IM-0115"),
        ("NORMAL2-IM-0115-0001-0002.jpeg", "NORMAL2-IM-0115"),
        ("film 7.png", "film 7"),
    ],
)
def test_patient_is_read_from_the_file_name(name: str, patient: str) -> None:
    assert patient_of(name) == patient


def test_films_with_equal_bytes_belong_to_one_patient_along_the_chain(tmp_path: Path) -> None:
    films = {
        "NORMAL/IM-0001-0001.jpeg": b"a",
        "NORMAL/IM-0002-0001.jpeg": b"a",
        "NORMAL/IM-0002-0002.jpeg": b"b",
        "NORMAL/IM-0003-0001.jpeg": b"b",
        "PNEUMONIA/person1_virus_1.jpeg": b"c",
    }
    manifest = read_class_folders([_folder(tmp_path, films)], LABELS)
    assert len({film.patient for film in manifest.films if film.labels[0] == "NORMAL"}) == 1
    assert len(manifest.patients) == 2


def test_an_empty_class_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="PNEUMONIA"):
        read_class_folders([_folder(tmp_path, {"NORMAL/IM-0001-0001.jpeg": b"a"})], LABELS)


@pytest.mark.parametrize("name", ["P" * 65, "wet\u200blung"])
def test_a_class_that_no_card_would_take_is_told_before_the_training(tmp_path: Path, name: str) -> None:
    films = {f"{label}/{number}": f"{label} {number}".encode() for label in LABELS for number in range(4)}
    (_folder(tmp_path, films) / "PNEUMONIA").rename(tmp_path / name)
    with pytest.raises(DataError, match="needs another name: at most 64 signs") as told:
        read_manifest(tmp_path)
    assert told.value.message.isprintable()


def test_no_patient_stands_on_both_sides(tmp_path: Path) -> None:
    manifest = _many(tmp_path)
    split = split_by_patient(manifest, 0.25, seed=3)
    sides = [{manifest.films[i].patient for i in part} for part in (split.train, split.validation)]
    assert not sides[0] & sides[1]
    assert len(split.train) + len(split.validation) == len(manifest.films)
    assert sum(patient.startswith("person") for patient in sides[1]) == 10
    assert sum(patient.startswith("IM") for patient in sides[1]) == 10


def test_the_split_is_the_same_for_the_same_seed_only(tmp_path: Path) -> None:
    manifest = _many(tmp_path)
    first, again, other = (split_by_patient(manifest, 0.25, seed) for seed in (3, 3, 4))
    assert first.validation.tolist() == again.validation.tolist()
    assert first.validation.tolist() != other.validation.tolist()


def test_patients_can_be_kept_out(tmp_path: Path) -> None:
    manifest = _many(tmp_path).without_patients({"person3", "IM-0005"})
    assert not {"person3", "IM-0005"} & manifest.patients
    assert len(manifest.films) == 160 - 3 - 1


def _csv(folder: Path, text: str) -> Path:
    path = folder / "labels.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_parts_of_the_source_are_kept_and_named(tmp_path: Path) -> None:
    names = ("train/NORMAL/a", "train/SICK/b", "val/NORMAL/c", "val/SICK/d", "test/NORMAL/e", "test/SICK/f")
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    manifest = read_manifest(_folder(tmp_path, {name: name.encode() for name in names}))
    assert (manifest.labels, manifest.normal_label) == (("NORMAL", "SICK"), "NORMAL")
    assert [film.part for film in manifest.films] == ["test"] * 2 + ["train"] * 2 + ["validation"] * 2
    split = split_films(manifest, DataPlan("", keep_parts=True), seed=1)
    assert [len(part) for part in (split.train, split.validation, split.test)] == [2, 2, 2]


def test_a_patient_on_both_sides_is_left_out_of_training(tmp_path: Path) -> None:
    """A planted leak: one patient of the validation part in the training part too, and one of the test in both."""
    names = {
        "train/SICK/person1_a": b"1",
        "train/SICK/person2_a": b"2",
        "train/SICK/person3_a": b"3",
        "train/NORMAL/IM-0001-0001": b"4",
        "val/SICK/person1_b": b"5",
        "val/SICK/person3_b": b"6",
        "val/NORMAL/IM-0002-0001": b"7",
        "test/SICK/person3_c": b"8",
        "test/NORMAL/IM-0003-0001": b"9",
    }
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    manifest = read_manifest(_folder(tmp_path, names))
    split = split_films(manifest, DataPlan(""), seed=1)
    patients = {
        part: {manifest.films[at].patient for at in getattr(split, part)} for part in ("train", "validation", "test")
    }
    assert patients == {
        "train": {"person2", "IM-0001"},
        "validation": {"person1", "IM-0002"},
        "test": {"person3", "IM-0003"},
    }
    assert len(split.left_out) == 3


def test_a_csv_of_many_findings_is_read_by_the_names_of_its_source(tmp_path: Path) -> None:
    _folder(tmp_path, {f"0000000{n}_00{n}": bytes([n]) for n in range(1, 5)})
    source = _csv(
        tmp_path,
        "Image Index,Finding Labels,Follow-up #,Patient ID,Patient Age,Patient Gender,View Position\n"
        "00000001_001.png,Cardiomegaly|Effusion,0,1,58,M,PA\n"
        "00000002_002.png,No Finding,0,2,81,F,AP\n"
        "00000003_003.png,Effusion,0,1,58,M,PA\n"
        "missing.png,Effusion,0,9,58,M,PA\n",
    )
    manifest = read_manifest(source)
    assert manifest.labels == ("No Finding", "Cardiomegaly", "Effusion")
    assert manifest.is_multi_label
    assert [film.patient for film in manifest.films] == ["1", "2", "1"]
    assert manifest.films[0].subject == Subject("M", "58", "PA", "")
    assert [path.name for path, _ in manifest.refused] == ["missing.png"]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("path,labels\na.png,\n", "Line 2 of the CSV file has no label"),
        ("path,labels,split\na.png,SICK,holdout\n", "split that is none of"),
        ("path,labels,label\na.png,SICK,SICK\n", "one column"),
        ("path,labels\na.png,SICK\n", "not two classes"),
    ],
)
def test_a_csv_that_does_not_say_enough_is_one_sentence(tmp_path: Path, text: str, complaint: str) -> None:
    _folder(tmp_path, {"a": b"a"})
    with pytest.raises(DataError, match=complaint):
        read_manifest(_csv(tmp_path, text))


def test_a_pattern_of_the_users_names_the_patient(tmp_path: Path) -> None:
    films = {"NORMAL/site1-p7-1": b"1", "NORMAL/site1-p7-2": b"2", "PNEUMONIA/site1-p8-1": b"3"}
    manifest = read_manifest(_folder(tmp_path, films), pattern=r"site\d-(p\d+)")
    assert manifest.patients == {"p7", "p8"}
    for pattern, complaint in (("(p", "no regular expression"), ("p", "pair of brackets")):
        with pytest.raises(DataError, match=complaint):
            read_manifest(tmp_path, pattern=pattern)


def test_a_dicom_file_names_its_patient(tmp_path: Path) -> None:
    _folder(tmp_path, {"NORMAL/a": b"a"})
    dicom_files.write_dicom(tmp_path / "PNEUMONIA" / "film", dicom_files.film(40, 50))
    assert "TEST-01" in read_manifest(tmp_path).patients


def test_a_row_that_names_no_film_is_told_and_an_empty_class_is_not(tmp_path: Path) -> None:
    for number in range(2):
        place = tmp_path / "films" / ("A", "B")[number] / f"{number}.png"
        place.parent.mkdir(parents=True)
        Image.fromarray(np.full((8, 8), number, np.uint8)).save(place)
    (tmp_path / "films" / "C").mkdir()
    assert read_manifest(tmp_path / "films").refused == ()
    (tmp_path / "words.png").write_text("no film", encoding="utf-8")
    rows = ["path,label", "films/A/0.png,A", "films/B/1.png,B", "words.png,B"]
    (tmp_path / "films.csv").write_text("\n".join(rows), encoding="utf-8")
    assert [path.name for path, _ in read_manifest(tmp_path / "films.csv").refused] == ["words.png"]


@pytest.mark.parametrize("seed", range(6))
def test_rare_findings_of_a_list_stand_in_both_parts(seed: int) -> None:
    """A rare finding that always comes second beside a frequent one, and a class of five patients."""
    own = [("No",)] * 60 + [("Edema",)] * 30 + [("Edema", "Rare")] * 8 + [("Alone",)] * 5
    films = tuple(LabelledFilm(Path(f"{at}.png"), labels, f"p{at}", str(at)) for at, labels in enumerate(own))
    manifest = Manifest(films, ("No", "Alone", "Edema", "Rare"), "No")
    split = split_films(manifest, DataPlan("", validation_share=0.15), seed)
    for label in manifest.labels:
        inside = sum(label in films[at].labels for at in split.validation)
        outside = sum(label in films[at].labels for at in split.train)
        assert min(inside, outside) >= 2, label
    assert len(split.validation) < 0.2 * len(films)
