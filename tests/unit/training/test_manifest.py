from __future__ import annotations

from pathlib import Path

import pytest

from training.manifest import DataError, Manifest, patient_of, read_class_folders
from training.split import split_by_patient

LABELS = ("NORMAL", "PNEUMONIA")


def _folder(root: Path, films: dict[str, bytes]) -> Path:
    for label in LABELS:
        (root / label).mkdir(parents=True, exist_ok=True)
    for name, content in films.items():
        (root / name).write_bytes(content)
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
    assert len({film.patient for film in manifest.films if film.label == "NORMAL"}) == 1
    assert len(manifest.patients) == 2


def test_an_empty_class_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="PNEUMONIA"):
        read_class_folders([_folder(tmp_path, {"NORMAL/IM-0001-0001.jpeg": b"a"})], LABELS)


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
