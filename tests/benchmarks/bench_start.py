"""From the start of the process to the first painted window, against an empty Qt window. A ratio of one run.

usage: python -m tests.benchmarks.bench_start [--rounds N]

The two processes take turns, and the best of each counts. The first turn is not counted: it fills the disk's cache.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]

EMPTY = """
import sys, time
from PySide6.QtWidgets import QApplication, QMainWindow
class Window(QMainWindow):
    def paintEvent(self, event):
        print(time.time(), flush=True)
        QApplication.exit()
app = QApplication(sys.argv)
window = Window()
window.resize(1600, 1000)
window.show()
app.exec()
"""

NEGATOSCOPE = """
import time
import main
from PySide6.QtCore import QTimer
from gui.app import build_window, make_application
app = make_application()
window = build_window()
def painted():
    print(time.time(), flush=True)
    window.close()
    app.exit()
window.shown.connect(lambda: QTimer.singleShot(0, painted))
window.show()
app.exec()
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    programs = {"empty Qt window": EMPTY, "negatoscope": NEGATOSCOPE}
    taken: dict[str, list[float]] = {name: [] for name in programs}
    for number in range(rounds + 1):
        for name, program in programs.items():
            seconds = start(program)
            taken[name] += [seconds] if number else []
    best = {name: min(values) for name, values in taken.items()}
    for name, seconds in best.items():
        print(f"{name:18s}{1e3 * seconds:8.0f} ms, {seconds / best['empty Qt window']:.2f} times the empty window")


def start(program: str) -> float:
    """Seconds from the start of a process to its first painted window."""
    with tempfile.TemporaryDirectory() as data:
        environment = os.environ | {"NEGATOSCOPE_DATA": data, "PYTHONPATH": str(ROOT)}
        environment.setdefault("QT_QPA_PLATFORM", "offscreen")
        began = time.time()
        done = subprocess.run(
            [sys.executable, "-c", program], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
        )
    return float(done.stdout.split()[0]) - began


if __name__ == "__main__":
    main()
