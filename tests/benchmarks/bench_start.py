"""From the start of the process to the first painted window, and to the first film analysed. Ratios of one run.

usage: python -m tests.benchmarks.bench_start [--rounds N] [--frozen dist/Negatoscope]

The window is held against an empty Qt window; the film against a bare script that imports Qt, OpenCV, pydicom and ONNX
Runtime, decodes that film and runs the network once. With --frozen the frozen program takes part, and its window is
held against an empty Qt window that PyInstaller froze as well. Beside the time on the clock stands that of the
processor, all threads together, which other work on the machine moves less.

From source ONNX Runtime is asked for, as the frozen program carries no other engine.

The processes take turns, and the best of each counts. The first turn is not counted: it fills the disk's cache and
compiles the modules, which an installed program has behind it (PYTHONDONTWRITEBYTECODE would compile them each time).
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import datetime
from functools import partial
from pathlib import Path

ROOT = Path(__file__).parents[2]
PATIENCE_S, LOOK_S = 120.0, 0.02

# The end of the first painting, with all that is in the window.
EMPTY = """
import os, sys, time
from PySide6.QtCore import QEvent, QObject, QTimer
from PySide6.QtWidgets import QApplication, QMainWindow
def painted():
    sys.stdout.write(f"{time.time()} {time.process_time()}\\n")
    sys.stdout.flush()
    os._exit(0)
class Watch(QObject):
    def eventFilter(self, watched, event):
        if event.type() == QEvent.Type.Paint:
            QTimer.singleShot(0, painted)
        return False
watch = Watch()
app = QApplication(sys.argv)
window = QMainWindow()
window.resize(1600, 1000)
window.installEventFilter(watch)
window.show()
app.exec()
"""

BARE = """
import sys, time
from PySide6 import QtCore, QtGui, QtWidgets
import cv2, numpy, onnxruntime, pydicom
pixels = pydicom.dcmread(sys.argv[1]).pixel_array
network = onnxruntime.InferenceSession(sys.argv[2], providers=["CPUExecutionProvider"])
given = network.get_inputs()[0]
side = given.shape[-1]
film = cv2.resize(pixels.astype(numpy.float32), (side, side), interpolation=cv2.INTER_AREA) / pixels.max()
network.run(None, {given.name: film[None, None]})
print(time.time(), time.process_time())
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--frozen", type=Path, help="the folder of the frozen program")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        film, graph = example(Path(place))
        programs = {"source": [sys.executable, str(ROOT / "main.py")]}
        empty = {"source": [sys.executable, "-c", EMPTY]}
        if options.frozen:
            programs["frozen"] = [str(options.frozen.resolve() / "Negatoscope")]
            empty["frozen"] = [str(frozen_empty(Path(place)))]
        bare = [sys.executable, "-c", BARE, str(film), str(graph)]
        steps: dict[str, Callable[[], tuple[float, ...]]] = {}
        for kind, program in programs.items():
            steps[f"empty window, {kind}"] = partial(printed, empty[kind])
            steps[f"negatoscope, {kind}"] = partial(logged, [*program, str(film)])
        steps["bare script"] = partial(printed, bare)
        report(take_turns(steps, options.rounds), list(programs))


def take_turns(steps: dict[str, Callable[[], tuple[float, ...]]], rounds: int) -> dict[str, list[tuple[float, ...]]]:
    """The seconds of each step in each round; the first is not counted."""
    taken: dict[str, list[tuple[float, ...]]] = {name: [] for name in steps}
    for number in range(rounds + 1):
        for name, step in steps.items():
            seconds = step()
            taken[name] += [seconds] if number else []
    return taken


def report(taken: dict[str, list[tuple[float, ...]]], kinds: list[str]) -> None:
    """Both ratios of each kind of program, by the best and by the median, of the clock and of the processor."""
    for kind in kinds:
        program = taken[f"negatoscope, {kind}"]
        pairs = {
            f"window, {kind}": ([times[:2] for times in program], taken[f"empty window, {kind}"]),
            f"first film, {kind}": ([times[2:] for times in program], taken["bare script"]),
        }
        for name, (times, others) in pairs.items():
            words = []
            for column, what in enumerate(("clock", "processor")):
                mine, other = ([seconds[column] for seconds in rows] for rows in (times, others))
                middle = statistics.median(mine) / statistics.median(other)
                words.append(
                    f"{what} {1e3 * min(mine):5.0f} ms, {min(mine) / min(other):.2f} times (median {middle:.2f})"
                )
            print(f"{name:18s} {'; '.join(words)}")


def example(place: Path) -> tuple[Path, Path]:
    """An example film in DICOM, in a folder that names the model of such films, and that model's graph."""
    from imaging.paths import resource_path
    from imaging.phantom_files import write_examples

    write_examples(place / "films", count=1)
    film = next(path for path in sorted((place / "films").iterdir()) if path.suffix == ".dcm")
    return film, resource_path("models", "practice@1", "graph.onnx")


def frozen_empty(place: Path) -> Path:
    """The empty window, frozen as the program is."""
    (place / "empty.py").write_text(EMPTY, encoding="utf-8")
    folders = ("--distpath", str(place / "dist"), "--workpath", str(place / "work"), "--specpath", str(place))
    command = [sys.executable, "-m", "PyInstaller", "--noconfirm", "--log-level", "ERROR", *folders]
    subprocess.run([*command, str(place / "empty.py")], check=True, cwd=place)
    return place / "dist" / "empty" / "empty"


def environment(data: str) -> dict[str, str]:
    """A data folder of its own, and a window that nobody sees where there is no screen."""
    there = os.environ | {"NEGATOSCOPE_DATA": data, "PYTHONPATH": str(ROOT)}
    there.setdefault("QT_QPA_PLATFORM", "offscreen")
    there.setdefault("NEGATOSCOPE_CPU_ENGINE", "onnx")
    there["ORT_DISABLE_TELEMETRY"] = "1"  # as the program does: to report its use is no part of the bare work
    there.pop("PYTHONDONTWRITEBYTECODE", None)
    return there


def printed(command: list[str]) -> tuple[float, ...]:
    """Seconds from the start of a process to the time that it prints, and those of the processor."""
    with tempfile.TemporaryDirectory() as data:
        began = time.time()
        done = subprocess.run(command, cwd=ROOT, env=environment(data), capture_output=True, text=True, check=True)
    ended, processor = done.stdout.split()
    return float(ended) - began, float(processor)


def logged(command: list[str]) -> tuple[float, ...]:
    """From the start of the program to its first painted window and to its first film, by its own log: seconds of the
    clock and of the processor, twice.
    """
    from gui.app import ANALYSED, PAINTED

    with tempfile.TemporaryDirectory() as data:
        log = Path(data) / "logs" / "negatoscope.log"
        began = time.time()
        child = subprocess.Popen(command, cwd=ROOT, env=environment(data), stderr=subprocess.DEVNULL)
        try:
            while not (text := log.read_text(encoding="utf-8") if log.exists() else "").count(ANALYSED):
                if child.poll() is not None or time.time() - began > PATIENCE_S:
                    raise SystemExit(f"{command[0]} analysed nothing:\n{text}")
                time.sleep(LOOK_S)
        finally:
            child.kill()
            child.wait()
    painted, analysed = when(text, PAINTED), when(text, ANALYSED)
    return painted[0] - began, painted[1], analysed[0] - began, analysed[1]


def when(log: str, words: str) -> tuple[float, float]:
    """The time of the first line with these words, in seconds since 1970, and the processor's that it names."""
    line = next(line for line in log.splitlines() if words in line)
    at = datetime.strptime(line[:23], "%Y-%m-%d %H:%M:%S,%f").timestamp()  # local, as it is written
    return at, float(line.split()[-2]) / 1e3


if __name__ == "__main__":
    main()
