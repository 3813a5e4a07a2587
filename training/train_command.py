"""`main.py train`: a run from the command line, or the worker that the window starts (contract.md)."""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from imaging.errors import NegatoscopeError
from imaging.progress import Cancelled
from imaging.release import NO_TRAINING
from inference.engines.torch_first import has_torch

if TYPE_CHECKING:
    from training.plan import TrainingPlan
    from training.running.run_dir import RunDir

DONE, USAGE, FAILED, INTERRUPTED = 0, 2, 3, 130
USUAL_RECIPE = "standard"
_OUTPUTS = frozenset({"network.outputs", "learning.loss"})  # who sets them wants no other
_NICE = 10


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of the contract, and three more: `--download` agrees to it, `--models` says where the bundle goes,
    `--background` is for runs that the window starts.
    """
    parser.add_argument("--run", type=Path, required=True, metavar="DIR", help="the folder of the run")
    parser.add_argument("--data", type=Path, metavar="DIR|CSV", help="class folders, or columns path, label, patient")
    parser.add_argument(
        "--labels-from-decisions", action="store_true", help="the films below --data on which you decided in the viewer"
    )
    parser.add_argument("--backbone", metavar="NAME", help="another backbone than the recipe's")
    parser.add_argument("--recipe", metavar="NAME", help=f"a way of training; {USUAL_RECIPE} where none is named")
    parser.add_argument("--plan", type=Path, metavar="F.json", help="a saved plan")
    parser.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", help="one field of the plan, as in learning.epochs=3"
    )
    parser.add_argument("--resume", action="store_true", help="go on with the run in DIR, where there is one")
    parser.add_argument("--find-rate", action="store_true", help="try learning rates, say which, and begin no run")
    parser.add_argument("--download", action="store_true", help="agree to download published starting weights")
    parser.add_argument("--background", action="store_true", help="wait for the runs beside it, and yield to others")
    parser.add_argument("--grid", metavar="twelve|F.json", help="a run for each cell of a grid, in folders below DIR")
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="runs of a grid at a time")
    parser.add_argument("--models", type=Path, metavar="DIR", help="where the bundle is written; else the user's own")


def run(options: argparse.Namespace, out: TextIO, err: TextIO) -> int:
    """Train. 0 done; 3 the run failed; 2 where it can't begin; 130 stopped, and `--resume` goes on."""
    if not has_torch():
        err.write(f"{NO_TRAINING}\n")
        return USAGE
    if options.grid is not None:
        from training import grid_command

        return grid_command.run(options, out, err, _with_fields)
    from inference.screening.shards import rank_of
    from training.running.run_dir import RunDir

    folder = RunDir(options.run.resolve())
    if options.find_rate:
        return _find_rate(options, folder, out, err)
    try:
        rank = rank_of(os.environ)
        if rank.rank == 0:
            _begin(options, folder, out, again=rank.restarts > 0)
    except (NegatoscopeError, OSError) as error:
        err.write(f"{error}\n")
        return USAGE
    # Of several processes one may be lost as they part, after the end (gloo aborts at times where a peer hangs up).
    if rank.restarts and (folder.finished is not None or folder.wish() == "cancel"):
        return DONE
    status = _carry_out(options, folder, out, err)
    # torchrun takes every other status for a failure, and would start the run again that was stopped on purpose.
    return DONE if status == INTERRUPTED and rank.world > 1 else status


def _find_rate(options: argparse.Namespace, folder: RunDir, out: TextIO, err: TextIO) -> int:
    """By the plan that the arguments describe, or that lies in the folder."""
    from training.rate_command import show_rate

    try:
        plan = folder.plan() if options.data is None and options.plan is None else _plan(options, out)
        show_rate(plan, out, download=options.download)
    except (NegatoscopeError, OSError) as error:
        err.write(f"{error}\n")
        return USAGE
    return DONE


def _begin(options: argparse.Namespace, folder: RunDir, out: TextIO, *, again: bool) -> None:
    """Make the folder ready: a new run, or one to go on with. `again`: torchrun started it anew after a loss, which
    takes back nothing that was asked of the run. Raises NegatoscopeError, OSError.
    """
    from training.running.run_dir import PLAN, RunError

    is_new = not (folder.path / PLAN).exists() and (options.data is not None or options.plan is not None)
    if is_new or not (options.resume or again):
        folder.create(_plan(options, out))
        return
    folder.plan()
    if again:
        return
    if folder.finished is not None:
        raise RunError(f"This run is finished; its model is {folder.finished.bundle}.")
    if options.background:  # whoever started the process took them back before
        return
    with folder.locked():  # what is wished of a run that is being trained is none of ours
        folder.ask("")
        folder.pause(wanted=False)


def _carry_out(options: argparse.Namespace, folder: RunDir, out: TextIO, err: TextIO) -> int:
    from inference.bundles.models_dir import user_models_folder
    from training.running.events import Checked

    out.write(f"The run lies in {folder.path}\n")
    out.flush()
    try:
        if options.download:
            folder.allow_download()
        with _in_turn(folder, background=options.background):
            from training.running.worker import (
                train,  # after the turn has come: a run that waits needs no memory for torch
            )

            bundle = train(folder, options.models or user_models_folder(), download=folder.may_download)
    except (Cancelled, KeyboardInterrupt):
        err.write("Stopped. What was learnt so far is kept; --resume goes on.\n")
        return INTERRUPTED
    except NegatoscopeError as error:
        err.write(f"{error.message}\n")
        return FAILED
    if bundle is None:  # the first of several processes tells of it
        return DONE
    for event in folder.events()[0]:
        if isinstance(event, Checked):
            out.write(f"{event.name}: {event.sentence}\n")
    out.write(f"{bundle.id} is written to {bundle.location}\n")
    return DONE


@contextmanager
def _in_turn(folder: RunDir, *, background: bool) -> Iterator[None]:
    """Have the machine for this run, at low priority; at once where it is not in the background. Raises Cancelled."""
    if not background:
        yield
        return
    from training.running.turn import leave_queue, wait_for_turn

    if hasattr(os, "nice"):  # on Windows the priority is set where the process is started
        os.nice(_NICE)
    try:
        wait_for_turn(folder)
        yield
    finally:
        leave_queue(folder.path)


def _plan(options: argparse.Namespace, out: TextIO) -> TrainingPlan:
    """The plan that the arguments describe. Raises NegatoscopeError."""
    from training.plan import PlanError, read_plan

    if options.plan is not None:
        if options.data or options.backbone or options.recipe or options.labels_from_decisions:
            raise PlanError("A saved plan names its films, backbone and recipe itself; change it with --set.")
        plan = read_plan(options.plan)
    elif options.data is not None:
        plan = _new_plan(options, out)
    else:
        raise PlanError("Name the films with --data, or a saved plan with --plan.")
    plan = _with_fields(plan, options.set)
    said = {text.partition("=")[0].strip() for text in options.set}
    return plan if options.plan is not None or said & _OUTPUTS else _fitting(plan, out)


def _fitting(plan: TrainingPlan, out: TextIO) -> TrainingPlan:
    """The plan with outputs that can say what the films are labelled with, as the wizard chooses them. Raises
    DataError.
    """
    from training.choose import fitting_source
    from training.films.source import read_source

    fitting = fitting_source(plan, read_source(Path(plan.data.source), plan.data.normal_label))
    if fitting.network.outputs != plan.network.outputs:
        chosen = "the classes exclude each other (softmax)"
        if fitting.network.outputs == "sigmoid":
            chosen = "each finding stands for itself (sigmoid)"
        out.write(f"By the labels of these films {chosen}; --set network.outputs says otherwise.\n")
    return fitting


def _with_fields(plan: TrainingPlan, settings: list[str]) -> TrainingPlan:
    """The plan with the fields of `--set`. Raises PlanError."""
    from training.plan import PlanError, changed

    for text in settings:
        key, equals, value = text.partition("=")
        if not equals:
            raise PlanError(f"“{text}” is not of the form key=value.")
        plan = changed(plan, key.strip(), _value(value.strip()))
    return plan


def _new_plan(options: argparse.Namespace, out: TextIO) -> TrainingPlan:
    import dataclasses

    from inference.engines.device import usable_cores
    from training.plan import DataPlan
    from training.recipes import plan_of, recipe_of, with_backbone

    source = options.data.resolve()
    films = DataPlan(str(_decided(options, out) if options.labels_from_decisions else source))
    plan = plan_of(recipe_of(options.recipe or USUAL_RECIPE), source.stem, films)
    if options.backbone:
        plan = with_backbone(plan, options.backbone)
    return dataclasses.replace(plan, threads=usable_cores())


def _decided(options: argparse.Namespace, out: TextIO) -> Path:
    """The list of decided films, in the run's folder: what was decided later is for another run. Raises DataError."""
    from training.films.from_decisions import decided_films, write_decided

    listed: Path = options.run.resolve() / "decisions.csv"
    if not listed.exists():
        decided = decided_films(options.data.resolve())
        write_decided(decided, listed)
        out.write(f"{decided.sentence}\n")
    return listed


def _value(text: str) -> object:
    """JSON where it is some, else the text itself: numbers, true, null and lists need no quoting twice."""
    try:
        return json.loads(text)
    except ValueError:
        return text
