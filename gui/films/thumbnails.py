"""Small pictures of the films that the window shows, and of no others."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QImage

from gui.jobs import JobHandle, Jobs, Lane
from imaging.cache import ByteCache
from imaging.errors import NegatoscopeError
from imaging.study import ImageRef

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from imaging.image import DecodedImage

SIDE_PX = 144  # twice the largest that is shown, for sharp screens
CACHE_BYTES = 16 * 2**20  # some 700
PRIORITY = 10
IN_FLIGHT = 2
WAITING = 48  # rows; a long list that is scrolled through asks for more than it will show

Make = Callable[[], "npt.NDArray[np.uint8]"]


class Thumbnails(QObject):
    """Asked for as they are painted; what was asked for last comes first, what scrolled away is forgotten."""

    thumbnail_made = Signal(str)  # key

    def __init__(self, jobs: Jobs, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._jobs = jobs
        self._cache: ByteCache[str, QImage] = ByteCache(CACHE_BYTES, size_of=lambda image: int(image.sizeInBytes()))
        self._waiting: OrderedDict[str, Make] = OrderedDict()
        self._running: dict[str, JobHandle] = {}
        self._failed: set[str] = set()

    def get(self, ref: ImageRef) -> QImage | None:
        """The picture if it is at hand; else it is asked for."""
        return self._get(ref.key, partial(make_thumbnail, ref, SIDE_PX))

    def get_synthetic(self, number: int) -> QImage | None:
        """The picture of a synthetic film that the practice model learnt from, likewise."""
        return self._get(synthetic_key(number), partial(make_synthetic, number, SIDE_PX))

    def _get(self, key: str, make: Make) -> QImage | None:
        image = self._cache.get(key)
        if image is None and key not in self._failed and key not in self._running:
            self._waiting[key] = make
            self._waiting.move_to_end(key)
            while len(self._waiting) > WAITING:
                self._waiting.popitem(last=False)
            self._advance()
        return image

    def try_again(self, key: str) -> None:
        """The film's file is there again."""
        self._failed.discard(key)

    @property
    def settled(self) -> bool:
        return not self._waiting and not self._running

    def clear(self) -> None:
        for handle in self._running.values():
            handle.cancel()
        self._running.clear()
        self._waiting.clear()
        self._failed.clear()
        self._cache.clear()

    def _advance(self) -> None:
        while self._waiting and len(self._running) < IN_FLIGHT:
            key, make = self._waiting.popitem()
            self._running[key] = self._submit(key, make)

    def _submit(self, key: str, make: Make) -> JobHandle:
        return self._jobs.submit(
            Lane.IO,
            lambda token, progress: make(),
            done=lambda pixels: self._made(key, pixels),
            failed=lambda error: self._refused(key, error),
            priority=PRIORITY,
        )

    def _made(self, key: str, pixels: npt.NDArray[np.uint8]) -> None:
        self._running.pop(key, None)
        self._cache.put(key, to_qimage(pixels))
        self.thumbnail_made.emit(key)
        self._advance()

    def _refused(self, key: str, error: NegatoscopeError) -> None:
        """Remembered, so that a broken file is not decoded again at each paint; the reading of it says why."""
        self._running.pop(key, None)
        self._failed.add(key)
        self._advance()


def synthetic_key(number: int) -> str:
    """What names the picture of a synthetic film."""
    return f"synthetic film {number}"


def to_qimage(pixels: npt.NDArray[Any]) -> QImage:
    """A copy of uint8 [H, W] or [H, W, 3] as a QImage."""
    import numpy as np

    height, width = pixels.shape[:2]
    flat = np.ascontiguousarray(pixels)
    form = QImage.Format.Format_Grayscale8 if flat.ndim == 2 else QImage.Format.Format_RGB888
    return QImage(flat.data, width, height, flat.strides[0], form).copy()


# On a worker's thread.


def make_thumbnail(ref: ImageRef, side_px: int) -> npt.NDArray[np.uint8]:
    """The film as it shows on opening, filling a square of `side_px`. uint8 [S, S] or [S, S, 3]. Raises FilmError."""
    from imaging.read.budget import BUDGET
    from imaging.read.decode import decode_reduced

    with BUDGET.film():
        return _square(decode_reduced(ref, (side_px, side_px)), side_px)


def make_synthetic(number: int, side_px: int) -> npt.NDArray[np.uint8]:
    """A synthetic film, drawn anew, likewise."""
    from imaging.phantom import to_image
    from imaging.phantom_teaching import teaching_phantom

    return _square(to_image(teaching_phantom(number)), side_px)


def _square(image: DecodedImage, side_px: int) -> npt.NDArray[np.uint8]:
    from imaging.cv import cv2
    from imaging.show.render import display_pixels

    pixels = display_pixels(image)
    height, width = pixels.shape[:2]
    shown = min(height * image.pixel_aspect, width)  # the side of the square, in widths of a pixel
    down, across = max(round(shown / image.pixel_aspect), 1), max(round(shown), 1)
    top, left = (height - down) // 2, (width - across) // 2
    square = pixels[top : top + down, left : left + across]
    for size in ((side_px, down), (side_px, side_px)):  # cv2's area averaging holds only where both axes shrink
        shrinks = size[0] <= square.shape[1] and size[1] <= square.shape[0]
        square = cv2.resize(square, size, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)
    return square
