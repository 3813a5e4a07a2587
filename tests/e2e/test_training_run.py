"""A training run from the command line, as a user runs it: to a bundle, through a kill, and compared."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from inference.bundle import read_bundle
from inference.models_verify import verify
from training.events import EpochDone, Failed, Finished, Saved
from training.run_dir import RunDir

MAIN = Path(__file__).parents[2] / "main.py"
# The tiny network on small films: what is tried is the run, not the network.
SMALL = [
    *("--backbone", "tiny", "--recipe", "standard"),
    *("--set", "network.start.kind=scratch", "--set", "network.keep_norm=false", "--set", "network.frozen_share=0"),
    *("--set", "preprocess.size_px=32", "--set", "learning.epochs=3", "--set", "learning.batch=8"),
    *("--set", "data.validation_share=0.3", "--set", "data.test_share=0.2", "--set", "threads=1"),
]


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Noise, with a bright square in the class SQUARE; two films a patient."""
    folder = tmp_path_factory.mktemp("films")
    rng = np.random.default_rng(5)
    for number in range(68):  # too few for a gate, which would take longer than the rest
        label = "SQUARE" if number % 4 >= 2 else "NORMAL"
        pixels = rng.integers(60, 120, (48, 48)).astype(np.uint8)
        if label == "SQUARE":
            y, x = rng.integers(8, 30, 2)
            pixels[y : y + 10, x : x + 10] = 220
        (folder / label).mkdir(exist_ok=True)
        Image.fromarray(pixels).save(folder / label / f"person{number // 2}_film_{number}.png")
    return folder


def environment(tmp_path: Path) -> dict[str, str]:
    return {**os.environ, "NEGATOSCOPE_DATA": str(tmp_path / "data")}


def train(tmp_path: Path, run: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(MAIN), "train", "--run", str(run), "--models", str(tmp_path / "models"), *arguments],
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def test_a_killed_run_ends_in_the_same_bundle(films: Path, tmp_path: Path) -> None:
    """Equal weights, to the bit, and scores in `screen` that equal those of training; then both runs are compared."""
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    done = train(tmp_path, whole, "--data", str(films), *SMALL)
    assert done.returncode == 0, done.stderr
    assert "Validation part: The validation part is small" in done.stdout
    _start_and_kill(films, tmp_path, broken)
    assert not any(isinstance(event, Finished) for event in RunDir(broken).events()[0])
    again = train(tmp_path, broken, "--resume")
    assert again.returncode == 0, again.stderr
    events = RunDir(broken).events()[0]
    assert [event.epoch for event in events if isinstance(event, EpochDone)] == [0, 1, 2]
    first, second = (read_bundle(Path(_finished(run).bundle)) for run in (whole, broken))
    assert first.weights_sha256 == second.weights_sha256
    assert (first.card.version, second.card.version) == (1, 2)
    assert verify(second).grad_cam <= 1e-4
    third = train(tmp_path, broken, "--resume")
    assert (third.returncode, "This run is finished" in third.stderr) == (2, True)
    _check_scores(films, tmp_path, broken)
    _check_comparison(tmp_path, whole, broken)


def _start_and_kill(films: Path, tmp_path: Path, run: Path) -> None:
    """Start a run and kill it as soon as its first epoch is saved."""
    arguments = ["train", "--run", str(run), "--models", str(tmp_path / "models"), "--data", str(films), *SMALL]
    worker = subprocess.Popen(
        [sys.executable, str(MAIN), *arguments], env=environment(tmp_path), stdout=subprocess.DEVNULL
    )
    try:
        deadline = time.monotonic() + 120
        while not any(isinstance(event, Saved) and event.step > 0 for event in RunDir(run).events()[0]):
            assert worker.poll() is None, "the worker ended by itself"
            assert time.monotonic() < deadline
            time.sleep(0.01)
        worker.send_signal(signal.SIGKILL if hasattr(signal, "SIGKILL") else signal.SIGTERM)
    finally:
        worker.kill()
        worker.wait()


def _finished(run: Path) -> Finished:
    return next(event for event in RunDir(run).events()[0] if isinstance(event, Finished))


def _check_scores(films: Path, tmp_path: Path, run: Path) -> None:
    out = tmp_path / "lines.jsonl"
    model = _finished(run).bundle
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
    bundle = read_bundle(Path(_finished(tmp_path / "run").bundle))
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
    done = train(tmp_path, tmp_path / "run", "--data", str(tmp_path / "films"), *SMALL)
    assert done.returncode == 3
    assert "films of SICK" in done.stderr
    assert any(isinstance(event, Failed) for event in RunDir(tmp_path / "run").events()[0])
