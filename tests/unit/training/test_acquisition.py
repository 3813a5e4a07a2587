"""Films of different rooms fall into different clusters, whatever they show; a cluster is held out whole."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from imaging.cv import cv2
from imaging.progress import Cancelled, CancelToken
from inference.scoring.preprocess import PreprocessSpec
from training.films.acquisition import cluster_of_patients, clusters_for, clusters_of, facts_of
from training.films.cache import cached_films
from training.films.data_error import DataError
from training.films.manifest import Manifest, read_manifest
from training.films.prepare import prepare
from training.films.split import Split, holds_out_cluster, split_films
from training.films.taught import split_of
from training.plan import DataPlan, HoldOut, StartPlan, TrainingPlan
from training.recipes import plan_of, recipe_of

SIDE = 64
ROOMS = 3


def film(room: int, seed: int, *, ill: bool) -> np.ndarray:
    """Blobs, a bright one for the ill, as three rooms would give them: sharp, dark and soft, or between bars."""
    rng = np.random.default_rng(seed)
    seen = cv2.GaussianBlur(rng.normal(0, 1, (SIDE, SIDE)).astype(np.float32), (0, 0), 2.0) * 1.2 + 0.5
    if ill:
        y, x = rng.integers(12, 44, 2)
        seen[y : y + 8, x : x + 8] += 0.4
    if room == 1:
        seen = cv2.GaussianBlur(seen, (0, 0), 1.5) * 0.5
    if room == 2:
        seen[:, :10] = seen[:, -10:] = 0.0
    return np.asarray(np.clip(seen * 255, 0, 255), np.uint8)


def rooms_of(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Films and the room of each; every second one is ill, in every room."""
    rooms = np.arange(count) % ROOMS
    return np.stack([film(room, at, ill=at % 2 == 1) for at, room in enumerate(rooms.tolist())]), rooms


def test_rooms_are_told_apart_and_classes_are_not() -> None:
    films, rooms = rooms_of(90)
    facts = facts_of(films, np.full((90, 2), SIDE, np.int32))
    clusters = clusters_of(facts, ROOMS)
    for room in range(ROOMS):
        assert len(set(clusters[rooms == room])) == 1
    assert len(set(clusters)) == ROOMS
    assert np.array_equal(clusters, clusters_of(facts, ROOMS))
    ill = np.arange(90) % 2 == 1
    assert all(0.3 < ill[clusters == cluster].mean() < 0.7 for cluster in range(ROOMS))


def test_the_shape_of_the_files_tells_rooms_apart_too() -> None:
    films = np.stack([film(0, seed, ill=False) for seed in range(40)])
    sizes = np.where(np.arange(40)[:, None] % 2 == 0, (1000, 1400), (1000, 1000)).astype(np.int32)
    clusters = clusters_of(facts_of(films, sizes)[:, -2:], 2)
    assert len(set(clusters[::2])) == len(set(clusters[1::2])) == 1
    assert clusters[0] != clusters[1]


def test_films_that_are_all_alike_are_one_cluster() -> None:
    films = np.stack([film(0, 1, ill=False)] * 5)
    assert clusters_of(facts_of(films, np.full((5, 2), SIDE, np.int32))).tolist() == [0] * 5
    assert clusters_of(np.zeros((0, 13))).tolist() == []


def test_a_patient_stands_where_most_of_their_films_do() -> None:
    clusters, patients = np.array([2, 1, 2, 0, 1, 0]), np.array(["a", "a", "a", "b", "b", "c"])
    assert cluster_of_patients(clusters, patients).tolist() == [2, 2, 2, 0, 0, 0]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Films of three rooms; patient 0 has one in the first room and two in the second."""
    root = tmp_path_factory.mktemp("films")
    films, _ = rooms_of(126)
    for at, grey in enumerate(films):
        path = root / ("PNEUMONIA" if at % 2 else "NORMAL")
        path.mkdir(exist_ok=True)
        patient = "person0" if at in {0, 4, 10} else f"person{at}"
        Image.fromarray(grey).save(path / f"{patient}_virus_{at}.png")
    return root


def plan_with(folder: Path, hold_out: HoldOut = "clusters") -> TrainingPlan:
    plan = plan_of(recipe_of("standard"), "rooms", DataPlan(str(folder), hold_out=hold_out), StartPlan("scratch"))
    return dataclasses.replace(plan, preprocess=PreprocessSpec(size_px=SIDE))


def parted(plan: TrainingPlan, cache: Path) -> tuple[Manifest, Split]:
    manifest = read_manifest(Path(plan.data.source))
    cached = cached_films(manifest.films, plan.preprocess, CancelToken(), folder=cache)
    return manifest, split_of(plan, manifest, clusters_for(plan, manifest, cached))


def room_of(manifest: Manifest, position: int) -> int:
    return int(manifest.films[position].path.stem.rpartition("_")[2]) % ROOMS


def test_a_whole_room_is_held_out_and_no_patient_is_split(folder: Path, tmp_path: Path) -> None:
    plan = plan_with(folder)
    manifest, split = parted(plan, tmp_path)
    held = [room_of(manifest, at) for at in split.validation]
    main = max(set(held), key=held.count)
    strangers = [at for at in split.validation if room_of(manifest, at) != main]
    assert {manifest.films[at].patient for at in strangers} <= {"person0"}
    patients = [{manifest.films[at].patient for at in part} for part in (split.train, split.validation)]
    assert not patients[0] & patients[1]
    assert len(split.train) + len(split.validation) == len(manifest.films)
    again = parted(plan, tmp_path)[1]  # the facts lie beside the decoded films now
    assert np.array_equal(again.validation, split.validation)
    drawn = parted(plan_with(folder, "patients"), tmp_path)
    assert len({room_of(drawn[0], at) for at in drawn[1].validation}) == ROOMS


def test_a_room_is_held_out_besides_the_drawn_patients(folder: Path, tmp_path: Path) -> None:
    manifest, split = parted(plan_with(folder, "both"), tmp_path)
    drawn = parted(plan_with(folder, "patients"), tmp_path)[1].validation
    assert set(drawn) < set(split.validation)
    assert set(split.validation) - set(drawn) <= set(split.apart) < set(split.validation)
    patients = [{manifest.films[at].patient for at in part} for part in (split.train, split.validation)]
    assert not patients[0] & patients[1]
    assert len({room_of(manifest, at) for at in split.apart if manifest.films[at].patient != "person0"}) == 1


def test_the_smallest_cluster_that_can_judge_well_is_held_out_besides(folder: Path) -> None:
    manifest = read_manifest(folder)
    films = tuple(dataclasses.replace(film, patient=f"p{at}") for at, film in enumerate(manifest.films * 6))
    many, plan = dataclasses.replace(manifest, films=films), DataPlan(str(folder), hold_out="both")
    clusters = np.random.default_rng(2).permutation(np.repeat([0, 1, 2], [380, 90, len(films) - 470]))
    split = split_films(many, plan, 1, clusters=clusters)
    assert set(clusters[split.apart]) == {2}, "the second has too few of each class, the first costs more"
    assert 2 not in clusters[split.train]
    few, fewer = dataclasses.replace(many, films=films[:126]), np.arange(126) % 5 // 4
    assert set(fewer[split_films(few, plan, 1, clusters=fewer).apart]) == {1}, "the one nearest to the share, then"


def test_a_run_is_prepared_with_it(folder: Path, tmp_path: Path) -> None:
    plan = plan_with(folder)
    prepared = prepare(plan, CancelToken(), lambda words: None, tmp_path)
    assert np.array_equal(prepared.split.validation, parted(plan, tmp_path)[1].validation)


def test_facts_that_were_damaged_on_the_disk_are_counted_anew(folder: Path, tmp_path: Path) -> None:
    plan = plan_with(folder)
    before = parted(plan, tmp_path)[1]
    (stored,) = tmp_path.glob("*/acquisition-1.npy")
    stored.write_bytes(stored.read_bytes()[:100])
    assert np.array_equal(parted(plan, tmp_path)[1].validation, before.validation)


def test_counting_facts_can_be_cancelled() -> None:
    token = CancelToken()
    token.cancel()
    with pytest.raises(Cancelled):
        facts_of(rooms_of(3)[0], np.full((3, 2), SIDE, np.int32), token)


def test_a_cluster_of_one_class_cannot_judge(folder: Path) -> None:
    manifest = read_manifest(folder)
    ill = np.array([film.labels[0] == "PNEUMONIA" for film in manifest.films])
    plan = DataPlan(str(folder), hold_out="clusters")
    with pytest.raises(DataError, match="hold out patients instead"):
        split_films(manifest, plan, 1, clusters=ill.astype(np.int64))
    one = np.zeros(len(manifest.films), np.int64)
    with pytest.raises(DataError, match="hold out patients instead"):
        split_films(manifest, plan, 1, clusters=one)


def test_the_parts_of_the_source_come_before_a_cluster(folder: Path, tmp_path: Path) -> None:
    manifest, split = parted(plan_with(folder), tmp_path)
    clusters = np.isin(np.arange(len(manifest.films)), split.validation).astype(np.int64)
    named = dataclasses.replace(
        manifest,
        films=tuple(
            dataclasses.replace(film, part="validation" if at < 20 else "train")
            for at, film in enumerate(manifest.films)
        ),
    )
    kept = DataPlan(str(folder), hold_out="clusters")
    anew = dataclasses.replace(kept, keep_parts=False)
    assert (holds_out_cluster(named, kept), holds_out_cluster(named, anew)) == (False, True)
    assert split_films(named, kept, 1, clusters=clusters).validation.max() < 20
    assert np.array_equal(split_films(named, anew, 1, clusters=clusters).validation, split.validation)
