"""Zoom, pan, turn and mirror: there and back, and what stays where it is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imaging.show.transform import MAX_SCALE, MIN_SCALE, ViewTransform, fitted

COORDINATES = st.floats(-5000, 5000)
POINTS = st.tuples(COORDINATES, COORDINATES)
SIZES = st.tuples(st.integers(1, 4000), st.integers(1, 4000))
TRANSFORMS = st.builds(
    ViewTransform,
    scale=st.floats(MIN_SCALE, MAX_SCALE),
    center_image_px=POINTS,
    rotation_quarter=st.integers(0, 3),
    flip_horizontal=st.booleans(),
    aspect=st.one_of(st.just(1.0), st.floats(1 / 16, 16)),
)


@given(transform=TRANSFORMS, point=POINTS, view=SIZES)
def test_there_and_back(transform: ViewTransform, point: tuple[float, float], view: tuple[int, int]) -> None:
    seen = transform.image_to_view(point, view)
    assert transform.view_to_image(seen, view) == pytest.approx(point, abs=1e-6)


@given(transform=TRANSFORMS, point=POINTS, view=SIZES, factor=st.floats(0.01, 100))
def test_zooming_holds_the_point_under_the_cursor(
    transform: ViewTransform, point: tuple[float, float], view: tuple[int, int], factor: float
) -> None:
    held = transform.view_to_image(point, view)
    zoomed = transform.zoomed_at(point, factor, view)
    assert MIN_SCALE <= zoomed.scale <= MAX_SCALE
    assert zoomed.image_to_view(held, view) == pytest.approx(point, abs=1e-2)


@given(transform=TRANSFORMS, point=POINTS, view=SIZES, delta=POINTS)
def test_panning_moves_every_point_by_the_same(
    transform: ViewTransform, point: tuple[float, float], view: tuple[int, int], delta: tuple[float, float]
) -> None:
    before, after = transform.image_to_view(point, view), transform.panned(delta).image_to_view(point, view)
    assert (after[0] - before[0], after[1] - before[1]) == pytest.approx(delta, abs=1e-3)


@given(transform=TRANSFORMS, point=POINTS)
def test_turns_and_mirrors_are_as_seen_about_the_middle(transform: ViewTransform, point: tuple[float, float]) -> None:
    view = (0, 0)  # the middle at (0, 0)
    x, y = transform.image_to_view(point, view)
    assert transform.rotated(1).image_to_view(point, view) == pytest.approx((-y, x))
    assert transform.flipped_horizontal().image_to_view(point, view) == pytest.approx((-x, y))
    assert transform.flipped_vertical().image_to_view(point, view) == pytest.approx((x, -y))


@given(transform=TRANSFORMS)
def test_four_turns_and_two_mirrors_change_nothing(transform: ViewTransform) -> None:
    assert transform.rotated(3).rotated(1) == transform
    assert transform.flipped_horizontal().flipped_horizontal() == transform
    assert transform.flipped_vertical().flipped_vertical() == transform


@given(film=SIZES, view=SIZES, quarters=st.integers(0, 3))
def test_fit_shows_all_and_fill_leaves_nothing(film: tuple[int, int], view: tuple[int, int], quarters: int) -> None:
    start = ViewTransform(rotation_quarter=quarters)
    corners = [(0.0, 0.0), (float(film[1]), float(film[0]))]
    ratio = max(max(view) / min(film), 1e-9)
    if not MIN_SCALE <= min(view) / max(film) <= ratio <= MAX_SCALE:
        return  # the limits of the zoom go first
    seen = [start.fit(film, view).image_to_view(corner, view) for corner in corners]
    assert all(-1e-6 <= x <= view[1] + 1e-6 and -1e-6 <= y <= view[0] + 1e-6 for x, y in seen)
    film_corners = [start.fill(film, view).image_to_view(corner, view) for corner in corners]
    for axis, length in ((0, view[1]), (1, view[0])):
        low, high = sorted(corner[axis] for corner in film_corners)
        assert low <= 1e-6
        assert high >= length - 1e-6


def test_one_to_one_keeps_the_middle() -> None:
    assert fitted((100, 200), (300, 300)).one_to_one() == ViewTransform(1.0, (100.0, 50.0))


@pytest.mark.parametrize(("aspect", "scale"), [(2.0, 1.0), (0.5, 2.0)])
def test_one_to_one_leaves_no_pixel_out_where_they_are_not_square(aspect: float, scale: float) -> None:
    shown = fitted((100, 200), (300, 300), aspect).one_to_one()
    assert (shown.scale, shown.zoom) == (scale, 1.0)


@pytest.mark.parametrize(("quarters", "size_view"), [(0, (150.0, 300.0)), (1, (300.0, 150.0))])
def test_a_film_of_tall_pixels_is_as_tall_as_it_was(quarters: int, size_view: tuple[float, float]) -> None:
    """50 rows of 200 columns, twice as tall as wide: half as high as wide, however it lies."""
    view = (300, 300)
    lying = ViewTransform(rotation_quarter=quarters, aspect=2.0).fit((50, 200), view)
    (left, top), (right, bottom) = (lying.image_to_view(corner, view) for corner in ((0.0, 0.0), (200.0, 50.0)))
    assert (abs(bottom - top), abs(right - left)) == pytest.approx(size_view)
