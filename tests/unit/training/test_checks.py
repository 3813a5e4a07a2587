"""Every planted fault is found and named, with its films and a way out that works."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from imaging.phantom import make_phantom, to_image
from imaging.progress import CancelToken
from inference.scoring.preprocess import PreprocessSpec, network_grey
from tests import dicom_files
from training.checks.checks import checks
from training.checks.inspection import Check, Inspection, Level, inspect
from training.films.near_twins import near_twins
from training.films.split import split_films
from training.plan import DataPlan, TrainingPlan
from training.recipes import plan_of, recipe_of

Grey = npt.NDArray[np.uint8]
SIDE = 64


@pytest.fixture(scope="module")
def phantoms() -> list[Grey]:
    """Synthetic films, all different."""
    spec = PreprocessSpec(size_px=SIDE)
    return [network_grey(to_image(make_phantom(number, (128, 128), 0)), spec) for number in range(60)]


@pytest.fixture
def folder(tmp_path: Path, phantoms: list[Grey]) -> Path:
    """A folder with nothing wrong but its size: thirty films of each class, of thirty patients each."""
    for number, film in enumerate(phantoms):
        save(tmp_path / "films" / ("NORMAL" if number % 2 else "SICK") / f"person{number}_a.png", film)
    return tmp_path / "films"


def save(path: Path, film: Grey, **options: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(film).save(path, **options)
    return path


def plan(folder: Path, **data: Any) -> TrainingPlan:
    made = plan_of(recipe_of("standard"), "trial", DataPlan(str(folder), **data))
    return dataclasses.replace(made, preprocess=dataclasses.replace(made.preprocess, size_px=SIDE))


def looked(folder: Path, made: TrainingPlan | None = None) -> tuple[Inspection, dict[str, Check]]:
    seen = inspect(made or plan(folder), CancelToken(), lambda words: None, folder.parent / "cache")
    return seen, {check.name: check for check in checks(seen)}


def test_a_sound_folder_is_green_but_for_its_size(folder: Path) -> None:
    _, found = looked(folder)
    assert {name for name, check in found.items() if check.level is not Level.GREEN} == {
        "Films of each class",
        "Validation part",
    }


def test_the_worst_comes_first(folder: Path) -> None:
    save(folder / "SICK" / "empty.png", np.full((SIDE, SIDE), 90, np.uint8))
    seen, _ = looked(folder)
    levels = [check.level for check in checks(seen)]
    assert levels[0] is Level.RED
    assert levels == sorted(levels, key=[Level.RED, Level.AMBER, Level.GREEN].index)


def test_unreadable_and_empty_films_are_named_and_left_out(folder: Path) -> None:
    (folder / "SICK" / "notes.png").write_text("no film")
    save(folder / "SICK" / "empty.png", np.full((SIDE, SIDE), 90, np.uint8))
    seen, found = looked(folder)
    assert found["Readable"].sentence == "1 file can't be read as a film and will be left out."
    (lost,) = found["Readable"].lost
    assert Path(lost.path).name == "notes.png"
    assert lost.reason.startswith("This is a text file")
    assert found["Readable"].fix is None, "it is no film: there is nothing to leave out"
    (at,) = found["Empty films"].films
    assert seen.films[at].path.name == "empty.png"
    fix = found["Empty films"].fix
    assert fix is not None
    assert "Empty films" not in looked(folder, fix.plan)[1]


def cut(path: Path, share: float) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])


def test_films_that_are_cut_short_are_named_and_nothing_is_learnt_from_them(folder: Path) -> None:
    """A reader is shown what there is of them."""
    for name, options in (("plain", {}), ("lossless", {"transfer_syntax": dicom_files.JPEG_LOSSLESS})):
        pixels = dicom_files.film(200, 160)
        cut(dicom_files.write_dicom(folder / "SICK" / f"{name}.dcm", pixels, PatientID=name, **options), 0.6)
    save(folder / "SICK" / "raster.png", np.random.default_rng(1).integers(0, 255, (90, 90), np.uint8))
    cut(folder / "SICK" / "raster.png", 0.6)
    seen, found = looked(folder)
    check = found["Incomplete films"]
    assert check.level is Level.AMBER
    assert {Path(film.path).name for film in check.lost} == {"plain.dcm", "lossless.dcm", "raster.png"}
    assert all("ends early" in film.reason for film in check.lost)
    assert found["Readable"].level is Level.GREEN
    lost = {film.path for film in check.lost}
    named = {at for at, film in enumerate(seen.films) if film.path.as_posix() in lost}
    assert set(np.flatnonzero(~seen.cached.readable)) == named
    assert not seen.cached.films[sorted(named)].any()
    assert check.fix is not None
    mended = looked(folder, check.fix.plan)[1]
    assert "Incomplete films" not in mended
    assert mended["Readable"].level is Level.GREEN


def test_copies_under_two_labels_are_red_and_under_one_amber(folder: Path, phantoms: list[Grey]) -> None:
    save(folder / "NORMAL" / "other.png", phantoms[0])  # phantoms[0] is SICK
    save(folder / "NORMAL" / "again.png", phantoms[1])
    seen, found = looked(folder)
    torn = found["Labels that disagree"]
    assert torn.level is Level.RED
    assert {seen.films[at].path.name for at in torn.films} == {"other.png", "person0_a.png"}
    assert {seen.films[at].path.name for at in found["Exact copies"].films} == {"again.png", "person1_a.png"}
    assert torn.fix is not None
    assert "Labels that disagree" not in looked(folder, torn.fix.plan)[1]


def jpeg(film: Grey) -> Grey:
    stream = BytesIO()
    Image.fromarray(film).save(stream, "JPEG", quality=60)
    return np.asarray(Image.open(stream))


@pytest.mark.parametrize(
    "change",
    [
        jpeg,
        lambda film: np.asarray(Image.fromarray(film).resize((100, 100), Image.Resampling.BICUBIC)),
        lambda film: np.clip(film * 0.8 + 12, 0, 255).astype(np.uint8),
    ],
    ids=["saved again", "resized", "brighter"],
)
def test_a_near_copy_under_another_patient_is_found_and_never_parted(
    folder: Path, phantoms: list[Grey], change: Callable[[Grey], Grey]
) -> None:
    save(folder / "NORMAL" / "person900_a.png", change(phantoms[1]))
    seen, found = looked(folder)
    check = found["Near copies"]
    assert (check.level, len(check.films)) == (Level.AMBER, 2)
    assert {seen.films[at].path.name for at in check.films} == {"person1_a.png", "person900_a.png"}
    assert check.fix is not None
    assert looked(folder, check.fix.plan)[1]["Near copies"].level is Level.GREEN


def test_different_films_are_no_copies(phantoms: list[Grey]) -> None:
    assert near_twins(np.stack(phantoms), np.ones(len(phantoms), bool)) == []


def test_a_patient_in_two_parts_is_red_and_a_new_split_mends_it(tmp_path: Path, phantoms: list[Grey]) -> None:
    for number, film in enumerate(phantoms):
        part = "val" if number < 16 else "train"
        patient = number if number != 20 else 2  # one training film of a validation patient
        label = "NORMAL" if number % 2 else "SICK"
        save(tmp_path / "films" / part / label / f"person{patient}_{number}.png", film)
    seen, found = looked(tmp_path / "films")
    assert found["Patients"].level is Level.RED
    assert {seen.films[at].patient for at in found["Patients"].films} == {"person2"}
    assert found["Validation part"].level is Level.RED
    fix = found["Patients"].fix
    assert fix is not None
    again, mended = looked(tmp_path / "films", fix.plan)
    assert mended["Patients"].level is Level.GREEN
    split = split_films(again.manifest, fix.plan.data, 1)
    sides = [{again.films[at].patient for at in part} for part in (split.train, split.validation)]
    assert not sides[0] & sides[1]


def test_a_cluster_cannot_be_held_out_where_the_source_names_its_own_part(tmp_path: Path, phantoms: list[Grey]) -> None:
    for number, film in enumerate(phantoms):
        part, label = "val" if number < 16 else "train", "NORMAL" if number % 2 else "SICK"
        save(tmp_path / "films" / part / label / f"person{number}_{number}.png", film)
    seen, found = looked(tmp_path / "films")
    assert "Held-out films" not in found
    data = dataclasses.replace(seen.plan.data, hold_out="clusters")
    _, found = looked(tmp_path / "films", dataclasses.replace(seen.plan, data=data))
    assert found["Held-out films"].level is Level.AMBER
    fix = found["Held-out films"].fix
    assert fix is not None
    assert "Held-out films" not in looked(tmp_path / "films", fix.plan)[1]


def test_patients_too_few_to_part_are_red_and_not_an_error(tmp_path: Path, phantoms: list[Grey]) -> None:
    for number in range(12):
        save(
            tmp_path / "films" / ("NORMAL" if number % 2 else "SICK") / f"person{number % 2}_{number}.png",
            phantoms[number],
        )
    _, found = looked(tmp_path / "films")
    assert found["Validation part"].level is Level.RED
    assert "too few patients" in found["Validation part"].sentence


def test_masks_beside_films_are_red_and_films_are_none(folder: Path, phantoms: list[Grey]) -> None:
    assert "Masks" not in looked(folder)[1]
    drawn = (np.where(phantoms[0] > np.median(phantoms[0]), 255, 0)).astype(np.uint8)
    save(folder / "SICK" / "person90_a.png", drawn)
    seen, found = looked(folder)
    check = found["Masks"]
    assert check.level is Level.RED
    assert [seen.films[at].path.name for at in check.films] == ["person90_a.png"]
    assert check.fix is not None
    assert "Masks" not in looked(folder, check.fix.plan)[1]


def test_a_class_too_rare_to_judge_is_red_and_can_be_left_out(folder: Path, phantoms: list[Grey]) -> None:
    """A list of many findings has rare ones: the run would refuse them once all films are decoded."""
    for number in range(2):
        save(folder / "RARE" / f"person9{number}_a.png", phantoms[number][::-1])
    _, found = looked(folder)
    fixes = [found[name].fix for name in ("Films of each class", "Validation part")]
    assert [fix.words for fix in fixes if fix] == ["Leave the films of RARE out"] * 2
    assert found["Films of each class"].level is found["Validation part"].level is Level.RED
    assert fixes[1] is not None
    seen, mended = looked(folder, fixes[1].plan)
    assert "RARE" not in seen.manifest.labels
    assert len(seen.manifest.set_aside) == 2
    assert mended["Films of each class"].level is Level.AMBER
    assert mended["Validation part"].level is Level.AMBER


def test_of_many_classes_the_rarest_are_named(tmp_path: Path, phantoms: list[Grey]) -> None:
    for number in range(9):
        for copy in range(number + 5):
            film = np.roll(phantoms[number], 7 * copy, axis=1)
            save(tmp_path / f"class {number}" / f"person{number}{copy}_a.png", film)
    _, found = looked(tmp_path)
    said = "class 0 5, class 1 6, class 2 7 and more of 6 other classes"
    assert said in found["Films of each class"].sentence


def test_uneven_classes_are_told_where_nothing_weighs_them(folder: Path) -> None:
    for path in sorted((folder / "SICK").glob("*"))[4:]:
        path.unlink()
    made = plan(folder)
    plain = dataclasses.replace(made, learning=dataclasses.replace(made.learning, balance="none"))
    fix = looked(folder, plain)[1]["Balance"].fix
    assert fix is not None
    assert fix.plan.learning.balance == "weights"
    assert "Balance" not in looked(folder)[1]


def test_a_marker_burned_into_one_class_is_found_where_it_stands(folder: Path) -> None:
    for path in sorted((folder / "SICK").glob("*")):
        film = np.array(Image.open(path))
        film[4:8, 52:54] = 255
        film[4:8, 55:57] = 255
        save(path, film)
    check = looked(folder)[1]["Markers"]
    assert check.level is Level.RED
    assert "at the top on the right tells SICK" in check.sentence
    assert check.films


def test_what_tells_the_class_without_the_lungs_is_told(folder: Path, phantoms: list[Grey]) -> None:
    """One class wider than high, stored inverted, and from another hospital."""
    for path in (folder / "SICK").glob("*"):
        path.unlink()
    for number, film in enumerate(phantoms[::2]):
        wide = np.repeat(film, 2, axis=1).astype(np.uint16)
        dicom_files.write_dicom(
            folder / "SICK" / f"{number}.dcm",
            255 - wide,
            PhotometricInterpretation="MONOCHROME1",
            PatientID=f"P{number}",
        )
    _, found = looked(folder)
    for name in ("Aspect", "MONOCHROME1"):
        assert found[name].level is Level.AMBER
