"""The synthetic films: the same for the same seed, and the truth lies where it is said to lie."""

from __future__ import annotations

import numpy as np
import pytest

from imaging.phantom import BITS, make_phantom, to_image

SIZE_PX = (256, 256)


def test_a_seed_gives_the_same_film_twice() -> None:
    first, again = make_phantom(5, SIZE_PX), make_phantom(5, SIZE_PX)
    assert np.array_equal(first.pixels, again.pixels)
    assert (first.opacities, first.window, first.inverted) == (again.opacities, again.window, again.inverted)


def test_seeds_differ() -> None:
    assert not np.array_equal(make_phantom(5, SIZE_PX).pixels, make_phantom(6, SIZE_PX).pixels)


@pytest.mark.parametrize("count", [0, 1, 3])
def test_as_many_opacities_as_asked_for(count: int) -> None:
    assert len(make_phantom(8, SIZE_PX, count).opacities) == count


def test_about_every_second_seed_is_healthy() -> None:
    healthy = sum(not make_phantom(seed, (64, 64)).opacities for seed in range(60))
    assert 18 <= healthy <= 42


def test_pixels_are_twelve_bits_and_read_only() -> None:
    phantom = make_phantom(3, SIZE_PX)
    assert phantom.pixels.dtype == np.uint16
    assert int(phantom.pixels.max()) < 1 << BITS
    with pytest.raises(ValueError, match="read-only"):
        phantom.pixels[0, 0] = 1


@pytest.mark.parametrize("seed", range(6))
def test_planting_changes_the_film_inside_the_ellipse_and_nowhere_far(seed: int) -> None:
    with_one, without = make_phantom(seed, SIZE_PX, 1), make_phantom(seed, SIZE_PX, 0)
    sign = -1.0 if with_one.inverted else 1.0
    brighter = sign * (with_one.pixels.astype(float) - without.pixels.astype(float))
    (opacity,) = with_one.opacities
    rows, columns = np.indices(SIZE_PX) + 0.5
    radius = np.hypot((columns - opacity.cx_px) / opacity.rx_px, (rows - opacity.cy_px) / opacity.ry_px)
    assert brighter[radius < 0.7].mean() > 120
    assert abs(brighter[radius > 3.0].mean()) < 30


def test_size_is_height_and_width() -> None:
    assert make_phantom(1, (96, 160)).pixels.shape == (96, 160)


def test_a_film_too_small_to_draw_is_refused() -> None:
    with pytest.raises(ValueError, match="64 pixels"):
        make_phantom(1, (32, 32))


def test_the_image_carries_the_window_and_the_polarity() -> None:
    phantom = next(p for p in (make_phantom(seed, (64, 64)) for seed in range(50)) if p.inverted)
    image = to_image(phantom)
    assert image.inverted
    assert image.bits == BITS
    assert len(image.voi) == 1
