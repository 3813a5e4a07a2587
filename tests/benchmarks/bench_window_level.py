"""Window/level: a film of 3000 x 3000 in 16 bits, dragged through windows in a view of 2 megapixels, painted each time.

Ours is the viewport without its texts. Beside it, in turns and in the same process: pyqtgraph's ImageItem, as it comes
and with autoDownsample, which looks at the pixels of the view alone. One thread each. pyqtgraph (MIT licence) is used
for measuring only; it lives in an environment of its own, made in --env where there is none.

usage: python -m tests.benchmarks.bench_window_level --env DIR [--frames N]
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import numpy as np
import numpy.typing as npt
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication, QWidget

from gui.app import make_application
from gui.viewport.film_view import FilmView
from gui.viewport.prepared import prepare
from imaging.cv import cv2
from imaging.image import DecodedImage, Window
from imaging.study import ImageRef
from tests.benchmarks.beside import python_with

PYQTGRAPH = "pyqtgraph==0.14.0"
FILM_PX, VIEW_PX = 3000, (1440, 1440)
ROOT = Path(__file__).parents[2]
SetWindow = Callable[[Window], None]
Spent = tuple[float, float]  # wall and CPU milliseconds


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--env", type=Path, required=True, help="the environment of pyqtgraph")
    parser.add_argument("--frames", type=int, default=100)
    options = parser.parse_args()
    if importlib.util.find_spec("pyqtgraph") is None:
        command = [str(python_with(PYQTGRAPH, options.env)), "-m", "tests.benchmarks.bench_window_level", *sys.argv[1:]]
        return subprocess.call(command, cwd=ROOT)
    cv2.setNumThreads(1)
    app = make_application()
    pixels = film()
    views = {
        "viewport": ours(pixels),
        "ImageItem": image_item(pixels, downsampled=False),
        "ImageItem, autoDownsample": image_item(pixels, downsampled=True),
    }
    for view, _ in views.values():
        view.resize(*VIEW_PX)
        view.show()
    check(app, views)
    report(measure(app, {name: set_window for name, (_, set_window) in views.items()}, options.frames))
    return 0


def film() -> npt.NDArray[np.uint16]:
    """A smooth film with noise, over all of its 16 bits."""
    y, x = np.indices((FILM_PX, FILM_PX), dtype=np.float32) / FILM_PX
    noise = np.random.default_rng(0).normal(0.0, 0.01, (FILM_PX, FILM_PX)).astype(np.float32)
    shares = 0.5 + 0.35 * np.sin(9 * x) * np.cos(7 * y) + noise
    return np.asarray(np.clip(shares * 65535, 0, 65535), np.uint16)


def ours(pixels: npt.NDArray[np.uint16]) -> tuple[QWidget, SetWindow]:
    view = FilmView()
    view.set_text_mode("off")
    view.show_film(prepare(DecodedImage(ImageRef(Path("film")), pixels, bits=16, voi=(Window(32768, 65536),))))
    return view, view.set_voi


def image_item(pixels: npt.NDArray[np.uint16], *, downsampled: bool) -> tuple[QWidget, SetWindow]:
    """A pyqtgraph view with nothing but the image, fitted."""
    import pyqtgraph as pg  # type: ignore[import-not-found,unused-ignore]

    view: Any = pg.GraphicsView()
    box = pg.ViewBox(lockAspect=True, enableMenu=False, invertY=True)
    box.setDefaultPadding(0)
    view.setCentralItem(box)
    item = pg.ImageItem(pixels, axisOrder="row-major", levels=(0, 65536), autoDownsample=downsampled)
    box.addItem(item)
    box.autoRange(padding=0)
    return view, lambda window: item.setLevels((window.center - window.width / 2, window.center + window.width / 2))


def check(app: QApplication, views: dict[str, tuple[QWidget, SetWindow]]) -> None:
    """All of them show the film, and the same of it: about the same greys in the middle of each."""
    for window in (Window(32768, 65536), Window(20000, 9000)):
        shown = []
        for view, set_window in views.values():
            set_window(window)
            app.processEvents()
            picture = view.grab().toImage().convertToFormat(QImage.Format.Format_Grayscale8)
            lines = np.frombuffer(picture.constBits(), np.uint8).reshape(picture.height(), -1)
            shown.append(cv2.resize(lines[:, : picture.width()][200:1200, 200:1200].copy(), (50, 50), interpolation=3))
        for other in shown[1:]:
            difference = np.abs(shown[0].astype(int) - other)
            assert np.median(difference) <= 3, "they do not show the same"


def measure(app: QApplication, ways: dict[str, SetWindow], frames: int) -> dict[str, list[Spent]]:
    """From a new window to the painted frame, by way."""
    taken: dict[str, list[Spent]] = {name: [] for name in ways}
    for number in range(-3, frames):
        for name, set_window in ways.items():
            wall, cpu = time.perf_counter(), time.process_time()
            set_window(Window(30000 + 40 * number, 40000 + 60 * number))
            app.processEvents()
            if number >= 0:  # the first ones only warm up
                taken[name].append((1e3 * (time.perf_counter() - wall), 1e3 * (time.process_time() - cpu)))
    return taken


def report(taken: dict[str, list[Spent]]) -> None:
    """Medians, and how many times ours each is."""
    print(f"{FILM_PX} x {FILM_PX}, 16 bits, in {VIEW_PX[0]} x {VIEW_PX[1]} px; milliseconds a frame, median\n")
    print(f"{'':28s}{'wall':>8s}{'ratio':>8s}{'CPU':>8s}{'ratio':>8s}{'frames a second of CPU':>26s}")
    own_wall, own_cpu = (statistics.median(side) for side in zip(*taken["viewport"], strict=True))
    for name, spent in taken.items():
        wall, cpu = (statistics.median(side) for side in zip(*spent, strict=True))
        print(f"{name:28s}{wall:8.1f}{wall / own_wall:8.1f}{cpu:8.1f}{cpu / own_cpu:8.1f}{1e3 / cpu:26.0f}")


if __name__ == "__main__":
    sys.exit(main())
