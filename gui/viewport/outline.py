"""A frame around a part of the film: the accent's colour over a dark halo, on any grey."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from gui.theme import PALETTE
from gui.viewport.geometry import film_to_device
from gui.viewport.scene import Shown
from imaging.heatmap import GridRect

LINE_PX, HALO_PX = 2.0, 4.0


def paint_outline(painter: QPainter, outline: GridRect, shown: Shown, device_px: tuple[int, int], ratio: float) -> None:
    """Paint the frame just inside the part, so that the frame of a whole film that fills the view is seen.

    The painter's frame is that of the widget, in logical pixels.
    """
    height, width = shown.film.size_px
    part = QRectF(outline.left * width, outline.top * height, outline.width * width, outline.height * height)
    device = film_to_device(shown.transform, device_px).mapRect(part)
    view = QRectF(device.x() / ratio, device.y() / ratio, device.width() / ratio, device.height() / ratio)
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for colour, line_px in ((QColor(0, 0, 0, 110), HALO_PX), (QColor(PALETTE.accent), LINE_PX)):
        painter.setPen(QPen(colour, line_px, Qt.PenStyle.SolidLine, Qt.PenCapStyle.FlatCap, Qt.PenJoinStyle.MiterJoin))
        painter.drawRect(view.adjusted(LINE_PX / 2, LINE_PX / 2, -LINE_PX / 2, -LINE_PX / 2))
    painter.restore()
