"""Two processes under torchrun against one on the same archive. Ratios of one run on this machine.

usage: OMP_WAIT_POLICY=PASSIVE python -m tests.benchmarks.bench_torchrun [FOLDER] [--films N] [--model ID] [--rounds N]

One process uses all cores by itself, so that on one computer without several GPUs two cannot be faster: this shows
what sharing costs. The third run, one process on a single core, shows what a second host of one core brings. All take
turns. A run over one film is the start-up (imports, the model; under torchrun its agent and the meeting too), and is
taken off. CPU time is that of all processes; it is what to look at where other programs are busy.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from itertools import cycle, islice
from pathlib import Path

from imaging.progress import CancelToken
from imaging.read.look import Found
from imaging.read.scan import scan
from inference.engines.device import usable_cores

DATA = Path(__file__).parents[3] / "shared" / "data"
MAIN = str(Path(__file__).parents[2] / "main.py")
TORCHRUN = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", MAIN]
Spent = tuple[float, float]  # wall, CPU seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?", default=DATA / "films")
    parser.add_argument("--films", type=int, default=400)
    parser.add_argument("--model", default="pneumonia")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    ways: dict[str, Callable[[list[str]], Spent]] = {
        "one process, all cores": lambda arguments: run([sys.executable, MAIN, *arguments]),
        "two under torchrun": lambda arguments: run([*TORCHRUN, *arguments]),
        "one process, one core": lambda arguments: run([sys.executable, MAIN, *arguments], cores=1),
    }
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        many, one = links(options.folder, folder / "many", options.films), links(options.folder, folder / "one", 1)
        tail = ["--model", options.model, "--out", str(folder / "r.jsonl"), "--engine", "onnx"]
        spent: dict[str, list[tuple[Spent, Spent]]] = {way: [] for way in ways}
        for _ in range(options.rounds):
            for way, started in ways.items():
                spent[way].append((started(["screen", str(one), *tail]), started(["screen", str(many), *tail])))
    print(f"{options.films} films, {options.model}, {usable_cores()} cores, {options.rounds} rounds; medians")
    reference = [behind_start(pair) for pair in spent["one process, all cores"]]
    for way, pairs in spent.items():
        wall, cpu = (statistics.median(behind_start(pair)[index] for pair in pairs) for index in range(2))
        ratios = [behind_start(pair)[0] / other[0] for pair, other in zip(pairs, reference, strict=True)]
        print(f"  {way:24s} start-up {statistics.median(pair[0][0] for pair in pairs):5.2f} s;", end=" ")
        print(
            f"behind it, ms a film: wall {1e3 * wall / options.films:7.2f}  CPU {1e3 * cpu / options.films:7.2f};",
            end=" ",
        )
        print(f"wall against one: {statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})")


def behind_start(pair: tuple[Spent, Spent]) -> Spent:
    start, whole = pair
    return whole[0] - start[0], whole[1] - start[1]


def run(program: list[str], cores: int = 0) -> Spent:
    """Run to the end, on the first `cores` cores (0: on all), and say what it took."""
    before, wall = cpu_s(), time.perf_counter()
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONWARNINGS": "ignore"}
    chosen = sorted(os.sched_getaffinity(0))[: cores or None]
    subprocess.run(
        program,
        check=True,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        preexec_fn=lambda: os.sched_setaffinity(0, chosen),
    )
    return time.perf_counter() - wall, cpu_s() - before


def cpu_s() -> float:
    """CPU seconds of all programs run so far, their own children included."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def links(source: Path, folder: Path, films: int) -> Path:
    """So many links to the films of a folder."""
    folder.mkdir()
    found = [item.path.resolve() for item in scan([source], CancelToken()) if isinstance(item, Found)]
    for index, path in enumerate(islice(cycle(found), films)):
        (folder / f"{index}{path.suffix}").symlink_to(path)
    return folder


if __name__ == "__main__":
    main()
