"""The command that re-makes the bundled pneumonia model, on small films and with a tiny network."""

from __future__ import annotations

import csv
import dataclasses
import json
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from imaging.progress import Cancelled, CancelToken
from inference.bundles.bundle import read_bundle
from inference.networks.network import build_network
from inference.scoring.preprocess import PreprocessSpec
from inference.scoring.similar import read_reference
from tests.runs import BrokenOff
from training.bundled.pneumonia import (
    LIST,
    WORDS,
    make_pneumonia,
    plan_for,
    read_list,
    reseal_pneumonia,
    words_of,
    write_list,
)
from training.films.patients import patient_of
from training.films.prepare import COLLECTED_ALIKE, COLLECTED_OTHERWISE, prepare
from training.judging.result import RESULT
from training.plan import StartPlan, TrainingPlan, check_plan
from training.running.events import Saved
from training.running.run_dir import RunDir
from training.running.worker import train

KEPT_OUT = ("person3", "IM-0005")
COUNT, LOOKS = 90, 6  # of each class; ways of collecting them


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`data/train` and `data/val` as kermany224 has them, and `keep` with films of two of its patients."""
    root, rng = tmp_path_factory.mktemp("kermany"), np.random.default_rng(4)

    def put(path: Path, look: int = 0, *, ill: bool) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        grey = rng.integers(60, 120, (32, 32)).astype(np.float64)
        grey[8:16, 8:16] += 100 * ill
        grey *= (0.4, 0.7, 1.0)[look % 3]
        grey[:, : 6 * (look // 3)] = 0  # three of the looks have a bar at the side
        Image.fromarray(grey.astype(np.uint8)).save(path)

    for number in range(COUNT):
        part = "val" if number < 4 else "train"
        put(root / "data" / part / "PNEUMONIA" / f"person{number}_virus_{number}.png", number % LOOKS, ill=True)
        put(root / "data" / part / "NORMAL" / f"IM-{number:04}-0001.png", number % LOOKS, ill=False)
    put(root / "keep" / "PNEUMONIA" / "person3_bacteria_99.png", ill=True)
    put(root / "keep" / "NORMAL" / "IM-0005-0002.png", ill=False)
    return root


def look_of(name: str) -> int:
    return int(re.findall(r"\d+", name)[0]) % LOOKS


def tiny(plan: TrainingPlan) -> TrainingPlan:
    network = dataclasses.replace(plan.network, backbone="tiny", start=StartPlan("scratch"), keep_norm=False)
    learning = dataclasses.replace(plan.learning, epochs=2, batch=16)
    preprocess = PreprocessSpec(size_px=32, mean=(0.5,), std=(0.25,))
    return dataclasses.replace(plan, network=network, learning=learning, preprocess=preprocess, threads=1)


@pytest.mark.parametrize("weights", [None, Path("imagenet.safetensors")])
def test_the_plan_bears_shifts_with_the_whole_network(weights: Path | None) -> None:
    plan = plan_for(Path("films.csv"), weights)
    check_plan(plan)
    assert (plan.network.backbone, plan.network.mode, plan.network.frozen_share) == ("mobilenet_v2", "full", 0.0)
    assert plan.choice.bear_shifts
    assert plan.data.hold_out == "both"
    assert plan.learning.average_over_steps > 0
    assert plan.network.start.kind == ("bundle" if weights is None else "imported")
    assert build_network(plan.network.backbone, 1, plan.preprocess) is not None


def test_the_list_parts_patients_and_leaves_those_kept_out(films: Path, tmp_path: Path) -> None:
    manifest, split = read_list(films / "data", films / "keep")
    write_list(tmp_path / LIST, manifest, split)
    with (tmp_path / LIST).open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == 2 * COUNT - 2
    assert not {row["patient"] for row in rows} & set(KEPT_OUT)
    prepared = prepare(tiny(plan_for(tmp_path / LIST, None)), CancelToken(), lambda words: None, tmp_path / "cache")
    own = prepared.manifest.films
    judged, apart = ({own[at].path.name for at in part} for part in (prepared.split.validation, prepared.split.apart))
    drawn = {manifest.films[at].path.name for at in split.validation}
    assert drawn <= judged
    assert judged - drawn <= apart, "and a whole look besides"
    (look,) = {look_of(name) for name in apart}
    assert look not in {look_of(own[at].path.name) for at in prepared.split.train}
    assert len(prepared.split.train) + len(judged) == 2 * COUNT - 2


def test_a_run_that_was_broken_off_goes_on_and_says_what_the_model_is(films: Path, tmp_path: Path) -> None:
    folder, models = tmp_path / "run", tmp_path / "models"
    folder.mkdir()
    write_list(folder / LIST, *read_list(films / "data", films / "keep"))
    RunDir(folder).create(tiny(plan_for(folder / LIST, None)))
    with pytest.raises(Cancelled):
        train(BrokenOff(folder, lambda event: isinstance(event, Saved) and event.step > 0), models)
    make_pneumonia(films / "data", None, films / "keep", models, folder)
    finished = RunDir(folder).finished
    assert finished is not None
    made = read_bundle(Path(finished.bundle))
    assert made.card.name == WORDS.name
    assert made.card.version > 1, "the first one came with the program"
    assert (made.card.data.source, made.card.limits) == (WORDS.data.source, WORDS.limits)
    assert made.card.data.films < len(read_list(films / "data", films / "keep")[1].train)
    result = json.loads((folder / RESULT).read_text(encoding="utf-8"))
    assert result["shifts"] == made.card.recipe["shifts"]
    assert result["points_under_worst_shift"] is True
    assert {COLLECTED_ALIKE, COLLECTED_OTHERWISE} < set(result["shifts"]["PNEUMONIA"])
    assert min(of["sensitivity"] for of in made.card.recipe["shifts"]["PNEUMONIA"].values()) >= 0.95
    reference = read_reference(made)
    assert reference is not None
    kept = {patient_of(path.name) for path in (films / "keep").glob("*/*")}
    manifest, _ = read_list(films / "data", films / "keep")
    assert reference.trained_on <= {film.digest for film in manifest.films if film.patient not in kept}


def test_sealing_again_changes_nothing(films: Path, tmp_path: Path) -> None:
    folder, models = tmp_path / "run", tmp_path / "models"
    folder.mkdir()
    write_list(folder / LIST, *read_list(films / "data", films / "keep"))
    RunDir(folder).create(tiny(plan_for(folder / LIST, None)))
    made = train(RunDir(folder), models, words_for=words_of)
    assert made is not None
    before = {path.name: path.read_bytes() for path in Path(str(made.location)).iterdir()}
    reseal_pneumonia(films / "data", films / "keep", models)
    assert {path.name: path.read_bytes() for path in Path(str(made.location)).iterdir()} == before
