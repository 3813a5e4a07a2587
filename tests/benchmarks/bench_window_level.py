"""Window/level on a 3000x3000 16-bit film: a painted frame of the viewport against the usual way of doing it.

usage: python -m tests.benchmarks.bench_window_level [--frames N]

The usual way: numpy maps the whole film to 8 bits, QImage scales it smoothly into the view. Both paint the same film
into a window of 1000x1000 pixels with the same windows; they take turns, and the median frame of each counts.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage, QPainter, QPaintEvent
from PySide6.QtWidgets import QApplication, QWidget

from gui.app import make_application
from gui.viewport.film_view import FilmView
from gui.viewport.prepared import prepare
from imaging.image import DecodedImage, Window
from imaging.study import ImageRef

FILM_PX, VIEW_PX = 3000, 1000


class UsualView(QWidget):
    """What a program does that keeps the film as one array."""

    def __init__(self, pixels: npt.NDArray[np.uint16]) -> None:
        super().__init__()
        self._pixels = pixels
        self._grey: npt.NDArray[np.uint8] = np.zeros(pixels.shape, np.uint8)

    def set_window(self, window: Window) -> None:
        low = window.center - window.width / 2
        share = (self._pixels.astype(np.float32) - low) * (255 / window.width)
        self._grey = np.clip(share, 0, 255).astype(np.uint8)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        height, width = self._grey.shape
        image = QImage(self._grey.data, width, height, width, QImage.Format.Format_Grayscale8)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawImage(self.rect(), image.scaled(self.size(), mode=Qt.TransformationMode.SmoothTransformation))
        painter.end()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, default=60)
    frames = parser.parse_args().frames
    app = make_application()
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 1 << 12, (FILM_PX, FILM_PX)).astype(np.uint16)
    image = DecodedImage(ImageRef(Path("film")), pixels, bits=16, voi=(Window(2048, 4096),))
    ours, usual = FilmView(), UsualView(pixels)
    ours.show_film(prepare(image))
    for view in (ours, usual):
        view.resize(VIEW_PX, VIEW_PX)
        view.show()
    times = measure(app, {"viewport": ours.set_voi, "whole film in numpy": usual.set_window}, frames)
    for name, frame_ms in times.items():
        ratio = f"  the viewport is {frame_ms / times['viewport']:.1f} times faster" if name != "viewport" else ""
        print(f"{name:22s}{frame_ms:8.1f} ms a frame{ratio}")


def measure(app: QApplication, ways: dict[str, Callable[[Window], None]], frames: int) -> dict[str, float]:
    """The median milliseconds from a new window to the painted frame, by way."""
    taken: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(frames):
        for name, set_window in ways.items():
            start = time.perf_counter()
            set_window(Window(1500 + 10 * number, 3000 + 10 * number))
            app.processEvents()
            taken[name].append(1e3 * (time.perf_counter() - start))
    return {name: statistics.median(values) for name, values in taken.items()}


if __name__ == "__main__":
    main()
