"""Films, disks and folders that go wrong under a run: one sentence each, and nothing that was learnt is lost."""

from __future__ import annotations

import argparse
import io
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from imaging.progress import CancelToken
from inference.scoring.preprocess import PreprocessSpec
from tests.runs import begun, judging, noise_films, plan_for, saved, state_of, trained, why_failed
from training.films.cache import cached_films
from training.films.data_error import DataError
from training.films.manifest import read_manifest
from training.plan import plan_text
from training.running.events import Told
from training.running.run_dir import EVENTS, HEARTBEAT, PLAN, RunDir, RunError
from training.running.worker import train
from training.train_command import USAGE, add_arguments
from training.train_command import run as run_command


@pytest.fixture
def films(tmp_path: Path) -> Path:
    return noise_films(tmp_path / "films")


def one_film_of_a_class(films: Path) -> Path:
    for path in sorted((films / "SICK").iterdir())[1:]:
        path.unlink()
    return films


def one_class(films: Path) -> Path:
    for path in (films / "SICK").iterdir():
        path.unlink()
    return films


def csv(films: Path, row: Callable[[int, Path], str]) -> Path:
    table = films.parent / "films.csv"
    rows = [row(number, path) for number, path in enumerate(sorted(films.glob("*/*.png")))]
    table.write_text("\n".join(["path,label,patient", *rows]), encoding="utf-8")
    return table


WRONG_DATA: dict[str, tuple[Callable[[Path], Path], str]] = {
    "all films of one class": (one_class, "There are not two classes of films"),
    "a class folder with one film": (
        one_film_of_a_class,
        r"In the (training|validation) part [01] of \d+ films show SICK, and the others do not; it needs 2 of each at",
    ),
    "one label": (lambda films: csv(films, lambda n, path: f"{path},SICK,{n}"), "There are not two classes of films"),
    "labels and patients changed over": (
        lambda films: csv(films, lambda n, path: f"{path},patient {n},{path.parent.name}"),
        r"Nearly every film has a label of its own \(40 labels, 40 films\)",
    ),
    "labels and paths changed over": (
        lambda films: csv(films, lambda n, path: f"{path.parent.name},{path},{n}"),
        "None of the 40 files can be read as films",
    ),
}


@pytest.mark.parametrize("name", WRONG_DATA)
def test_wrong_labels_are_one_sentence(name: str, films: Path, tmp_path: Path) -> None:
    spoil, sentence = WRONG_DATA[name]
    run = RunDir(tmp_path / "run")
    run.create(plan_for(spoil(films)))
    with pytest.raises(DataError, match=sentence) as caught:
        train(run, tmp_path / "models")
    assert why_failed(run) == caught.value.message


def test_a_film_that_vanishes_before_it_is_decoded_leaves_no_black_film_behind(films: Path, tmp_path: Path) -> None:
    listed = read_manifest(films).films
    spec, cache = PreprocessSpec(size_px=32), tmp_path / "cache"
    listed[3].path.rename(tmp_path / "away.png")
    with pytest.raises(DataError, match="any more since the films were listed"):
        cached_films(listed, spec, CancelToken(), folder=cache)
    (tmp_path / "away.png").rename(listed[3].path)
    assert cached_films(listed, spec, CancelToken(), folder=cache).readable.all()


@pytest.mark.parametrize("rubbish", [False, True])
def test_a_film_written_anew_before_it_is_decoded_does_not_pass_for_the_old_one(
    rubbish: bool, films: Path, tmp_path: Path
) -> None:
    listed = read_manifest(films).films
    spec, cache, path = PreprocessSpec(size_px=32), tmp_path / "cache", listed[3].path
    before = path.read_bytes()
    path.write_bytes(b"no film" if rubbish else listed[4].path.read_bytes())
    with pytest.raises(DataError, match="written anew while the films were being read"):
        cached_films(listed, spec, CancelToken(), folder=cache)
    path.write_bytes(before)
    found = cached_films(listed, spec, CancelToken(), folder=cache)
    assert found.readable.all()
    assert not np.array_equal(found.films[3], found.films[4])


def another_film(films: Path) -> Callable[[], None]:
    path = next((films / "SICK").iterdir())
    before = path.read_bytes()
    Image.fromarray(np.random.default_rng(9).integers(0, 255, (40, 40), np.uint8)).save(path)
    return lambda: _write(path, before)


def another_label(films: Path) -> Callable[[], None]:
    path = next((films / "SICK").iterdir())
    elsewhere = path.rename(films / "NORMAL" / path.name)
    return lambda: _rename(elsewhere, path)


def a_film_less(films: Path) -> Callable[[], None]:
    path = next((films / "SICK").iterdir())
    before = path.read_bytes()
    path.unlink()
    return lambda: _write(path, before)


def _write(path: Path, content: bytes) -> None:
    path.write_bytes(content)


def _rename(path: Path, to: Path) -> None:
    path.rename(to)


@pytest.mark.parametrize("change", [another_film, another_label, a_film_less])
def test_films_that_changed_since_the_run_began_are_told(
    change: Callable[[Path], Callable[[], None]], films: Path, tmp_path: Path
) -> None:
    run = begun(tmp_path / "run", films, saved)
    before = state_of(run)
    put_back = change(films)
    with pytest.raises(RunError, match="The films have changed since this run began"):
        train(run, tmp_path / "models")
    assert "put them back" in why_failed(run)
    assert state_of(run) == before
    put_back()
    assert trained(run, tmp_path / "models").card.data.films == 28
    whole = begun(tmp_path / "whole", films, judging)
    assert state_of(run) == state_of(whole)


def test_films_may_change_until_something_is_learnt(films: Path, tmp_path: Path) -> None:
    run = begun(tmp_path / "run", films, lambda event: isinstance(event, Told))
    a_film_less(films)
    assert trained(run, tmp_path / "models").card.data.films < 28


def command(run: Path, **options: Any) -> tuple[int, str]:
    """The status of `train` and what it says of its errors."""
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    words = argparse.Namespace(**{**vars(parser.parse_args(["--run", str(run)])), **options, "run": run})
    err = io.StringIO()
    return run_command(words, io.StringIO(), err), err.getvalue()


def test_a_sleeping_machine_keeps_its_run(films: Path, tmp_path: Path) -> None:
    """It looks dead, but whoever takes it over is told, and takes back nothing that was wished of it."""
    run = RunDir(tmp_path / "run")
    run.create(plan_for(films))
    code = (
        "import sys, pathlib; from training.running.run_dir import RunDir\n"
        "with RunDir(pathlib.Path(sys.argv[1])).locked(): print('mine', flush=True); sys.stdin.read()"
    )
    sleeper = subprocess.Popen(
        [sys.executable, "-c", code, str(run.path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert sleeper.stdout is not None
    assert sleeper.stdout.readline() == "mine\n"
    (run.path / HEARTBEAT).write_text(f"{sleeper.pid} {time.time() - 3600:.1f}\n", encoding="ascii")
    run.ask("keep")
    run.pause(wanted=True)
    try:
        assert not run.is_alive()
        assert command(run.path, resume=True) == (USAGE, "This run is being trained already.\n")
        with pytest.raises(RunError, match="being trained already"):
            train(run, tmp_path / "models")
    finally:
        sleeper.communicate()
    assert (run.wish(), run.is_paused) == ("keep", True)
    assert not (run.path / EVENTS).exists()


def test_another_run_in_the_folder_is_left_alone(films: Path, tmp_path: Path) -> None:
    run = RunDir(tmp_path / "run")
    run.create(plan_for(films))
    assert command(run.path, data=films) == (
        USAGE,
        "Another training run lies in this folder; resume it, or choose another folder.\n",
    )
    assert run.plan() == plan_for(films)


def test_a_plan_of_a_newer_version_is_told(films: Path, tmp_path: Path) -> None:
    newer = plan_text(plan_for(films)).replace('"schema": 1', '"schema": 2')
    (tmp_path / "run").mkdir()
    cases: list[tuple[Path, dict[str, Any]]] = [
        (tmp_path / "newer.json", {"plan": tmp_path / "newer.json"}),
        (tmp_path / "run" / PLAN, {"resume": True}),
    ]
    for place, options in cases:
        place.write_text(newer, encoding="utf-8")
        assert command(tmp_path / "run", **options) == (
            USAGE,
            "The training plan was made by a newer Negatoscope; update the program to use it.\n",
        )
