"""A folder of many films: the time to the complete list against pydicom's own reading of the headers and a sort.

usage: python -m tests.benchmarks.bench_folder [--films N] [--rounds N]

Both sides read the same files, in turns in one run; the disk's cache is warm for both. Ours ends with the rows in the
review and in the model of the list, as the window has them; pydicom's with the data sets sorted by study and number.
"""

from __future__ import annotations

import argparse
import gc
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pydicom

from gui.films.entries import Entry
from gui.films.opening import Source, scan_in_batches
from gui.review import Review
from gui.study_list import StudyListModel
from imaging.progress import CancelToken
from tests.benchmarks.many_films import write_films


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--films", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = write_films(Path(name) / "films", options.films)
        listed(folder)  # imports, and the disk's cache
        taken = [(seconds(listed, folder), seconds(sorted_by_pydicom, folder)) for _ in range(options.rounds)]
    for number, clock in enumerate(("CPU", "wall")):
        ours = statistics.median(pair[0][number] for pair in taken)
        theirs = statistics.median(pair[1][number] for pair in taken)
        ratios = sorted(pair[1][number] / pair[0][number] for pair in taken)
        print(
            f"{clock:4s}  list {1e6 * ours / options.films:4.0f} us a film,"
            f" pydicom {1e6 * theirs / options.films:4.0f};"
            f" {statistics.median(ratios):.1f} times faster ({ratios[0]:.1f} to {ratios[-1]:.1f})"
        )


def listed(folder: Path) -> int:
    """Our list of the folder, complete. Returns how many rows it has."""
    review = Review()
    model = StudyListModel(review)

    def take(item: Source | list[Entry]) -> None:
        if isinstance(item, list):
            review.add(item)

    scan_in_batches([folder], CancelToken(), take, give_way=lambda: None)
    return model.rowCount()


def sorted_by_pydicom(folder: Path) -> int:
    """What a program without a reader of its own does."""
    films = [pydicom.dcmread(path, stop_before_pixels=True) for path in folder.iterdir()]
    films.sort(key=lambda film: (film.StudyInstanceUID, film.InstanceNumber))
    return len(films)


def seconds(work: Callable[[Path], int], folder: Path) -> tuple[float, float]:
    """CPU and wall time."""
    gc.collect()
    begun = time.process_time(), time.perf_counter()
    work(folder)
    return time.process_time() - begun[0], time.perf_counter() - begun[1]


if __name__ == "__main__":
    main()
