"""A grid of runs from the command line: killed, gone on with, and one table at the end."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image

from inference.bundles.bundle import ModelBundle, read_bundle
from tests.e2e.training_process import ended, finished, start_training, wait_for
from tests.square_films import write_square_films
from training.plan import DataPlan, PlanError
from training.recipes import TWELVE
from training.running.events import EpochDone, Finished, Step
from training.running.grid import grid_cells, read_grid
from training.running.run_dir import RunDir

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
    return write_square_films(tmp_path_factory.mktemp("films"), 48, square_px=9)


def written(tmp_path: Path, **changes: object) -> str:
    path = tmp_path / "grid.json"
    path.write_text(json.dumps(GRID | changes), encoding="utf-8")
    return str(path)


def test_a_killed_grid_goes_on_and_ends_in_one_table(films: Path, tmp_path: Path) -> None:
    """Cells that differ only in the measure share a training, and have the weights that they would have alone."""
    arguments = ["--data", str(films), "--grid", written(tmp_path)]
    folder = tmp_path / "grid"
    process = start_training(tmp_path, folder, *arguments)
    begun = RunDir(folder / "tiny-mild-loss")
    wait_for(begun, lambda events: any(isinstance(event, Step) for event in events), process)
    process.kill()  # what it started goes on by itself, and is waited for
    ended(process)
    assert not (folder / "grid.md").exists()
    done = ended(start_training(tmp_path, folder, *arguments))
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
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
    assert ended(start_training(tmp_path, alone, "--plan", plan)).returncode == 0
    first, second = (bundle_of(run) for run in (folder / "tiny-mild-accuracy", alone))
    assert first.weights_sha256 == second.weights_sha256
    assert picked(alone) == picked(folder / "tiny-mild-accuracy") != picked(folder / "tiny-mild-loss")
    assert first.weights_sha256 != bundle_of(folder / "tiny-mild-loss").weights_sha256
    again = ended(start_training(tmp_path, folder, *arguments))
    assert again.stdout.count("finished before") == 2, "nothing is trained twice"


def bundle_of(run: Path) -> ModelBundle:
    return read_bundle(Path(finished(run).bundle))


def picked(run: Path) -> list[tuple[int, float, bool]]:
    events = [event for event in RunDir(run).events()[0] if isinstance(event, EpochDone)]
    return [(event.epoch, event.picked, event.is_best) for event in events]


def test_a_run_that_fails_holds_up_no_other(films: Path, tmp_path: Path) -> None:
    grid = written(tmp_path, augment=["none"], pick=["auc"], backbones=["tiny", "tiny_fine"])
    arguments = ["--data", str(films), "--grid", grid, "--jobs", "2"]
    folder = tmp_path / "grid"
    (folder / "tiny-none-auc" / "lock").mkdir(parents=True)  # nobody can own this run
    done = ended(start_training(tmp_path, folder, *arguments))
    assert done.returncode == 3
    assert "tinyfine-none-auc: finished" in done.stdout
    table = (folder / "grid.md").read_text(encoding="utf-8")
    assert "Not finished:\n\n- tiny-none-auc: The folder of the run can't be written." in table
    assert f"| {films.name}-tinyfine-none-auc@1 (validation) |" in table


def test_the_twelve_are_a_grid_of_six_trainings(tmp_path: Path) -> None:
    from training.running.grid_run import GridRun

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
