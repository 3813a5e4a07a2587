"""The memory of `screen` over a long archive, in bytes a film: its slope, and what is there at several points.

usage: OMP_WAIT_POLICY=PASSIVE python -m tests.benchmarks.bench_memory [--films N]

N links to a few small films, a thousand in a folder, through a tiny network: what grows, grows with the number of films
and not with their size. A second run resumes a file of N lines, whose films it has to know.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import psutil

from tests.bundles import write_trial_bundle
from tests.memory import Watch, links, slope, watched


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--films", type=int, default=20_000)
    films = parser.parse_args().films
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        bundle = write_trial_bundle(folder / "trial@1")
        archive, out = links(folder / "archive", films), folder / "r.jsonl"
        watched(bundle, archive / "0", folder / "first.jsonl", 100)  # what is kept for re-use is there now
        start = time.perf_counter()
        report("from the beginning", watched(bundle, archive, out, max(1, films // 20)))
        print(f"  {films / (time.perf_counter() - start):.0f} films a second")
        before = psutil.Process().memory_info().rss
        watched(bundle, archive, out, films, resume=True)
        grown = psutil.Process().memory_info().rss - before
        print(f"resuming when all {films} lines are there: {grown / films:.0f} bytes a film more")


def report(name: str, watch: Watch) -> None:
    print(name)
    for films, rss in watch.points[:: max(1, len(watch.points) // 5)]:
        print(f"  {films:8d} films {rss / 2**20:8.1f} MiB")
    print(f"  slope {slope(watch.points):.0f} bytes a film")


if __name__ == "__main__":
    main()
