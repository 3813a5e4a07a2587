"""The list of a folder whose every file is waited for, as on a network drive: several at a time against one by one.

usage: python -m tests.benchmarks.bench_slow_drive [--films N] [--wait MS]
The wait is put before each opening of a film; the rest is this computer's own disk.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from imaging.progress import CancelToken
from imaging.read import look
from imaging.read.scan import scan
from tests import dicom_files as make

ROUNDS = 3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--films", type=int, default=400)
    parser.add_argument("--wait", type=float, default=10.0, metavar="MS")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for number in range(options.films):
            make.write_dicom(folder / f"{number}.dcm", make.film())
        sys.addaudithook(lambda event, arguments: _wait(event, arguments, name, options.wait / 1e3))
        ratios = []
        for _ in range(ROUNDS):
            together, alone = _seconds(folder), _seconds(folder, one_by_one=True)
            print(f"together {together:.2f} s, one by one {alone:.2f} s")
            ratios.append(alone / together)
    print(f"{np.median(ratios):.1f} times faster ({min(ratios):.1f} to {max(ratios):.1f})")


def _wait(event: str, arguments: tuple[object, ...], folder: str, seconds: float) -> None:
    if event == "open" and str(arguments[0]).startswith(folder):
        time.sleep(seconds)


def _seconds(folder: Path, *, one_by_one: bool = False) -> float:
    """Until the list is complete; `one_by_one`: no pace is slow enough to wait for several at a time."""
    usual = look.SLOW_S
    look.SLOW_S = float("inf") if one_by_one else usual
    begun = time.perf_counter()
    for _ in scan([folder], CancelToken()):
        pass
    look.SLOW_S = usual
    return time.perf_counter() - begun


if __name__ == "__main__":
    main()
