"""What the window says that a run would take, against what it took.

usage: OMP_WAIT_POLICY=PASSIVE python -m tests.benchmarks.bench_estimate [quick|standard|full] [--data DIR] [--films N]
       [--backbone NAME] [--epochs N]

In CPU time of one thread, which a busy machine changes little: the estimate is measured in a process of its own, as the
window has it done, then the command carries the run out, its films in the cache already. Says where the run spent its
time by the clock, too.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import resource
import subprocess
import sys
import tempfile
from itertools import pairwise
from pathlib import Path

from imaging.progress import CancelToken
from tests.benchmarks.bench_training import DATA, some_films
from training.films.prepare import prepare
from training.learn.estimate import Costs, reckoned
from training.plan import DataPlan, StartPlan
from training.recipes import plan_of, recipe_of, with_backbone
from training.running.events import EpochDone, Finished, Started, Told
from training.running.run_dir import PLAN, RunDir

MAIN = Path(__file__).parents[2] / "main.py"
MEASURE = """
import json, pathlib, sys, time
from training.learn.estimate import measured
from training.plan import read_plan
print(json.dumps(measured(read_plan(pathlib.Path(sys.argv[1])), time.process_time)))
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recipe", nargs="?", default="quick")
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--films", type=int, default=400)
    parser.add_argument("--backbone", default="mobilenet_v2")
    parser.add_argument("--epochs", type=int, default=2)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.environ |= {"NEGATOSCOPE_DATA": str(folder / "data"), "OMP_NUM_THREADS": "1"}
        (folder / "data").mkdir()
        measure(options, folder)


def measure(options: argparse.Namespace, folder: Path) -> None:
    source = some_films(options.data, options.films, folder / "films")
    data = DataPlan(str(source), validation_share=0.2)
    plan = with_backbone(
        plan_of(recipe_of(options.recipe), "bench", data, StartPlan("bundle", "pneumonia")), options.backbone
    )
    learning = dataclasses.replace(plan.learning, epochs=options.epochs)
    plan = dataclasses.replace(plan, threads=1, learning=learning)
    ready = prepare(plan, CancelToken(), lambda words: None)
    learnt, judged = len(ready.split.train), len(ready.split.validation)
    run = RunDir(folder / "run")
    run.create(plan)
    costs = Costs(*json.loads(subprocess.check_output([sys.executable, "-c", MEASURE, str(run.path / PLAN)])))
    estimate = reckoned(plan, costs, learnt, judged).seconds
    print(f"{options.recipe}, {options.backbone}, {learnt} films to learn from, {judged} to judge; {costs}")
    before = cpu_of_children()
    subprocess.run([sys.executable, str(MAIN), "train", "--run", str(run.path), "--resume"], check=True)
    took = cpu_of_children() - before
    print(f"estimate {estimate:.0f} s, took {took:.0f} s of CPU time: ratio {estimate / took:.2f}")
    told = [event for event in run.events()[0] if isinstance(event, Told | Started | EpochDone | Finished)]
    for event, following in pairwise(told):
        what = event.words if isinstance(event, Told) else type(event).__name__
        print(f"  {following.time - event.time:6.1f} s behind '{what}'")


def cpu_of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()
