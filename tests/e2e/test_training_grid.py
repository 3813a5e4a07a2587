"""A grid of runs from the command line: killed, gone on with, and one table at the end."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from inference.bundle import ModelBundle, read_bundle
from training.events import EpochDone, Finished, Step
from training.grid import grid_cells, read_grid
from training.plan import DataPlan, PlanError
from training.recipes import TWELVE
from training.run_dir import RunDir

MAIN = Path(__file__).parents[2] / "main.py"
GRID = {
    "backbones": ["tiny"],
    "augment": ["mild"],
    "pick": ["loss", "accuracy"],
    "fields": {
        "network.start.kind": "scratch",
        "network.keep_norm": False,
        "network.frozen_share": 0.0,
        "preprocess.size_px": 32,
        "learning.batch": 8,
        "learning.epochs": 5,
        "learning.rate": 3e-3,
        "learning.average_over_steps": 0,
        "choice.call_at": 0.2,
        "data.validation_share": 0.4,
    },
}


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Noise, with a bright square in the class SQUARE: the loss is lowest while every film is still called ill."""
    folder = tmp_path_factory.mktemp("films")
    rng = np.random.default_rng(5)
    for number in range(48):
        label = "SQUARE" if number % 2 else "NORMAL"
        pixels = rng.integers(60, 120, (48, 48)).astype(np.uint8)
        if label == "SQUARE":
            y, x = rng.integers(8, 30, 2)
            pixels[y : y + 9, x : x + 9] = 220
        (folder / label).mkdir(exist_ok=True)
        Image.fromarray(pixels).save(folder / label / f"person{number}_film.png")
    return folder


def start(tmp_path: Path, run: Path, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, str(MAIN), "train", "--run", str(run), "--models", str(tmp_path / "models"), *arguments],
        env={**os.environ, "NEGATOSCOPE_DATA": str(tmp_path / "data")},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def ended(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    try:
        out, err = process.communicate(timeout=280)
    finally:
        process.kill()
    return process.returncode, out, err


def written(tmp_path: Path, **changes: object) -> str:
    path = tmp_path / "grid.json"
    path.write_text(json.dumps(GRID | changes), encoding="utf-8")
    return str(path)


def test_a_killed_grid_goes_on_and_ends_in_one_table(films: Path, tmp_path: Path) -> None:
    """Cells that differ only in the measure share a training, and have the weights that they would have alone."""
    arguments = ["--data", str(films), "--grid", written(tmp_path)]
    folder = tmp_path / "grid"
    process = start(tmp_path, folder, *arguments)
    deadline = time.monotonic() + 120
    while not any(isinstance(event, Step) for event in RunDir(folder / "tiny-mild-loss").events()[0]):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.02)
    process.kill()  # what it started goes on by itself, and is waited for
    ended(process)
    assert not (folder / "grid.md").exists()
    status, out, err = ended(start(tmp_path, folder, *arguments))
    assert (status, err) == (0, ""), out
    names = ["tiny-mild-loss", "tiny-mild-accuracy"]
    table = (folder / "grid.md").read_text(encoding="utf-8")
    rows = [line for line in table.splitlines() if line.startswith(f"| {films.name}-tiny")]
    shown = [row.split(" | ")[0].removeprefix(f"| {films.name}-") for row in rows[:2]]
    assert shown == [f"{name}@1 (validation)" for name in names]
    assert "p (DeLong)" in table
    with Image.open(folder / "grid.png") as picture:
        assert picture.width > 600
    for name in names:
        assert sum(isinstance(event, Finished) for event in RunDir(folder / name).events()[0]) == 1
    assert "Trained together with tiny-mild-loss" in (folder / "tiny-mild-accuracy" / "events.jsonl").read_text()
    alone = tmp_path / "alone"
    plan = str(folder / "tiny-mild-accuracy" / "plan.json")
    assert ended(start(tmp_path, alone, "--plan", plan))[0] == 0
    first, second = (bundle_of(run) for run in (folder / "tiny-mild-accuracy", alone))
    assert first.weights_sha256 == second.weights_sha256
    assert picked(alone) == picked(folder / "tiny-mild-accuracy") != picked(folder / "tiny-mild-loss")
    assert first.weights_sha256 != bundle_of(folder / "tiny-mild-loss").weights_sha256
    again = ended(start(tmp_path, folder, *arguments))
    assert again[1].count("finished before") == 2, "nothing is trained twice"


def bundle_of(run: Path) -> ModelBundle:
    finished = RunDir(run).finished
    assert finished is not None
    return read_bundle(Path(finished.bundle))


def picked(run: Path) -> list[tuple[int, float, bool]]:
    events = [event for event in RunDir(run).events()[0] if isinstance(event, EpochDone)]
    return [(event.epoch, event.picked, event.is_best) for event in events]


def test_a_run_that_fails_holds_up_no_other(films: Path, tmp_path: Path) -> None:
    grid = written(tmp_path, augment=["none"], pick=["auc"], backbones=["tiny", "tiny_fine"])
    arguments = ["--data", str(films), "--grid", grid, "--jobs", "2"]
    folder = tmp_path / "grid"
    (folder / "tiny-none-auc" / "lock").mkdir(parents=True)  # nobody can own this run
    status, out, _ = ended(start(tmp_path, folder, *arguments))
    assert status == 3
    assert "tinyfine-none-auc: finished" in out
    table = (folder / "grid.md").read_text(encoding="utf-8")
    assert "Not finished:\n\n- tiny-none-auc: The folder of the run can't be written." in table
    assert f"| {films.name}-tinyfine-none-auc@1 (validation) |" in table


def test_the_twelve_are_a_grid_of_six_trainings(tmp_path: Path) -> None:
    from training.grid_run import GridRun

    cells = grid_cells("twelve", DataPlan("films"), "films")
    assert [cell.plan.recipe for cell in cells] == [recipe.name for recipe in TWELVE]
    grid = GridRun(tmp_path / "grid", cells)
    grid.create()
    also = sorted((tmp_path / "grid").glob("*/also.json"))
    assert len(also) == 6
    assert json.loads((tmp_path / "grid" / "vgg16-plain-accuracy" / "also.json").read_bytes()) == ["vgg16-plain-recall"]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("[]", "This is no grid of runs"),
        ("{", "This is no grid of runs"),
        ("{}", "The grid is empty"),
        ('{"backbones": ["tiny"], "unheard": 1}', "has unknown"),
        ('{"backbones": ["tiny"], "augment": ["wild"]}', "is none of"),
        ('{"backbones": ["unheard-of"]}', "There is no backbone"),
        ('{"backbones": ["tiny"], "fields": {"learning.unheard": 1}}', "has no field"),
    ],
)
def test_what_is_no_grid_is_one_sentence(tmp_path: Path, content: str, sentence: str) -> None:
    path = tmp_path / "grid.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(PlanError, match=sentence):
        grid_cells(str(path), DataPlan("films"), "films")
    with pytest.raises(PlanError, match="There is no grid"):
        read_grid(tmp_path / "nowhere.json")
