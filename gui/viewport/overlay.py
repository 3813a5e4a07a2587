"""The heat map over the film: an indexed picture whose colour table alone changes with threshold and opacity."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPainterPath, QPen, QPolygonF, QTransform

from gui.viewport.scene import Overlay
from imaging.cv import cv2
from imaging.heatmap import Heatmap
from imaging.show.heatmap import colour_table, contour, on_film

MAP_SIDE_PX = 1024  # a heat map's grid has some ten cells across: finer than this shows nothing more
CONTOUR_COLOUR = "#ffd88a"
CONTOUR_SLACK = 0.0004  # in shares of the film: under half a pixel of a view of 1,000
CONTOUR_PX = 1.6
CONTOUR_HALO_PX = 3.4


@dataclass(frozen=True, slots=True)
class Placement:
    """How the film lies in the view. Sizes are (height, width).

    `film_to_device` maps the continuous pixel frame of the film to device pixels of the view.
    """

    film_to_device: QTransform
    film_px: tuple[int, int]
    device_px: tuple[int, int]
    ratio: float


class OverlayPainter:
    """Paints overlays and keeps what did not change.

    From the grid to the film once a film; from there to the view where the film moved; a new colour table and a new
    contour where threshold or opacity did. A window that is dragged below the overlay costs one copy of the picture.
    """

    def __init__(self) -> None:
        self._overlay: Overlay | None = None
        self._placement: Placement | None = None
        self._map: npt.NDArray[np.uint8] = np.zeros((1, 1), np.uint8)
        self._in_view: npt.NDArray[np.uint8] = self._map
        self._contour = QPainterPath()
        self._picture = QImage()

    def paint(self, painter: QPainter, overlay: Overlay, placement: Placement) -> None:
        """Paint over the film's rectangle only. The painter's own frame is that of the widget, in logical pixels."""
        last, self._overlay = self._overlay, overlay
        moved = placement != self._placement
        new_map = last is None or last.heatmap is not overlay.heatmap
        if new_map or self._placement is None or placement.film_px != self._placement.film_px:
            self._map = _on_film(overlay.heatmap, placement.film_px)
            moved = True
        self._placement = placement
        if moved:
            self._in_view = _warped(self._map, placement)
        if new_map or (last is not None and last.threshold != overlay.threshold):
            self._contour = _outline(overlay)
        if moved or last is not overlay:
            self._picture = self._drawn(overlay, placement)
        painter.drawImage(QPointF(0, 0), self._picture)

    def _drawn(self, overlay: Overlay, placement: Placement) -> QImage:
        """Heat and contour on a transparent picture of the view."""
        height, width = placement.device_px
        heat = QImage(self._in_view.data, width, height, self._in_view.strides[0], QImage.Format.Format_Indexed8)
        heat.setColorTable(_argb(overlay))
        picture = QImage(width, height, QImage.Format.Format_ARGB32_Premultiplied)
        picture.fill(Qt.GlobalColor.transparent)
        painter = QPainter(picture)
        film_height, film_width = placement.film_px
        # Films are turned by quarters alone: their outline is a rectangle, which clips faster than a path.
        painter.setClipRect(placement.film_to_device.mapRect(QRectF(0, 0, film_width, film_height)))
        painter.drawImage(0, 0, heat)
        shares_to_device = QTransform.fromScale(film_width, film_height) * placement.film_to_device
        _draw_contour(painter, shares_to_device.map(self._contour), placement.ratio)
        painter.end()
        picture.setDevicePixelRatio(placement.ratio)
        return picture


def _on_film(heatmap: Heatmap, film_px: tuple[int, int]) -> npt.NDArray[np.uint8]:
    """The map in the film's shape, uint8 [h, w], no side longer than MAP_SIDE_PX."""
    reduce = min(1.0, MAP_SIDE_PX / max(film_px))
    return on_film(heatmap, (max(1, round(film_px[0] * reduce)), max(1, round(film_px[1] * reduce))))


def _argb(overlay: Overlay) -> list[int]:
    """The 256 colours as Qt takes them: 0xAARRGGBB."""
    rows = colour_table(overlay.threshold, overlay.opacity).astype(np.uint32)
    table: list[int] = ((rows[:, 3] << 24) | (rows[:, 0] << 16) | (rows[:, 1] << 8) | rows[:, 2]).tolist()
    return table


def _outline(overlay: Overlay) -> QPainterPath:
    """The line at the heat threshold, in shares of the film, without points that nobody could see missing."""
    path = QPainterPath()
    for line in contour(overlay.heatmap, overlay.threshold):
        corners = cv2.approxPolyDP(line.astype(np.float32), CONTOUR_SLACK, True)[:, 0, :]
        path.addPolygon(QPolygonF([QPointF(x, y) for x, y in corners.tolist()]))
        path.closeSubpath()
    return path


def _draw_contour(painter: QPainter, line: QPainterPath, ratio: float) -> None:
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for colour, width_px in ((QColor(0, 0, 0, 110), CONTOUR_HALO_PX), (QColor(CONTOUR_COLOUR), CONTOUR_PX)):
        pen = QPen(colour, width_px * ratio)
        pen.setCosmetic(True)
        pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
        painter.setPen(pen)
        painter.drawPath(line)


def _warped(on_film_map: npt.NDArray[np.uint8], placement: Placement) -> npt.NDArray[np.uint8]:
    """The map as it lies in the view, uint8 [h, w]; its edge carries on beyond the film, where nothing is painted."""
    (film_height, film_width), (height, width) = placement.film_px, placement.device_px
    scale_y, scale_x = film_height / on_film_map.shape[0], film_width / on_film_map.shape[1]
    # OpenCV counts from the middle of the first pixel, the continuous frame from its corner.
    shifted = QTransform.fromTranslate(0.5, 0.5) * QTransform.fromScale(scale_x, scale_y) * placement.film_to_device
    to_view = shifted * QTransform.fromTranslate(-0.5, -0.5)
    matrix = np.array([[to_view.m11(), to_view.m21(), to_view.dx()], [to_view.m12(), to_view.m22(), to_view.dy()]])
    warped = cv2.warpAffine(
        on_film_map, matrix, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return np.ascontiguousarray(warped, dtype=np.uint8)
