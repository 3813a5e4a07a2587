"""From the start of the process to the first painted window, against an empty Qt window. A ratio of one run.

usage: python -m tests.benchmarks.bench_start [--rounds N]

The two processes take turns, and the best of each counts. The first turn is not counted: it fills the disk's cache and
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
from pathlib import Path

ROOT = Path(__file__).parents[2]

# The same for both: the end of the first painting, with all that is in the window.
WATCH = """
import os, sys, time
from PySide6.QtCore import QEvent, QObject, QTimer
def painted():
    print(time.time(), flush=True)
    os._exit(0)
class Watch(QObject):
    def eventFilter(self, watched, event):
        if event.type() == QEvent.Type.Paint:
            QTimer.singleShot(0, painted)
        return False
watch = Watch()
"""

EMPTY = """
from PySide6.QtWidgets import QApplication, QMainWindow
app = QApplication(sys.argv)
window = QMainWindow()
window.resize(1600, 1000)
window.installEventFilter(watch)
window.show()
app.exec()
"""

# As it is started: log, arguments, window. Only the watch is put in.
NEGATOSCOPE = """
import main
from gui import app
build_window = app.build_window
def build_watched(*args, **options):
    window = build_window(*args, **options)
    window.installEventFilter(watch)
    return window
app.build_window = build_watched
main.main([])
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=10)
    rounds = parser.parse_args().rounds
    programs = {"empty Qt window": EMPTY, "negatoscope": NEGATOSCOPE}
    taken: dict[str, list[float]] = {name: [] for name in programs}
    for number in range(rounds + 1):
        for name, program in programs.items():
            seconds = start(WATCH + program)
            taken[name] += [seconds] if number else []
    empty = taken["empty Qt window"]
    for name, times in taken.items():
        best, middle = min(times), statistics.median(times)
        print(
            f"{name:18s} best {1e3 * best:5.0f} ms, {best / min(empty):.2f} times the empty window;"
            f" median {1e3 * middle:5.0f} ms, {middle / statistics.median(empty):.2f} times"
        )


def start(program: str) -> float:
    """Seconds from the start of a process to its first painted window."""
    with tempfile.TemporaryDirectory() as data:
        environment = os.environ | {"NEGATOSCOPE_DATA": data, "PYTHONPATH": str(ROOT)}
        environment.setdefault("QT_QPA_PLATFORM", "offscreen")
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        began = time.time()
        done = subprocess.run(
            [sys.executable, "-c", program], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
        )
    return float(done.stdout.split()[0]) - began


if __name__ == "__main__":
    main()
