"""`main.py train --grid`: a grid of runs from the command line."""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from imaging.errors import NegatoscopeError

if TYPE_CHECKING:
    from training.plan import TrainingPlan
    from training.running.grid import Cell

DONE, USAGE, FAILED, INTERRUPTED = 0, 2, 3, 130
WithFields = Callable[["TrainingPlan", list[str]], "TrainingPlan"]


def run(options: argparse.Namespace, out: TextIO, err: TextIO, with_fields: WithFields) -> int:
    """Carry a grid out. 0 all runs are finished; 3 some failed; 2 where it can't begin; 130 interrupted.

    `with_fields` puts the arguments of `--set` into a plan.
    """
    from training.judging.compare import CompareError
    from training.running.grid_run import TABLE, GridRun

    folder: Path = options.run.resolve()

    def say(words: str) -> None:
        out.write(f"{words}\n")
        out.flush()

    try:
        grid = GridRun(folder, _cells(options, with_fields), _arguments(options), options.jobs, say)
        grid.create()
    except (NegatoscopeError, OSError) as error:
        err.write(f"{error}\n")
        return USAGE
    try:
        failed = grid.carry_out()
    except KeyboardInterrupt:
        err.write("Stopped. The same command goes on.\n")
        return INTERRUPTED
    except (OSError, CompareError) as error:
        err.write(f"The table can't be written: {error}\n")
        return FAILED
    out.write(f"Written to {folder / TABLE}\n")
    return FAILED if failed else DONE


def _cells(options: argparse.Namespace, with_fields: WithFields) -> list[Cell]:
    """The cells with the threads that each has for itself. Raises NegatoscopeError."""
    from inference.engines.device import usable_cores
    from training.choose import fitting_source
    from training.films.source import read_source
    from training.plan import DataPlan, PlanError
    from training.running.grid import grid_cells

    if options.data is None or options.plan or options.recipe or options.backbone or options.labels_from_decisions:
        raise PlanError("A grid names its recipe and backbones itself, and takes its films from --data.")
    if options.jobs < 1:
        raise PlanError("A grid needs one job at least.")
    source = options.data.resolve()
    threads = max(1, usable_cores() // options.jobs)
    cells = grid_cells(options.grid, DataPlan(str(source)), source.stem)
    films = read_source(source)
    fitting = [fitting_source(dataclasses.replace(cell.plan, threads=threads), films) for cell in cells]
    plans = [with_fields(plan, options.set) for plan in fitting]
    return [dataclasses.replace(cell, plan=plan) for cell, plan in zip(cells, plans, strict=True)]


def _arguments(options: argparse.Namespace) -> list[str]:
    models = ["--models", str(options.models.resolve())] if options.models else []
    return [*models, *(["--download"] if options.download else [])]
