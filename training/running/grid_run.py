"""Carrying out a grid, unattended: each cell in a process of its own, one after another or some side by side."""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from imaging.atomic import replace_file
from training.judging.compare import against_baseline, read_compared
from training.judging.compare_table import markdown, measures_table, write_picture
from training.learn.also_kept import shares_training, write_also
from training.running.events import Failed
from training.running.grid import Cell
from training.running.run_dir import LOG, RunDir
from training.running.runs import program

TABLE = "grid.md"  # and grid.png
_LOOK_SECONDS = 1.0
Say = Callable[[str], None]


@dataclass(slots=True)
class GridRun:
    """A grid below `folder`. `arguments` go to every run, `jobs` of them are carried out at a time."""

    folder: Path
    cells: Sequence[Cell]
    arguments: Sequence[str] = ()
    jobs: int = 1
    say: Say = lambda words: None
    _children: list[subprocess.Popen[bytes]] = field(default_factory=list)
    _over: threading.Event = field(default_factory=threading.Event)

    def create(self) -> None:
        """Make every cell's folder. Raises RunError where another grid lies there, OSError."""
        for cell in self.cells:
            self.run_of(cell).create(cell.plan)
        for first, *others in self._sharing():
            if others:
                write_also(self.run_of(first), [cell.name for cell in others])

    def carry_out(self) -> dict[str, str]:
        """Train what is not finished yet, then write the table; why some cells failed, by name. Raises OSError.

        A run that fails holds up no other.
        """
        pool = ThreadPoolExecutor(self.jobs, thread_name_prefix="grid")
        try:
            whys = {name: why for found in pool.map(self._together, self._sharing()) for name, why in found.items()}
        except BaseException:  # Ctrl-C: what is under way is told to stop, and nothing is begun any more
            self._over.set()
            for child in self._children:
                child.terminate()
            raise
        finally:
            pool.shutdown(cancel_futures=True)
        failed = {cell.name: whys[cell.name] for cell in self.cells if whys[cell.name]}
        self._write_table(failed)
        return failed

    def run_of(self, cell: Cell) -> RunDir:
        return RunDir(self.folder / cell.name)

    def _sharing(self) -> list[list[Cell]]:
        """The cells in their order, those that share a training together."""
        groups: list[list[Cell]] = []
        for cell in self.cells:
            fitting = next((group for group in groups if shares_training(group[0].plan, cell.plan)), None)
            if fitting is None:
                groups.append([cell])
            else:
                fitting.append(cell)
        return groups

    def _together(self, cells: Sequence[Cell]) -> dict[str, str]:
        """Carry out cells that share a training, one after another: the first trains, the others take over."""
        return {cell.name: self._cell(cell) for cell in cells}

    def _cell(self, cell: Cell) -> str:
        """Carry one cell out; why it failed, or ''."""
        run = self.run_of(cell)
        while run.is_held and not self._over.is_set():  # what a grid that was killed has left under way
            time.sleep(_LOOK_SECONDS)
        if run.finished is not None:
            self.say(f"{cell.name}: finished before")
            return ""
        if self._over.is_set():
            return "it was not begun"
        self.say(f"{cell.name}: training")
        status = self._train(run)
        if run.finished is not None:
            self.say(f"{cell.name}: finished")
            return ""
        why = _last_words(run) or f"It ended with the status {status}."
        self.say(f"{cell.name}: {why}")
        return why

    def _train(self, run: RunDir) -> int:
        with (run.path / LOG).open("ab") as log:
            child = subprocess.Popen(
                [*program(), "train", "--run", str(run.path), "--resume", *self.arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
            self._children.append(child)
            return child.wait()

    def _write_table(self, failed: dict[str, str]) -> None:
        """Of what is finished; the first finished cell is the baseline. Raises OSError."""
        rows = [read_compared(self.run_of(cell).path) for cell in self.cells if cell.name not in failed]
        text = markdown(rows, against_baseline(rows)) if rows else "# Comparison\n"
        if failed:
            text += "\nNot finished:\n\n" + "".join(f"- {name}: {why}\n" for name, why in failed.items())
        replace_file(self.folder / TABLE, text)
        if rows:
            write_picture((self.folder / TABLE).with_suffix(".png"), measures_table(rows))


def _last_words(run: RunDir) -> str:
    """Why a run failed: its last event, or, where it could not begin, the last line that its process wrote."""
    events = run.events()[0]
    if events and isinstance(events[-1], Failed):
        return events[-1].why
    lines = (run.path / LOG).read_text(encoding="utf-8", errors="replace").splitlines()
    return lines[-1] if lines else ""
