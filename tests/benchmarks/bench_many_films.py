"""The window on a folder of many films: the first film, the memory, and how often the next film is ready.

usage: python -m tests.benchmarks.bench_many_films [--films N] [--few N] [--rounds N] [--steps N] [--pace TIMES]
           [--side PX] [--model ID]

A real window offscreen, each measurement in a process of its own. The first film: CPU and wall time from opening the
folder to the film painted, N films against a few, in turns. Memory: resident at most, after the list is complete, was
scrolled from end to end with its pictures made, every film has a result (a real one, copied), and `steps` films were
looked at by the key for the next film. Of these, the share that was ready when asked for, each film being looked at
`pace` times as long as one takes to read here and now: a loaded machine reads slowly, and is read on slowly.
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
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from tests.benchmarks.many_films import write_films

if TYPE_CHECKING:
    from gui.main_window import MainWindow

ROOT = Path(__file__).parents[2]
PATIENCE_S = 600.0
LOOKS = 100  # places that the list is scrolled to


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--films", type=int, default=10_000)
    parser.add_argument("--few", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=100)
    parser.add_argument("--pace", type=float, default=1.5)
    parser.add_argument("--side", type=int, default=2048)
    parser.add_argument("--model", default="pneumonia")
    parser.add_argument("--child", choices=("first", "memory"), help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child == "first":
        measure_first(options)
    elif options.child == "memory":
        measure_memory(options)
    else:
        with tempfile.TemporaryDirectory() as name:
            compare(options, Path(name))


def compare(options: argparse.Namespace, place: Path) -> None:
    """Make the folders, have each measured in processes, and print what they found."""
    counts = {"few": options.few, "many": options.films}
    folders = {name: write_films(place / name, count, options.side) for name, count in counts.items()}
    taken: dict[str, list[tuple[float, ...]]] = {"few": [], "many": []}
    for _ in range(options.rounds):
        for name, folder in folders.items():
            taken[name].append(tuple(map(float, child("first", folder).split())))
    for at, clock in enumerate(("CPU", "wall")):
        few, many = (statistics.median(times[at] for times in taken[name]) for name in ("few", "many"))
        print(
            f"first film, {clock:4s}: {many:.3f} s of {options.films}, {few:.3f} s of {options.few}: {many / few:.2f}"
        )
    busy, whole = (statistics.median(times[at] for times in taken["many"]) for at in (2, 3))
    print(f"complete list: {whole:.2f} s of CPU, of which the window's thread {busy:.2f}")
    print(child("memory", folders["many"]))


def child(what: str, folder: Path) -> str:
    """One measurement in a fresh process."""
    with tempfile.TemporaryDirectory() as data:
        environment = os.environ | {"NEGATOSCOPE_DATA": data, "QT_QPA_PLATFORM": "offscreen"}
        command = [sys.executable, "-m", __spec__.name, *sys.argv[1:], "--child", what, "--folder", str(folder)]
        done = subprocess.run(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    return done.stdout.strip()


def measure_first(options: argparse.Namespace) -> None:
    """Prints CPU and wall seconds to the first film, then CPU seconds of this thread and of all to the whole list."""
    window = opened("none")
    begun = time.process_time(), time.perf_counter(), time.thread_time()
    window.controller.opening.open_paths([options.folder])
    until(lambda: window.view.film is not None)
    window.view.repaint()
    first = time.process_time() - begun[0], time.perf_counter() - begun[1]
    until(lambda: not window.controller.review.scanning)
    print(*first, time.thread_time() - begun[2], time.process_time() - begun[0], flush=True)
    leave(window)


def measure_memory(options: argparse.Namespace) -> None:
    """Prints what is resident, and how often the next film was ready."""
    window = opened(options.model)
    review = window.controller.review
    said = [f"resident MB: {resident_mb():.0f} empty"]
    window.controller.opening.open_paths([options.folder])
    until(lambda: not review.scanning and review.result(review.entries[0].key) is not None)
    window.controller.analysing.cancel()
    said.append(f"{resident_mb():.0f} listed")
    bar = window.study_list.view.verticalScrollBar()
    for place in range(LOOKS):
        bar.setValue(bar.maximum() * place // (LOOKS - 1))
        until(lambda: window.controller.thumbnails.settled)
    said.append(f"{resident_mb():.0f} scrolled")
    fill(window)
    said.append(f"{resident_mb():.0f} analysed")
    one_s = statistics.median(waited(window, place * len(review.entries) // 8) for place in range(1, 8))
    review.select(0)
    until(lambda: window.controller.jobs.idle)
    ready = read_on(window, options.steps, options.pace * one_s)
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    said.append(f"{resident_mb():.0f} after {options.steps} films were looked at, {most:.0f} at most")
    print(", ".join(said))
    print(f"ready when asked for: {ready} of {options.steps}, each looked at {options.pace:g} times {one_s:.2f} s")
    leave(window)


def fill(window: MainWindow) -> None:
    """Every film has a result as large as a real one: maps, embedding and all."""
    from inference.scoring.results import Finding, GateVerdict

    review = window.controller.review
    model, result = review.model, review.result(review.entries[0].key)
    assert model is not None
    assert result is not None
    maps = [mapped.raw.copy() for mapped in result.heatmaps]
    findings = tuple(Finding(label, 0.1, 0.5) for label in model.card.findings)
    for entry in review.entries:
        assert entry.ref is not None
        ref = replace(entry.ref, digest=f"{abs(hash(entry.key)):064d}")
        kept = tuple(replace(old, raw=raw.copy()) for old, raw in zip(result.heatmaps, maps, strict=True))
        own = result.embedding + float(hash(entry.key) % 1000)
        review.store(
            entry.key,
            replace(result, ref=ref, findings=findings, heatmaps=kept, gate=GateVerdict(), embedding=own),
        )
    until(lambda: window.controller.jobs.idle)


def waited(window: MainWindow, row: int) -> float:
    """Seconds until a film is shown that nobody expected."""
    until(lambda: window.controller.jobs.idle)
    begun = time.perf_counter()
    window.controller.review.select(row)
    until(lambda: window.showing.settled)
    return time.perf_counter() - begun


def read_on(window: MainWindow, steps: int, pace_s: float) -> int:
    """Look at one film after the other. Returns how many were shown at once."""
    from PySide6.QtCore import Qt
    from PySide6.QtTest import QTest

    missed: list[str] = []
    window.controller.reading.film_awaited.connect(missed.append)
    window.view.setFocus()
    for _ in range(steps):
        QTest.keyClick(window, Qt.Key.Key_Down)
        turned = time.monotonic() + pace_s
        until(lambda: window.showing.settled and time.monotonic() >= turned)  # noqa: B023 - called at once
    return steps - len(missed)


def opened(model: str) -> MainWindow:
    """A window that is ready, with a model or 'none'."""
    from gui.app import build_window, make_application

    make_application()
    window = build_window(model=model)
    window.resize(1600, 1000)
    window.show()
    until(lambda: window.controller.started)
    until(lambda: window.controller.jobs.idle and not window.controller.review.model_reading)
    return window


def until(reached: Callable[[], bool]) -> None:
    """Let the window work until something is so."""
    from PySide6.QtCore import QCoreApplication

    deadline = time.monotonic() + PATIENCE_S
    while not reached():
        QCoreApplication.processEvents()
        time.sleep(0.001)
        if time.monotonic() > deadline:
            raise TimeoutError


def leave(window: MainWindow) -> None:
    window.close()
    sys.stdout.flush()
    os._exit(0)


def resident_mb() -> float:
    import psutil

    return float(psutil.Process().memory_info().rss) / 2**20


if __name__ == "__main__":
    main()
