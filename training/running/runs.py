"""The runs of this user: where their folders lie, and the processes that carry them out."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

from imaging.paths import user_data_dir
from training.plan import TrainingPlan
from training.running.run_dir import LOG, PLAN, RunDir, RunError
from training.running.turn import queue_now

FOLDER = "runs"
CONSOLE = "negatoscope-cli"  # packaging/negatoscope.spec
# PyInstaller's word for a child that is a program of its own and not a worker of this one.
_OF_ITS_OWN = {"OMP_WAIT_POLICY": "PASSIVE", "PYINSTALLER_RESET_ENVIRONMENT": "1"}
_MAIN = Path(__file__).resolve().parents[2] / "main.py"


def runs_folder() -> Path:
    """Where the window puts runs. Raises OSError where the user's data folder can't be made."""
    folder = user_data_dir() / FOLDER
    folder.mkdir(exist_ok=True)
    return folder


def known_runs() -> tuple[Path, ...]:
    """The folders of all runs of this user, the newest first. Raises OSError."""
    places = [place for place in runs_folder().iterdir() if (place / PLAN).exists()]
    return tuple(sorted(places, key=lambda place: ((place / PLAN).stat().st_mtime, place.name), reverse=True))


def new_run(plan: TrainingPlan) -> RunDir:
    """A folder of its own for a plan, named after the day and the plan. Raises RunError."""
    name = re.sub(r"[^a-z0-9]+", "-", plan.name.casefold()).strip("-")[:40] or "run"
    stem = f"{time.strftime('%Y-%m-%d')}-{name}"
    try:
        folder = runs_folder()
        for number in range(1, 10_000):
            place = folder / (stem if number == 1 else f"{stem}-{number}")
            try:
                place.mkdir()
            except FileExistsError:
                continue
            run = RunDir(place)
            run.create(plan)
            return run
    except OSError as error:
        raise RunError("The folder of the run can't be written.", detail=type(error).__name__) from error
    raise RunError("There are too many runs of this name.")


def launch(run: Path, *, download: bool = False) -> int:
    """Start, or go on with, a run in a process of its own that outlives this one. Returns its process id.

    It waits for the runs that were started before it. `download`: the user agreed to fetch starting weights.
    Raises RunError.
    """
    arguments = ["train", "--run", str(run), "--resume", "--background", *(["--download"] if download else [])]
    try:
        _forget_wishes(RunDir(run))
        queue_now(run)
        RunDir(run).beat()  # it counts as alive from now on, while its process is still coming up
        with (run / LOG).open("ab") as log:
            child = subprocess.Popen(
                [*program(), *arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=run,
                env={**os.environ, **_OF_ITS_OWN},
                close_fds=True,
                start_new_session=True,
                creationflags=_flags(),
            )
    except OSError as error:
        raise RunError("The process of the run could not be started.", detail=str(error)) from error
    child.returncode = 0  # nobody waits for it here: it outlives this process, and its folder tells how it ended
    return child.pid


def _forget_wishes(run: RunDir) -> None:
    """What was wished of the run when it was trained last. The new process forgets nothing: its reader may have wished
    something before it came up. A run that is being trained is left alone.
    """
    with suppress(RunError), run.locked():
        run.ask("")
        run.pause(wanted=False)


def program() -> list[str]:
    """How the program's commands are called: frozen the executable that has its streams, which the window's has not on
    Windows; else the interpreter and `main.py`.
    """
    if not hasattr(sys, "frozen"):
        return [sys.executable, str(_MAIN)]
    console = Path(sys.executable).with_name(CONSOLE + Path(sys.executable).suffix)
    return [str(console) if console.exists() else sys.executable]


def _flags() -> int:
    """On Windows: no console window, below normal priority, no part of this process's group."""
    if sys.platform == "win32":
        flags = subprocess.CREATE_NO_WINDOW | subprocess.CREATE_NEW_PROCESS_GROUP
        return flags | subprocess.BELOW_NORMAL_PRIORITY_CLASS
    return 0
