"""A training run from the command line, as a user runs it: to a bundle, through a kill, and compared."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from inference.bundles.bundle import read_bundle
from inference.bundles.models_verify import verify
from tests.e2e.training_process import MAIN, SMALL, ended, environment, finished, start_training, wait_for
from tests.square_films import write_square_films
from training.running.events import EpochDone, Failed, Finished, Saved
from training.running.run_dir import RunDir

THREE = [*SMALL, "--set", "learning.epochs=3"]


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Noise, with a bright square in the class SQUARE; two films a patient. Where names are bytes, some are no text."""
    # Too few for a gate, which would take longer than the rest.
    folder = write_square_films(tmp_path_factory.mktemp("films"), 68, patient_has=2)
    if sys.platform == "linux":
        for film in sorted(folder.glob("*/*.png"))[::8]:
            film.rename(film.with_name(os.fsdecode(film.stem.encode() + b"\xff.png")))
    return folder


def train(tmp_path: Path, run: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return ended(start_training(tmp_path, run, *arguments))


def test_a_killed_run_ends_in_the_same_bundle(films: Path, tmp_path: Path) -> None:
    """Equal weights, to the bit, and scores in `screen` that equal those of training; then both runs are compared."""
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    done = train(tmp_path, whole, "--data", str(films), *THREE)
    assert done.returncode == 0, done.stderr
    assert "Validation part: The validation part is small" in done.stdout
    _start_and_kill(films, tmp_path, broken)
    assert not any(isinstance(event, Finished) for event in RunDir(broken).events()[0])
    again = train(tmp_path, broken, "--resume")
    assert again.returncode == 0, again.stderr
    events = RunDir(broken).events()[0]
    assert [event.epoch for event in events if isinstance(event, EpochDone)] == [0, 1, 2]
    first, second = (read_bundle(Path(finished(run).bundle)) for run in (whole, broken))
    assert first.weights_sha256 == second.weights_sha256
    assert (first.card.version, second.card.version) == (1, 2)
    assert verify(second).grad_cam <= 1e-4
    third = train(tmp_path, broken, "--resume")
    assert (third.returncode, "This run is finished" in third.stderr) == (2, True)
    _check_scores(films, tmp_path, broken)
    _check_comparison(tmp_path, whole, broken)


def _start_and_kill(films: Path, tmp_path: Path, run: Path) -> None:
    """Start a run and kill it as soon as its first epoch is saved."""
    worker = start_training(tmp_path, run, "--data", str(films), *THREE)
    try:
        wait_for(
            RunDir(run), lambda events: any(isinstance(event, Saved) and event.step > 0 for event in events), worker
        )
    finally:
        worker.kill()
        worker.communicate()


def _check_scores(films: Path, tmp_path: Path, run: Path) -> None:
    out = tmp_path / "lines.jsonl"
    model = finished(run).bundle
    subprocess.run(
        [sys.executable, str(MAIN), "screen", str(films), "--model", model, "--out", str(out), "--insist"],
        env=environment(tmp_path),
        check=True,
        capture_output=True,
    )
    scored = {Path(row["path"]).name: row["findings"][0]["probability"] for row in _lines(out)}
    predicted = _lines(run / "predictions.jsonl")
    assert {row["part"] for row in predicted} == {"validation", "test"}
    for row in predicted:
        assert row["probabilities"]["SQUARE"] == pytest.approx(scored[Path(row["path"]).name], abs=1e-4)


def _lines(path: Path) -> list[Any]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def _check_comparison(tmp_path: Path, *runs: Path) -> None:
    table = tmp_path / "table.md"
    done = subprocess.run(
        [sys.executable, str(MAIN), "compare", *map(str, runs), "--out", str(table)],
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    text = table.read_text(encoding="utf-8")
    assert "+0.0000 (+0.0000 to +0.0000) | 1.000 | 1.000 |" in text
    with Image.open(tmp_path / "table.png") as picture:
        assert picture.width > 600


def test_quick_training_starts_from_an_installed_model(films: Path, tmp_path: Path) -> None:
    done = train(
        tmp_path,
        tmp_path / "run",
        *(
            "--data",
            str(films),
            "--recipe",
            "quick",
            "--backbone",
            "tiny_fine",
            "--set",
            "network.start.bundle=practice",
        ),
        *("--set", "preprocess.size_px=64", "--set", "data.validation_share=0.3"),
    )
    assert done.returncode == 0, done.stderr
    bundle = read_bundle(Path(finished(tmp_path / "run").bundle))
    assert str(tmp_path) not in (bundle.location / "card.json").read_text(encoding="utf-8")
    assert bundle.card.start.kind == "bundle"
    assert bundle.card.metrics["SQUARE"]["auc"].value > 0.7


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([], "Name the films with --data"),
        (["--data", "nowhere"], "can't be found or read"),
        (["--data", "FILMS", "--recipe", "unheard-of"], "There is no recipe"),
        (["--data", "FILMS", "--backbone", "unheard-of"], "There is no backbone"),
        (["--data", "FILMS", "--set", "learning.epochs"], "not of the form key=value"),
        (["--plan", "nowhere.json"], "The training plan can't be read"),
        (
            ["--data", "FILMS", "--recipe", "sequential-cnn", "--set", "network.start.kind=downloaded"],
            "No weights are published",
        ),
        (["--resume"], "The training plan can't be read"),
    ],
)
def test_what_cannot_begin_is_one_sentence(films: Path, tmp_path: Path, arguments: list[str], sentence: str) -> None:
    done = train(tmp_path, tmp_path / "run", *(str(films) if word == "FILMS" else word for word in arguments))
    assert done.returncode in (2, 3)
    assert sentence in done.stderr
    assert done.stderr.count("\n") == 1


def test_one_film_in_a_class_is_told(tmp_path: Path) -> None:
    for label, count in (("NORMAL", 12), ("SICK", 1)):
        (tmp_path / "films" / label).mkdir(parents=True)
        for number in range(count):
            pixels = np.random.default_rng(number).integers(0, 255, (40, 40), np.uint8)
            Image.fromarray(pixels).save(tmp_path / "films" / label / f"{label} {number}.png")
    done = train(tmp_path, tmp_path / "run", "--data", str(tmp_path / "films"), *THREE)
    assert done.returncode == 3
    assert "films show SICK" in done.stderr
    assert any(isinstance(event, Failed) for event in RunDir(tmp_path / "run").events()[0])
