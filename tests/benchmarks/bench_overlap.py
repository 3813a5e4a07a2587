"""How well `screen` overlaps: its wall time against (decoding + engine CPU time) / cores. Ratios of one run.

usage: OMP_WAIT_POLICY=PASSIVE python -m tests.benchmarks.bench_overlap [FOLDER ...] [--films N] [--model ID]
           [--rounds N] [--patience S]

Of each folder the first N films are taken, again and again where it has less (by default the films of ../shared/data:
chest films as they come from a hospital, and small JPEGs). In every round, one after the other, on the same films and
with the same engine: decoding alone, film by film, in one thread; the engine alone on the films decoded, in one thread
and the batches of `screen`; then `screen` itself, heat maps off, from the first film to the last line. Start-up
(imports, the model, the first decoding child) is behind it by then and counts nowhere. CPU time includes the children.

`wall` needs a machine that does nothing else. With `--patience` rounds are begun when other programs are quiet, and
those in which they took more than a twentieth of the cores are done again, for S seconds at most. `if alone` does
without a quiet machine (Linux): beside `screen`, another process looks at short intervals how many of its threads are
ready to run. Where they are fewer than the cores, a core would lie idle; `if alone` is the CPU ratio, divided by the
share of the cores that would be in use. A thread that waits for a core counts as ready, so that other programs stretch
the time and leave the share as it is.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path

import numpy as np
import psutil

from imaging.progress import CancelToken
from imaging.read.look import Found
from imaging.read.scan import scan
from imaging.study import ImageRef
from inference.bundles.bundle import ModelBundle
from inference.engines.device import choose_engine, usable_cores
from inference.engines.engine import BATCH_CPU
from inference.scoring.operating import recommended_points
from inference.scoring.pipeline import Analyser, LoadedFilm
from inference.scoring.preprocess import to_input
from inference.screening.screen import Screening, screen
from inference.screening.screen_lines import open_lines
from inference.screening.screen_rows import Terms
from tests.benchmarks.bench_screen import chosen_bundle

DATA = Path(__file__).parents[3] / "shared" / "data"
QUIET = 0.05  # the share of the cores that other programs may take
FOLDERS = (DATA / "films", DATA / "kermany224" / "train")


# Prints the share of the cores for which a thread of the process, or of its children, was ready to run.
WATCH = """
import glob, select, sys
pid, cores = sys.argv[1], int(sys.argv[2])
def ready():
    with open(f"/proc/{pid}/task/{pid}/children") as file:
        processes = [pid, *file.read().split()]
    count = 0
    for process in processes:
        if process == OWN:
            continue
        for path in glob.glob(f"/proc/{process}/task/*/stat"):
            try:
                with open(path, "rb") as file:
                    count += file.read().rpartition(b")")[2].split()[0] == b"R"
            except OSError:
                pass
    return count
import os
OWN = str(os.getpid())
print("looking", flush=True)
total = looks = 0
while not select.select([sys.stdin], [], [], 0.02)[0]:
    total += min(cores, ready())
    looks += 1
print(total / looks / cores)
"""


@dataclass(frozen=True)
class Spent:
    """Seconds: of the clock, of all cores for this program and its children, and of all cores for others."""

    wall: float
    own: float
    others: float


@dataclass(frozen=True)
class Round:
    decoding: Spent
    engine: Spent
    screen: Spent
    in_use: float  # the share of the cores for which a thread of `screen` was ready

    @property
    def needed(self) -> float:
        return self.decoding.own + self.engine.own

    def is_quiet(self, cores: int) -> bool:
        return all(part.others <= QUIET * cores * part.wall for part in (self.decoding, self.engine, self.screen))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", type=Path, nargs="*", default=FOLDERS)
    parser.add_argument("--films", type=int, default=500)
    parser.add_argument("--model", default="pneumonia")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--patience", type=float, default=0.0, metavar="S")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        bundle = chosen_bundle(options.model, Path(folder))
        for films in options.folders:
            found = list(islice(films_of(films), options.films))
            refs = list(islice(cycle(found), options.films))
            if refs:
                report(films, refs, bundle, options, Path(folder))


def report(
    films: Path, refs: Sequence[ImageRef], bundle: ModelBundle, options: argparse.Namespace, folder: Path
) -> None:
    cores = usable_cores()
    analyser = Analyser(bundle, choose_engine(bundle, "onnx", threads=1))
    run_screen(analyser, refs[:8], folder)  # the first films start children and allocate
    until = time.monotonic() + options.patience
    rounds: list[Round] = []
    tries = 0
    while len(rounds) < options.rounds:
        wait_for_quiet(until)
        tries += 1
        done = one_round(analyser, refs, folder)
        if done.is_quiet(cores) or time.monotonic() >= until:
            rounds.append(done)
    print(f"{films.name}: {len(refs)} films, {bundle.id}, {cores} cores, {len(rounds)} of {tries} rounds;", end=" ")
    print("medians, milliseconds a film")
    for name in ("decoding", "engine", "screen"):
        parts = [getattr(done, name) for done in rounds]
        print(f"  {name:10s} wall {median_ms(part.wall for part in parts) / len(refs):7.2f}", end="")
        print(f"  CPU {median_ms(part.own for part in parts) / len(refs):7.2f}", end="")
        print(f"  other programs {median_ms(part.others for part in parts) / len(refs):7.2f}")
    show("wall", [done.screen.wall * cores / done.needed for done in rounds])
    show("CPU", [done.screen.own / done.needed for done in rounds])
    show("if alone", [done.screen.own / done.needed / done.in_use for done in rounds])
    print(f"  a thread was ready for {statistics.median(done.in_use for done in rounds):.3f} of the cores")


def show(name: str, ratios: Sequence[float]) -> None:
    low, middle, high = min(ratios), statistics.median(ratios), max(ratios)
    print(f"  {name:17s} x cores / (decoding + engine CPU): median {middle:.3f}  ({low:.3f} to {high:.3f})")


def one_round(analyser: Analyser, refs: Sequence[ImageRef], folder: Path) -> Round:
    loaded: list[LoadedFilm] = []
    decoding = spent(lambda: loaded.extend(analyser.load(ref) for ref in refs))
    engine = spent(lambda: run_engine(analyser, loaded))
    with subprocess.Popen(
        [sys.executable, "-c", WATCH, str(os.getpid()), str(usable_cores())],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as watch:
        assert watch.stdout is not None
        watch.stdout.readline()  # it is looking
        screening = spent(lambda: run_screen(analyser, refs, folder), but=watch.pid)
        in_use = float(watch.communicate("end\n")[0])
    return Round(decoding, engine, screening, in_use)


def wait_for_quiet(until: float) -> None:
    """Until nothing else ran for half a second, or the time is up."""
    while time.monotonic() < until and spent(lambda: time.sleep(0.5)).others > QUIET * 0.5 * usable_cores():
        time.sleep(1.0)


def spent(work: Callable[[], object], but: int = 0) -> Spent:
    """What some work takes; a child process `but` is none of it."""
    wall, own, busy = time.perf_counter(), own_cpu_s(but), busy_s()
    work()
    own_after = own_cpu_s(but)
    taken = own_after - own
    return Spent(time.perf_counter() - wall, taken, max(0.0, busy_s() - busy - taken))


def own_cpu_s(but: int) -> float:
    """CPU seconds of this process and of its children, those at work included."""
    children = [child for child in psutil.Process().children(recursive=True) if child.pid != but]
    return time.process_time() + sum(sum(child.cpu_times()[:2]) for child in children)


def busy_s() -> float:
    """Core seconds in which any program ran, or in which the host took the core away."""
    times = psutil.cpu_times()
    return float(times.user + times.nice + times.system + getattr(times, "steal", 0.0))


def median_ms(seconds: Iterator[float]) -> float:
    return 1e3 * statistics.median(seconds)


def run_engine(analyser: Analyser, loaded: Sequence[LoadedFilm]) -> None:
    for films in (loaded[at : at + BATCH_CPU] for at in range(0, len(loaded), BATCH_CPU)):
        analyser.engine.run(to_input(np.stack([film.grey for film in films])))


def run_screen(analyser: Analyser, refs: Sequence[ImageRef], folder: Path) -> None:
    bundle = analyser.bundle
    terms = Terms(bundle.id, bundle.weights_sha256, recommended_points(bundle.card), heatmaps=False)
    lines = open_lines(folder / "r.jsonl", terms, resume=False)
    with lines.stream:
        run = Screening(analyser, terms, None, usable_cores())
        screen(run, [ref.path for ref in refs], lines, CancelToken())


def films_of(folder: Path) -> Iterator[ImageRef]:
    return (item.ref for item in scan([folder], CancelToken()) if isinstance(item, Found))


if __name__ == "__main__":
    main()
