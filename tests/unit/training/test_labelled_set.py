from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from imaging.progress import CancelToken
from imaging.study import ImageRef
from inference.screening.screen import Refusal
from tests import dicom_files
from tests.bundles import card_of, multi_label_card
from training.films.data_error import DataError
from training.films.labelled_set import SetFilm, films_of, read_set

CARD, MULTI = card_of(), multi_label_card()


def film(path: Path, seed: int = 0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.random.default_rng(seed).integers(0, 256, (40, 40), np.uint8)).save(path)
    return path


def found(source: Path, card: object = CARD, out: Path = Path("out.json")) -> list[SetFilm]:
    assert card in (CARD, MULTI)
    return list(films_of(read_set(source, MULTI if card is MULTI else CARD), out, CancelToken()))


def csv_of(folder: Path, text: str | bytes) -> Path:
    path = folder / "labels.csv"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def name_of(item: SetFilm) -> str:
    return (item.film.ref if isinstance(item.film, Refusal) else item.film).path.name


def test_class_folders_lie_in_the_folder_or_in_its_parts(tmp_path: Path) -> None:
    film(tmp_path / "NORMAL" / "IM-0001-0001.png")
    film(tmp_path / "test" / "OPACITY" / "deep" / "person7_virus_1.png")
    film(tmp_path / "val" / "NORMAL" / "a.png")
    film(tmp_path / "__MACOSX" / "rest" / "a.png")
    (tmp_path / "val" / "OPACITY").mkdir()  # an empty class is nothing refused
    (tmp_path / "README.txt").write_text("beside")
    films = {name_of(item): (item.findings, item.patient) for item in found(tmp_path)}
    assert films == {
        "IM-0001-0001.png": (frozenset(), "IM-0001"),
        "person7_virus_1.png": (frozenset({"OPACITY"}), "person7"),
        "a.png": (frozenset(), "a"),
    }


def test_masks_beside_films_are_not_judged(tmp_path: Path) -> None:
    film(tmp_path / "NORMAL" / "images" / "a.png")
    film(tmp_path / "NORMAL" / "masks" / "a.png", seed=1)
    assert [item.film.path.parent.name for item in found(tmp_path) if isinstance(item.film, ImageRef)] == ["images"]


def test_a_dicom_film_names_its_patient_and_a_csv_knows_better(tmp_path: Path) -> None:
    (tmp_path / "OPACITY").mkdir()
    frames = np.stack([dicom_files.film(40, 50, seed=index) for index in range(2)])
    dicom_files.write_dicom(tmp_path / "OPACITY" / "two", frames, frames=2)
    films = found(tmp_path)
    assert [item.patient for item in films] == ["TEST-01", "TEST-01"]
    labels = csv_of(tmp_path, "path,label,patient\nOPACITY/two,OPACITY,mine\nOPACITY/two,OPACITY,\n")
    assert [item.patient for item in found(labels)] == ["mine", "mine", "TEST-01", "TEST-01"]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_csv_has_labels_as_spreadsheets_write_them(tmp_path: Path, delimiter: str) -> None:
    film(tmp_path / "films" / "a.png")
    (tmp_path / "sets").mkdir()
    rows = [["Path", "Labels", "split", "age"], ["../films/a.png", "MASS|NODULE", "test", "7"], [""], ["gone.png", ""]]
    text = "\ufeff" + "\r\n".join(delimiter.join(row) for row in rows)
    first, second = found(csv_of(tmp_path / "sets", text), MULTI)
    assert (first.findings, first.patient) == (frozenset({"MASS", "NODULE"}), "a")
    assert (second.findings, second.patient) == (frozenset(), "gone")
    assert isinstance(second.film, Refusal)
    assert second.film.error.code == "missing"


def test_a_csv_does_not_walk_folders(tmp_path: Path) -> None:
    film(tmp_path / "inside" / "a.png")
    (item,) = found(csv_of(tmp_path, "path,label\ninside,OPACITY\n"))
    assert isinstance(item.film, Refusal)


def test_the_report_itself_is_no_film_of_the_set(tmp_path: Path) -> None:
    film(tmp_path / "NORMAL" / "a.png")
    (tmp_path / "NORMAL" / "out.json").write_text("{}")
    assert [name_of(item) for item in found(tmp_path, out=tmp_path / "NORMAL" / "out.json")] == ["a.png"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "needs one column"),
        ("path,patient\na.png,1\n", "needs one column"),
        ("path,label,labels\na.png,OPACITY,OPACITY\n", "needs one column"),
        ("path,label,patient,patient\na.png,OPACITY,1,2\n", "more than one column"),
        ("path,label\n", "no labelled films"),
        ("path,label\na.png\n", "Line 2 .*too few columns"),
        ("path,label\n,OPACITY\n", "Line 2 .*names no film"),
        ("path,label\na\0.png,OPACITY\n", "Line 2 .*names no film"),
        ("path,label\n\\\\host\\share\\a.png,OPACITY\n", "Line 2 .*network share"),
        ("path,label\n//host/share/a.png,OPACITY\n", "Line 2 .*network share"),
        ("path,label\na.png,OPACITY\nb.png,CAT\x1b[2J\n", r"Line 3 .*“CAT\?\[2J”.* NORMAL, OPACITY"),
        ("path,label\na.png,\n", "Line 2 .*no label"),
        ("path,label\na.png,NORMAL|OPACITY\n", "together with a finding"),
        ('path,label\n"a.png,OPACITY\n', "is damaged"),
        ("path,label\n" + "a" * 200_000 + ",OPACITY\n", "is damaged"),
        (b"path,label\n\xff.png,OPACITY\n", "not UTF-8"),
    ],
)
def test_a_bad_csv_is_refused_in_one_sentence(tmp_path: Path, text: str | bytes, said: str) -> None:
    with pytest.raises(DataError, match=said) as caught:
        found(csv_of(tmp_path, text))
    assert caught.value.message.count("\n") == 0


def test_a_folder_with_a_class_that_the_model_does_not_know_is_refused(tmp_path: Path) -> None:
    film(tmp_path / "test" / "NORMAL" / "a.png")
    film(tmp_path / "test" / "CAT" / "a.png")
    with pytest.raises(DataError, match="“CAT”"):
        found(tmp_path)


def test_a_folder_without_classes_and_a_missing_one_are_refused(tmp_path: Path) -> None:
    film(tmp_path / "a.png")
    with pytest.raises(DataError, match="no labelled films"):
        found(tmp_path)
    with pytest.raises(DataError, match="can't be found"):
        found(tmp_path / "nowhere")
