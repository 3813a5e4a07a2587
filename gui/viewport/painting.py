"""Painting a scene. Needs numpy and OpenCV, which the empty window does without: imported for the first film."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QPointF, QSizeF
from PySide6.QtGui import QImage, QPainter

from gui.theme import font
from gui.viewport.corner_text import LinePainter, corner_font, letter_lines, place
from gui.viewport.geometry import film_to_device
from gui.viewport.outline import paint_outline
from gui.viewport.overlay import OverlayPainter, Placement
from gui.viewport.scene import Scene, Shown
from imaging.show.graphics import drawn
from imaging.show.pyramid import Pyramid
from imaging.show.render import ViewSample, resample, tone
from imaging.show.transform import ViewTransform


class ScenePainter:
    """Paints scenes and keeps the picture of the film, so that text and overlay change without rendering it again."""

    def __init__(self) -> None:
        self._sample: ViewSample | None = None
        self._place: object = None
        self._key: object = None
        self._shown: Shown | None = None
        self._pixels: npt.NDArray[np.uint8] | None = None
        self._picture = QImage()
        self._graphics: tuple[object, ...] = ()
        self._graphics_picture = QImage()
        self._overlay = OverlayPainter()
        self._lines = LinePainter()

    def paint(self, painter: QPainter, scene: Scene, size: QSizeF, ratio: float) -> None:
        """Paint into a view of `size` logical pixels with `ratio` device pixels each."""
        device_px = (max(1, round(size.height() * ratio)), max(1, round(size.width() * ratio)))
        painter.drawImage(QPointF(0, 0), self._film(scene.shown, device_px, ratio))
        if scene.graphics is not None:
            painter.drawImage(QPointF(0, 0), self._drawn(scene.graphics, scene.shown.transform, device_px, ratio))
        if scene.overlay is not None:
            to_device = film_to_device(scene.shown.transform, device_px)
            placement = Placement(to_device, scene.shown.film.size_px, device_px, ratio)
            self._overlay.paint(painter, scene.overlay, placement)
        if scene.outline is not None:
            paint_outline(painter, scene.outline, scene.shown, device_px, ratio)
        corners = place(scene.corners, size)
        self._lines.paint(painter, corners, corner_font(size.width()), ratio)
        self._lines.paint(painter, letter_lines(scene.letters, size, corners), font("strong"), ratio)

    def _drawn(self, graphics: Pyramid, transform: ViewTransform, device_px: tuple[int, int], ratio: float) -> QImage:
        """What the file draws, made again where the film moved."""
        key = (graphics, transform, device_px, ratio)
        if key != self._graphics:
            pixels = drawn(graphics, transform, device_px, ratio)
            form = QImage.Format.Format_ARGB32_Premultiplied  # red, green and blue are the same: their order is none
            self._graphics_picture = QImage(pixels.data, device_px[1], device_px[0], pixels.strides[0], form).copy()
            self._graphics_picture.setDevicePixelRatio(ratio)
            self._graphics = key
        return self._graphics_picture

    def _film(self, shown: Shown, device_px: tuple[int, int], ratio: float) -> QImage:
        """The film in the view; resampled where it moved, toned where the window did."""
        place = (id(shown.film), shown.transform, device_px)
        if self._sample is None or place != self._place:
            self._sample, self._place = resample(shown.film.pyramid, shown.transform, device_px), place
            self._key, self._pixels = None, None
        key = (id(shown.table), ratio)
        if key != self._key:
            self._pixels = tone(self._sample, shown.table, self._pixels)
            form = QImage.Format.Format_RGB888 if self._pixels.ndim == 3 else QImage.Format.Format_Grayscale8
            height, width = self._pixels.shape[:2]
            # The picture only points at the pixels, which are kept beside it.
            self._picture = QImage(self._pixels.data, width, height, self._pixels.strides[0], form)
            self._picture.setDevicePixelRatio(ratio)
            self._key = key
            self._shown = shown  # keeps the ids in the keys from being given to others
        return self._picture
