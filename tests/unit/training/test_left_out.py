"""Films that a run does without are listed with their reasons; what was agreed to is kept with the run."""

from __future__ import annotations

import dataclasses
import hashlib
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from imaging.progress import CancelToken
from inference.scoring.preprocess import PreprocessSpec
from tests.commands import commanded
from training import train_command
from training.films.left_out import LEFT_OUT, SET_ASIDE, TAUGHT, TORN, LeftOut, left_out, read_left_out, write_left_out
from training.films.prepare import prepare
from training.plan import DataPlan, NetworkPlan, StartPlan, TrainingPlan, plan_text
from training.recipes import own_title, plan_of, recipe_of, true_title
from training.running.run_dir import RunDir


def film(path: Path, seed: int) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.random.default_rng(seed).integers(0, 255, (40, 40), np.uint8)).save(path)
    return path


def plan_for(folder: Path, *leave_out: str) -> TrainingPlan:
    return TrainingPlan(
        name="trial",
        title="Trial",
        data=DataPlan(str(folder), validation_share=0.3, leave_out=leave_out),
        preprocess=PreprocessSpec(size_px=32, mean=(0.5,), std=(0.25,)),
        network=NetworkPlan("tiny", StartPlan("scratch"), keep_norm=False),
    )


def test_every_film_that_is_left_out_has_its_reason(tmp_path: Path) -> None:
    folder = tmp_path / "films"
    for number in range(24):
        part = "train" if number < 16 else "val"
        film(folder / part / ("NORMAL", "ILL")[number % 2] / f"person{number}_a.png", number)
    torn = film(folder / "train" / "ILL" / "person17_b.png", 100)
    aside = film(folder / "train" / "ILL" / "person90_a.png", 101)
    broken = folder / "train" / "ILL" / "person91_a.png"
    broken.write_bytes(aside.read_bytes()[:200])
    prepared = prepare(
        plan_for(folder, hashlib.sha256(aside.read_bytes()).hexdigest()),
        CancelToken(),
        lambda words: None,
        tmp_path / "cache",
    )
    found = {Path(film.path).name: film.reason for film in left_out(prepared)}
    assert set(found) == {torn.name, aside.name, broken.name}
    assert (found[torn.name], found[aside.name]) == (TORN, SET_ASIDE)
    assert found[broken.name] not in ("", TORN, SET_ASIDE)
    nobody = np.array([], np.int64)
    taught = dataclasses.replace(prepared.split, validation=nobody, left_out=prepared.split.validation)
    assert TAUGHT in {film.reason for film in left_out(dataclasses.replace(prepared, split=taught))}
    run = RunDir(tmp_path)
    write_left_out(run, tuple(left_out(prepared)))
    assert read_left_out(tmp_path) == tuple(left_out(prepared))
    (tmp_path / LEFT_OUT).write_text("torn", encoding="utf-8")
    assert read_left_out(tmp_path) == read_left_out(tmp_path / "nowhere") == ()


@pytest.mark.skipif(os.name == "nt", reason="names are text there")
def test_any_name_that_a_disk_takes_is_kept(tmp_path: Path) -> None:
    films = tuple(LeftOut(os.fsdecode(name), 0, "Why.") for name in (b"/f/\xff.png", "/f/a\u2028b\x85.png".encode()))
    write_left_out(RunDir(tmp_path), films)
    assert read_left_out(tmp_path) == films


def test_an_agreed_download_is_agreed_for_going_on_too(tmp_path: Path) -> None:
    (tmp_path / "plan.json").write_text(plan_text(plan_for(tmp_path / "gone")), encoding="utf-8")
    begin = ["--plan", tmp_path / "plan.json"]
    for words, agreed in ((begin, False), (["--resume", "--download"], True), (["--resume"], True)):
        assert commanded(train_command, "--run", tmp_path / "run", *words).status == train_command.FAILED
        assert RunDir(tmp_path / "run").may_download is agreed


def test_a_title_names_the_start_of_the_plan_and_not_of_its_recipe() -> None:
    from training.plan import changed

    plan = plan_of(recipe_of("standard"), "Ward 3", DataPlan("films"))
    assert true_title(plan) == plan.title
    scratch = changed(plan, "network.start.kind", "scratch")
    assert true_title(scratch) == own_title(scratch) == "Ward 3: MobileNetV2, standard, from scratch"
    assert true_title(changed(scratch, "title", "What I call it")) == "What I call it"
