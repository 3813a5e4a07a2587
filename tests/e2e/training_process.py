"""Training runs as processes of their own, started from the command line as a user or the window starts them."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from training.running.events import Finished, RunEvent
from training.running.run_dir import RunDir

MAIN = Path(__file__).parents[2] / "main.py"
# The tiny network on small films: what is tried is the run, not the network.
TINY = [
    *("--backbone", "tiny", "--recipe", "standard"),
    *("--set", "network.start.kind=scratch", "--set", "network.frozen_share=0"),
    *("--set", "preprocess.size_px=32", "--set", "data.validation_share=0.3", "--set", "threads=1"),
]
SMALL = [*TINY, "--set", "network.keep_norm=false", "--set", "learning.batch=8", "--set", "data.test_share=0.2"]


def environment(folder: Path) -> dict[str, str]:
    """With the user's data in a folder of the test, and threads that wait without turning."""
    return {**os.environ, "NEGATOSCOPE_DATA": str(folder / "data"), "OMP_WAIT_POLICY": "PASSIVE"}


def start_training(
    folder: Path,
    run: Path,
    *arguments: str,
    models: Path | None = None,
    program: Sequence[str] = (sys.executable,),
    output: int = subprocess.PIPE,
) -> subprocess.Popen[str]:
    """`program` main.py train in the folder of a run; models go to `models` in the test's folder by themselves.

    A run that goes on while nobody reads what it says needs DEVNULL for its `output`, or it waits at a full pipe.
    """
    return subprocess.Popen(
        [*program, str(MAIN), "train", "--run", str(run), "--models", str(models or folder / "models"), *arguments],
        env=environment(folder),
        stdout=output,
        stderr=output,
        text=True,
    )


def ended(process: subprocess.Popen[str]) -> subprocess.CompletedProcess[str]:
    """Its status and what it said, once it has ended."""
    try:
        out, err = process.communicate(timeout=300)
    finally:
        process.kill()
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


def wait_for(run: RunDir, wanted: Callable[[list[RunEvent]], bool], process: subprocess.Popen[str]) -> None:
    """Until the run has told what is wanted."""
    deadline = time.monotonic() + 120
    while not wanted(run.events()[0]):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.01)


def finished(run: Path) -> Finished:
    """How a run ended that came to its end."""
    found = RunDir(run).finished
    assert found is not None
    return found
