"""What the view paints: the right pixels at the right place, quickly."""

from __future__ import annotations

import tracemalloc
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imaging.cv import cv2
from imaging.image import DecodedImage, Pixels, Window
from imaging.show.pyramid import Pyramid
from imaging.show.render import display_pixels, luminance, resample, tone
from imaging.show.table import DisplayTable, display_table
from imaging.show.transform import ViewTransform, fitted
from imaging.study import ImageRef

AS_STORED = Window(127.5, 255.0, "LINEAR_EXACT")


def film(pixels: Pixels, bits: int = 8, **more: Any) -> DecodedImage:
    return DecodedImage(ImageRef(Path("film")), pixels, bits, voi=(AS_STORED,), **more)


def noise(height: int, width: int, dtype: Any = np.uint8) -> Pixels:
    return np.random.default_rng(1).integers(0, 256, (height, width)).astype(dtype)


def view_of(image: DecodedImage, transform: ViewTransform, size_px: tuple[int, int]) -> Pixels:
    return seen(Pyramid.of(image), display_table(image, AS_STORED), transform, size_px)


def seen(pyramid: Pyramid, table: DisplayTable, transform: ViewTransform, size_px: tuple[int, int]) -> Pixels:
    return tone(resample(pyramid, transform, size_px), table)


def smooth(height: int, width: int) -> Pixels:
    rows, columns = np.indices((height, width))
    return (60 + 100 * rows / height + 60 * columns / width).astype(np.uint8)


@pytest.mark.parametrize("quarters", range(4))
@pytest.mark.parametrize("flip", [False, True])
def test_one_to_one_shows_the_very_pixels_however_it_lies(quarters: int, flip: bool) -> None:
    pixels = noise(60, 40)
    transform = ViewTransform(1.0, (20.0, 30.0), quarters, flip)
    size_px = (60, 40) if quarters % 2 == 0 else (40, 60)
    expected = np.rot90(pixels[:, ::-1] if flip else pixels, -quarters)
    assert np.array_equal(view_of(film(pixels), transform, size_px), expected)


@given(
    st.builds(
        ViewTransform,
        scale=st.floats(0.05, 20),
        center_image_px=st.tuples(st.floats(-20, 120), st.floats(-20, 120)),
        rotation_quarter=st.integers(0, 3),
        flip_horizontal=st.booleans(),
        aspect=st.sampled_from((1.0, 0.4, 2.5)),
    )
)
def test_every_view_pixel_shows_the_point_that_the_transform_names(transform: ViewTransform) -> None:
    pixels, size_px = smooth(90, 110), (37, 52)
    view = view_of(film(pixels), transform, size_px)
    for row, column in ((0, 0), (18, 26), (36, 51), (5, 40)):
        at_x, at_y = transform.view_to_image((column + 0.5, row + 0.5), size_px)
        reach = 1.0 + 1.0 / transform.zoom
        if reach < at_x < 110 - reach and reach < at_y < 90 - reach:
            expected = 60 + 100 * (at_y - 0.5) / 90 + 60 * (at_x - 0.5) / 110
            assert abs(float(view[row, column]) - expected) < 2.5
        elif not (-1e-6 <= at_x <= 110 + 1e-6 and -1e-6 <= at_y <= 90 + 1e-6):
            assert view[row, column] == 0


@pytest.mark.parametrize("aspect", [0.1, 0.3, 3.0, 12.0])
def test_pixels_that_are_not_square_are_averaged_along_their_short_side(aspect: float) -> None:
    """Stripes a pixel wide across the axis that is seen smaller come out as their mean, in every place of the view."""
    stripes = np.where(np.indices((480, 480)).sum(axis=0) % 2, 255, 0).astype(np.uint8)
    scale = 0.9 / max(aspect, 1.0)
    view = view_of(film(stripes), ViewTransform(scale, (240.0, 240.0), aspect=aspect), (40, 30))
    assert np.abs(view.astype(float) - 127.5).max() <= 30


def test_a_film_too_long_for_cv2_is_seen_whatever_its_pixels() -> None:
    pixels = np.full((40_000, 8), 90, np.uint8)
    view = view_of(film(pixels), fitted((40_000, 8), (3000, 9), 1 / 14), (3000, 9))
    assert np.unique(view[:, 4]).tolist() == [90]


@pytest.mark.parametrize("dtype", [np.uint8, np.int8, np.uint16, np.int16, np.float32])
def test_the_picture_of_the_last_window_is_written_over(dtype: Any) -> None:
    image = film(noise(40, 60).astype(dtype))
    sample = resample(Pyramid.of(image), fitted((40, 60), (50, 50)).rotated(1), (50, 50))
    first, second = (display_table(image, Window(center, 90)) for center in (60, 100))
    again = tone(sample, first)
    assert tone(sample, second, again) is again
    assert np.array_equal(again, tone(sample, second))
    assert not again[:, :5].any(), "beside the film it is black"


def test_pixels_are_squares_when_magnified_far() -> None:
    pixels = noise(4, 4)
    assert np.array_equal(
        view_of(film(pixels), fitted((4, 4), (64, 64)), (64, 64)), pixels.repeat(16, axis=0).repeat(16, axis=1)
    )


@pytest.mark.parametrize("factor", [2, 3, 5.5, 8])
def test_minification_is_as_clean_as_area_averaging(factor: float) -> None:
    height = width = 792
    pixels = noise(height, width, np.uint16) * 16
    size_px = (int(height / factor), int(width / factor))
    image = DecodedImage(ImageRef(Path("film")), pixels, 12, voi=(Window(2048, 4096),))
    view = seen(Pyramid.of(image), display_table(image, Window(2048, 4096)), fitted((792, 792), size_px), size_px)
    ideal = cv2.resize(display_pixels(image), size_px[::-1], interpolation=cv2.INTER_AREA)
    rough = pixels[:: int(factor), :: int(factor)] / 16.0
    error = np.abs(view[2:-2, 2:-2].astype(float) - ideal[2:-2, 2:-2]).mean()
    assert error < 0.17 * rough.std()
    assert view.std() < 1.12 * ideal.std()


def test_beyond_the_film_there_is_black() -> None:
    view = view_of(film(np.full((10, 10), 200, np.uint8)), ViewTransform(1.0, (5.0, 5.0)), (30, 20))
    assert (view == 200).sum() == 100
    assert np.array_equal(view[10:20, 5:15], np.full((10, 10), 200))


def test_a_film_out_of_sight_is_all_black() -> None:
    assert view_of(film(noise(10, 10)), ViewTransform(1.0, (500.0, 5.0)), (30, 20)).max() == 0


@pytest.mark.parametrize("shape", [(1, 1), (1, 3000), (3000, 1), (3001, 2999)])
def test_odd_films(shape: tuple[int, int]) -> None:
    view = view_of(film(np.full(shape, 90, np.uint8)), fitted(shape, (100, 100)), (100, 100))
    assert set(np.unique(view)) <= {0, 90}
    assert 90 in view


@pytest.mark.parametrize("dtype", [np.uint8, np.int8, np.uint16, np.int16, np.int32, np.uint32, np.float32])
def test_every_type_of_pixel(dtype: Any) -> None:
    pixels = (smooth(200, 200) // 2).astype(dtype)
    view = view_of(film(pixels), fitted((200, 200), (71, 71)), (71, 71))
    ideal = cv2.resize(pixels.astype(np.float32), (71, 71), interpolation=cv2.INTER_AREA)
    assert np.abs(view - ideal).max() <= 1.5


def test_colour_films_keep_their_channels() -> None:
    pixels = np.zeros((50, 50, 3), np.uint8)
    pixels[..., 1] = 77
    view = view_of(film(pixels), ViewTransform(0.5, (25.0, 25.0), 1), (20, 30))
    assert view.shape == (20, 30, 3)
    assert tuple(view[10, 15]) == (0, 77, 0)


def test_padding_does_not_bleed_into_the_film() -> None:
    pixels = np.full((256, 256), 1000, np.uint16)
    pixels[:, ::2] = 4000
    pixels[:100] = 4000
    levels = Pyramid.of(film(pixels, 12, padding=(4000, 4000))).levels
    assert set(np.unique(levels[1])) == {1000, 4000}
    assert set(np.unique(levels[2])) == {1000, 4000}


def test_levels_are_means_and_read_only() -> None:
    pyramid = Pyramid.of(film(smooth(500, 301)))
    assert [level.shape for level in pyramid.levels[:3]] == [(500, 301), (250, 151), (125, 76)]
    assert pyramid.levels[1][3, 4] == pytest.approx(smooth(500, 301)[6:8, 8:10].mean(), abs=0.5)
    assert not any(level.flags.writeable for level in pyramid.levels)
    assert [pyramid.level_for(scale) for scale in (4.0, 1.0, 0.51, 0.5, 0.26, 0.25)] == [0, 0, 0, 1, 1, 2]


def test_a_sample_is_toned_anew_in_the_place_of_its_last_view() -> None:
    image = film(noise(300, 300))
    pyramid, transform = Pyramid.of(image), fitted((300, 300), (100, 100))
    sample = resample(pyramid, replace(transform, rotation_quarter=3), (100, 100))
    hard, soft = (display_table(image, Window(90, width)) for width in (40, 200))
    first = tone(sample, hard)
    expected = tone(sample, soft)
    assert not np.array_equal(first, expected)
    assert tone(sample, soft, first) is first
    assert np.array_equal(first, expected)


def test_luminance_of_grey_is_itself_and_green_is_brightest() -> None:
    grey = np.arange(256, dtype=np.uint8)[None]
    assert np.array_equal(luminance(np.stack([grey] * 3, axis=-1)), grey)
    assert luminance(np.eye(3, dtype=np.uint8)[None] * 255).tolist() == [[76, 150, 29]]


def test_padded_films_are_halved_with_little_memory() -> None:
    pixels = np.random.default_rng(2).integers(0, 4096, (3000, 1000), dtype=np.uint16)
    pixels[:, :100] = 0
    image = DecodedImage(ImageRef(Path("f")), pixels, 12, padding=(0.0, 0.0))
    tracemalloc.start()
    level = Pyramid.of(image).levels[1]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2 * pixels.nbytes
    blocks = pixels.reshape(1500, 2, 500, 2).astype(np.float64)
    weights = (blocks > 0).sum((1, 3))
    means = np.floor(blocks.sum((1, 3)) / np.maximum(weights, 1) + 0.5)
    assert np.array_equal(level, means)
