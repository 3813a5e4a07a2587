"""What the window says that a run would take, against what it took.

usage: OMP_WAIT_POLICY=PASSIVE python -m tests.benchmarks.bench_estimate [quick|standard|full] [--data DIR] [--films N]
       [--backbone NAME] [--threads N] [--epochs N]

The estimate is made as the window makes it, in a process of its own; then the run is carried out by the command, its
films in the cache already. Says both by the clock, the run's CPU time too, and where the run spent its time. On a
machine that is as busy while it measures as while it trains the ratio is what it would be on a quiet one.
"""

from __future__ import annotations

import argparse
import dataclasses
import os
import resource
import subprocess
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path

from imaging.progress import CancelToken
from tests.benchmarks.bench_training import DATA, some_films
from training.estimate import costs_of, reckoned
from training.events import EpochDone, Finished, Started, Told
from training.plan import DataPlan, StartPlan
from training.prepare import prepare
from training.recipes import plan_of, recipe_of, with_backbone
from training.run_dir import RunDir

MAIN = Path(__file__).parents[2] / "main.py"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recipe", nargs="?", default="quick")
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--films", type=int, default=400)
    parser.add_argument("--backbone", default="mobilenet_v2")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--epochs", type=int, default=2)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.environ["NEGATOSCOPE_DATA"] = str(folder / "data")
        (folder / "data").mkdir()
        measure(options, folder)


def measure(options: argparse.Namespace, folder: Path) -> None:
    source = some_films(options.data, options.films, folder / "films")
    data = DataPlan(str(source), validation_share=0.2)
    plan = with_backbone(
        plan_of(recipe_of(options.recipe), "bench", data, StartPlan("bundle", "pneumonia")), options.backbone
    )
    learning = dataclasses.replace(plan.learning, epochs=options.epochs)
    plan = dataclasses.replace(plan, threads=options.threads, learning=learning)
    ready = prepare(plan, CancelToken(), lambda words: None)
    learnt, judged = len(ready.split.train), len(ready.split.validation)
    costs = costs_of(plan, CancelToken())
    estimate = reckoned(plan, costs, learnt, judged)
    print(f"{options.recipe}, {options.backbone}, {learnt} films to learn from, {judged} to judge; {costs}")
    run = RunDir(folder / "run")
    run.create(plan)
    begun, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [
        sys.executable,
        str(MAIN),
        "train",
        "--run",
        str(run.path),
        "--resume",
        "--models",
        str(folder / "models"),
    ]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    took, after = time.perf_counter() - begun, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(
        f"estimate {estimate.seconds:.0f} s, took {took:.0f} s by the clock ({cpu:.0f} s of CPU time): ratio", end=" "
    )
    print(f"{estimate.seconds / took:.2f} by the clock; sentence: {estimate.sentence}")
    told = [event for event in run.events()[0] if isinstance(event, Told | Started | EpochDone | Finished)]
    for event, following in pairwise(told):
        what = event.words if isinstance(event, Told) else type(event).__name__
        print(f"  {following.time - event.time:6.1f} s behind '{what}'")


if __name__ == "__main__":
    main()
