"""One run in two processes under torchrun: the same step as one process makes, through the loss of either of them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from safetensors.numpy import load_file

from tests.e2e.training_process import TINY, ended, finished, start_training, wait_for
from tests.square_films import write_square_films
from training.running.events import EpochDone, Failed, Finished, RunEvent, Saved, Stopped, Told
from training.running.run_dir import HEARTBEAT, RunDir

# What depends on the number of processes is left out: changes of films, dropout, batch norm that learns.
PLAN = [
    *(*TINY, "--set", "network.keep_norm=true", "--set", "learning.epochs=6", "--set", "learning.batch=9"),
    *("--set", "augment=null", "--set", "name=together"),
]


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_square_films(tmp_path_factory.mktemp("films"), 60)


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
    return start_training(folder, run, "--data", str(films), "--resume", *PLAN, program=program)


def weights_of(run: Path) -> dict[str, npt.NDArray[np.float32]]:
    return dict(load_file(Path(finished(run).bundle) / "weights.safetensors"))


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
    assert ended(start(tmp_path, tmp_path / "alone", films, processes=1)).returncode == 0
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
    assert ended(process).returncode == 0
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
    assert ended(process).returncode != 0
    before = run.events()[0]
    as_restarted = {"RANK": "0", "LOCAL_RANK": "0", "WORLD_SIZE": "2", "LOCAL_WORLD_SIZE": "2"}
    as_restarted["TORCHELASTIC_RESTART_COUNT"] = "1"
    with pytest.MonkeyPatch.context() as patch:
        for name, value in as_restarted.items():
            patch.setenv(name, value)
        assert ended(start(tmp_path, run.path, films, processes=1)).returncode == 0
    assert run.events()[0] == before
    assert run.wish() == "cancel"


def test_a_stopped_run_is_not_started_again(films: Path, tmp_path: Path, started: list[subprocess.Popen[str]]) -> None:
    run = RunDir(tmp_path / "run")
    process = start(tmp_path, run.path, films, processes=2, restarts=3)
    started.append(process)
    wait_for(run, lambda events: starts(events) > 0, process)
    run.ask("cancel")
    assert ended(process).returncode == 0
    events = run.events()[0]
    assert starts(events) == 1
    assert any(isinstance(event, Stopped) for event in events)
    assert not any(isinstance(event, Failed) for event in events)
