"""Films, disks and folders that go wrong under a run: one sentence each, and nothing that was learnt is lost."""

from __future__ import annotations

import argparse
import dataclasses
import io
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from imaging.errors import NegatoscopeError
from imaging.progress import Cancelled, CancelToken
from inference.preprocess import PreprocessSpec
from tests.runs import BrokenOff, trained
from training.augment_spec import AugmentSpec
from training.cache import cached_films
from training.checkpoint import BEST, STATE, CheckpointError
from training.events import Failed, RunEvent, Saved, Told
from training.manifest import DataError, read_manifest
from training.plan import DataPlan, LearningPlan, NetworkPlan, StartPlan, TrainingPlan, plan_text
from training.run_dir import EVENTS, HEARTBEAT, PLAN, RunDir, RunError
from training.train_command import USAGE, add_arguments
from training.train_command import run as run_command
from training.worker import train

Break = Callable[[RunEvent], bool]


@pytest.fixture
def films(tmp_path: Path) -> Path:
    """Noise, the ill of it brighter; every film of a patient of its own."""
    folder = tmp_path / "films"
    rng = np.random.default_rng(7)
    for number in range(40):
        label = ("NORMAL", "SICK")[number % 2]
        (folder / label).mkdir(parents=True, exist_ok=True)
        pixels = rng.integers(30 + 60 * (label == "SICK"), 120, (40, 40)).astype(np.uint8)
        Image.fromarray(pixels).save(folder / label / f"film {number}.png")
    return folder


def plan_for(source: Path) -> TrainingPlan:
    return TrainingPlan(
        name="trial",
        title="Trial",
        data=DataPlan(str(source), validation_share=0.3),
        preprocess=PreprocessSpec(size_px=32, mean=(0.5,), std=(0.25,)),
        network=NetworkPlan("tiny", StartPlan("scratch"), mode="full", frozen_share=0.0, keep_norm=False),
        learning=LearningPlan(epochs=3, batch=8),
        augment=AugmentSpec(),
    )


def begun(folder: Path, source: Path, at: Break) -> RunDir:
    """A run that was broken off at an event."""
    RunDir(folder).create(plan_for(source))
    with pytest.raises(Cancelled):
        train(BrokenOff(folder, at), folder.parent / "models")
    return RunDir(folder)


def saved(event: RunEvent) -> bool:
    return isinstance(event, Saved) and event.step > 0


def judging(event: RunEvent) -> bool:
    return isinstance(event, Told) and event.words.startswith("Judging the model")


def why_failed(run: RunDir) -> str:
    last = run.events()[0][-1]
    assert isinstance(last, Failed)
    return last.why


def state_of(run: RunDir) -> tuple[bytes, bytes]:
    return (run.checkpoint / STATE).read_bytes(), (run.checkpoint / BEST).read_bytes()


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


@contextmanager
def files_no_longer_than(limit: int) -> Iterator[None]:
    """As if the disk had no room for more: whatever this process writes behind this place of a file fails."""
    resource: Any = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@dataclasses.dataclass(frozen=True, slots=True)
class FillsUp(RunDir):
    """A run's folder on a disk that is full as soon as an event was told."""

    at: Break
    full: Callable[[], object]

    def append(self, event: RunEvent) -> None:
        RunDir.append(self, event)
        if self.at(event):
            self.full()


@pytest.mark.parametrize(
    ("at", "limit", "sentence"),
    [
        (saved, 20_000, "The run can't be saved: the disk may be full"),  # no checkpoint, but a line of events
        (saved, 0, "The run can't be written any further: the disk may be full"),
        (judging, 20_000, "the disk may be full; what was learnt is kept"),
    ],
)
def test_a_disk_that_fills_up_costs_nothing_that_was_learnt(
    at: Break, limit: int, sentence: str, films: Path, tmp_path: Path
) -> None:
    run = RunDir(tmp_path / "run")
    run.create(plan_for(films))
    with ExitStack() as stack:
        full = FillsUp(run.path, at, lambda: stack.enter_context(files_no_longer_than(limit)))
        with pytest.raises(NegatoscopeError, match=sentence) as caught:
            train(full, tmp_path / "models")
    assert isinstance(caught.value, RunError | CheckpointError)
    if limit:
        assert why_failed(run) == caught.value.message
    assert not list(run.path.rglob("*.part"))
    train(run, tmp_path / "models")
    whole = begun(tmp_path / "whole", films, judging)
    assert state_of(run) == state_of(whole)


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
        "import sys, pathlib; from training.run_dir import RunDir\n"
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
