"""The file's graphics in a view: where they belong, and strong enough to be seen."""

from __future__ import annotations

import numpy as np
import pytest

from imaging.show.graphics import drawn
from imaging.show.pyramid import Pyramid
from imaging.show.transform import ViewTransform, fitted


def line(rows: int = 400, columns: int = 600) -> Pyramid:
    """A vertical line one pixel wide at column 150."""
    mask = np.zeros((rows, columns), np.uint8)
    mask[:, 150] = 255
    return Pyramid.of_pixels(mask)


@pytest.mark.parametrize("scale", [0.12, 0.3, 0.77, 1.0, 2.5])
@pytest.mark.parametrize("aspect", [1.0, 1.6])
def test_a_thin_line_is_as_strong_however_small_the_film_is_seen(scale: float, aspect: float) -> None:
    transform = ViewTransform(scale, (300.0, 200.0), aspect=aspect)
    shown = drawn(line(), transform, (60, 90))
    x, _ = transform.image_to_view((150.5, 200.0), (60, 90))
    if not 2 <= x < 88:
        shown = drawn(line(), transform.panned((45 - x, 0)), (60, 90))
        x = 45.0
    middle = shown[30, :, 0].astype(int)
    assert middle.sum() >= 0.9 * 255 * max(scale, 1.0)
    assert abs(float((middle * (np.arange(90) + 0.5)).sum() / middle.sum()) - x) < 0.6


def test_a_line_has_a_dark_rim_and_nothing_else_is_covered() -> None:
    shown = drawn(line(), ViewTransform(1.0, (150.5, 200.0)), (20, 21))
    assert shown[10, 10].tolist() == [255, 255, 255, 255]
    assert shown[10, 9].tolist() == [0, 0, 0, 153]
    assert not shown[:, :7].any()
    assert (shown[..., 0] <= shown[..., 3]).all(), "alpha is multiplied in"


def test_it_turns_with_the_film() -> None:
    view = drawn(line(), fitted((400, 600), (200, 200)).rotated(1), (200, 200))
    rows = np.nonzero(view[:, 100, 0] > 100)[0]
    _, y = fitted((400, 600), (200, 200)).rotated(1).image_to_view((150.5, 200.0), (200, 200))
    assert np.abs(rows + 0.5 - y).max() <= 1.0


def test_beside_the_film_there_is_nothing() -> None:
    assert not drawn(line(), ViewTransform(1.0, (9000.0, 0.0)), (20, 20)).any()
