"""One run in two processes under torchrun: the same step as one process makes, through the loss of either of them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image
from safetensors.numpy import load_file

from training.events import EpochDone, Failed, Finished, RunEvent, Saved, Stopped, Told
from training.run_dir import HEARTBEAT, RunDir

MAIN = Path(__file__).parents[2] / "main.py"
# What depends on the number of processes is left out: changes of films, dropout, batch norm that learns.
PLAN = [
    *("--backbone", "tiny", "--recipe", "standard"),
    *("--set", "network.start.kind=scratch", "--set", "network.keep_norm=true", "--set", "network.frozen_share=0"),
    *("--set", "preprocess.size_px=32", "--set", "learning.epochs=6", "--set", "learning.batch=9"),
    *("--set", "data.validation_share=0.3", "--set", "threads=1", "--set", "augment=null", "--set", "name=together"),
]


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("films")
    rng = np.random.default_rng(5)
    for number in range(60):
        label = "SQUARE" if number % 2 else "NORMAL"
        pixels = rng.integers(60, 120, (48, 48)).astype(np.uint8)
        if label == "SQUARE":
            pixels[10:20, 12:24] = 220
        (folder / label).mkdir(exist_ok=True)
        Image.fromarray(pixels).save(folder / label / f"person{number}_film.png")
    return folder


@pytest.fixture
def started() -> Iterator[list[subprocess.Popen[str]]]:
    """Whatever is put here ends with the test."""
    found: list[subprocess.Popen[str]] = []
    yield found
    for process in found:
        if process.poll() is None:
            process.terminate()  # torchrun ends its own
            process.communicate(timeout=60)


def start(folder: Path, run: Path, films: Path, *, processes: int, restarts: int = 0) -> subprocess.Popen[str]:
    program = [sys.executable]
    if processes > 1:
        program += ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(processes)]
        # Behind the two dashes torchrun does not take --run for one of its own.
        program += ["--max-restarts", str(restarts), "--monitor-interval", "0.2", "--"]
    arguments = ["train", "--run", str(run), "--models", str(folder / "models"), "--data", str(films), "--resume"]
    return subprocess.Popen(
        [*program, str(MAIN), *arguments, *PLAN],
        env={**os.environ, "NEGATOSCOPE_DATA": str(folder / "data")},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def ended(process: subprocess.Popen[str]) -> int:
    try:
        process.communicate(timeout=240)
    finally:
        process.kill()
    return process.returncode


def weights_of(run: Path) -> dict[str, npt.NDArray[np.float32]]:
    finished = RunDir(run).finished
    assert finished is not None
    return dict(load_file(Path(finished.bundle) / "weights.safetensors"))


def wait_for(run: RunDir, wanted: Callable[[list[RunEvent]], bool], process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + 120
    while not wanted(run.events()[0]):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.01)


def starts(events: list[RunEvent]) -> int:
    """How often the films were read: after that, a paused run rests."""
    return sum(isinstance(event, Told) and "list of films" in event.words for event in events)


def workers(process: subprocess.Popen[str]) -> list[int]:
    """The processes that torchrun started, by their ids."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    if not children.exists():
        pytest.skip("this system does not say which processes another one started")
    return [int(word) for word in children.read_text(encoding="ascii").split()]


def test_two_processes_make_the_steps_of_one(films: Path, tmp_path: Path, started: list[subprocess.Popen[str]]) -> None:
    """And one bundle, through the loss of the second process, then of the first, each in the middle of the run."""
    assert ended(start(tmp_path, tmp_path / "alone", films, processes=1)) == 0
    run = RunDir(tmp_path / "run")
    process = start(tmp_path, run.path, films, processes=2, restarts=4)
    started.append(process)
    wait_for(run, lambda events: any(isinstance(event, Saved) and event.step > 0 for event in events), process)
    run.pause(wanted=True)  # it holds still to be hit
    first = int((run.path / HEARTBEAT).read_text(encoding="ascii").split()[0])
    os.kill(next(pid for pid in workers(process) if pid != first), signal.SIGKILL)
    wait_for(run, lambda events: starts(events) == 2, process)
    os.kill(int((run.path / HEARTBEAT).read_text(encoding="ascii").split()[0]), signal.SIGKILL)
    wait_for(run, lambda events: starts(events) == 3, process)
    run.pause(wanted=False)
    assert ended(process) == 0
    events = run.events()[0]
    assert [event.epoch for event in events if isinstance(event, EpochDone)] == list(range(6))
    assert sum(isinstance(event, Finished) for event in events) == 1
    alone, together = weights_of(tmp_path / "alone"), weights_of(run.path)
    assert alone.keys() == together.keys()
    for name, value in alone.items():
        np.testing.assert_allclose(together[name], value, atol=2e-5, rtol=1e-4, err_msg=name)


def test_a_stopped_run_that_loses_a_process_rests(films: Path, tmp_path: Path) -> None:
    """torchrun begins it anew, since it can't know that it was stopped on purpose."""
    run = RunDir(tmp_path / "run")
    process = start(tmp_path, run.path, films, processes=1)
    wait_for(run, lambda events: starts(events) > 0, process)
    run.ask("cancel")
    assert ended(process) != 0
    before = run.events()[0]
    as_restarted = {"RANK": "0", "LOCAL_RANK": "0", "WORLD_SIZE": "2", "LOCAL_WORLD_SIZE": "2"}
    as_restarted["TORCHELASTIC_RESTART_COUNT"] = "1"
    with pytest.MonkeyPatch.context() as patch:
        for name, value in as_restarted.items():
            patch.setenv(name, value)
        assert ended(start(tmp_path, run.path, films, processes=1)) == 0
    assert run.events()[0] == before
    assert run.wish() == "cancel"


def test_a_stopped_run_is_not_started_again(films: Path, tmp_path: Path, started: list[subprocess.Popen[str]]) -> None:
    run = RunDir(tmp_path / "run")
    process = start(tmp_path, run.path, films, processes=2, restarts=3)
    started.append(process)
    wait_for(run, lambda events: starts(events) > 0, process)
    run.ask("cancel")
    assert ended(process) == 0
    events = run.events()[0]
    assert starts(events) == 1
    assert any(isinstance(event, Stopped) for event in events)
    assert not any(isinstance(event, Failed) for event in events)
