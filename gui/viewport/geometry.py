"""`ViewTransform` as Qt understands it, and the limits of zooming."""

from __future__ import annotations

from enum import StrEnum

from PySide6.QtGui import QTransform

from imaging.show.transform import Size, ViewTransform

SMALLEST_SHARE = 0.25  # of the fitted scale
LARGEST_SCALE = 32.0  # device pixels a film pixel


class Sizing(StrEnum):
    """How the film follows the size of the view; FREE once the reader has zoomed or panned."""

    FIT = "fit"
    FILL = "fill"
    ONE_TO_ONE = "one_to_one"
    FREE = "free"


def film_to_device(transform: ViewTransform, device_px: Size) -> QTransform:
    """The map from the film's continuous pixels to device pixels of the view. `device_px` is (height, width)."""
    x0, y0 = transform.image_to_view((0.0, 0.0), device_px)
    x1, y1 = transform.image_to_view((1.0, 0.0), device_px)
    x2, y2 = transform.image_to_view((0.0, 1.0), device_px)
    return QTransform(x1 - x0, y1 - y0, x2 - x0, y2 - y0, x0, y0)


def sized(transform: ViewTransform, sizing: Sizing, film_px: Size, device_px: Size) -> ViewTransform:
    """The transform brought to a sizing, lying as it lies. One to one keeps what is in the middle of the view."""
    match sizing:
        case Sizing.FIT:
            return transform.fit(film_px, device_px)
        case Sizing.FILL:
            return transform.fill(film_px, device_px)
        case Sizing.ONE_TO_ONE:
            return transform.one_to_one()
        case Sizing.FREE:
            return transform


def limited_zoom(transform: ViewTransform, factor: float, film_px: Size, device_px: Size) -> float:
    """The factor, held so that the film neither shrinks to a stamp nor grows beyond what its pixels can show."""
    smallest = min(transform.fit(film_px, device_px).scale * SMALLEST_SHARE, 1.0)
    largest = max(LARGEST_SCALE, transform.fit(film_px, device_px).scale * 4)
    return min(max(transform.scale * factor, smallest), largest) / transform.scale
