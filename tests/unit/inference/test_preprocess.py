from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from PIL import Image

from imaging.errors import Code, FilmError
from imaging.heatmap import GridRect
from imaging.image import DecodedImage, Window
from imaging.show.render import display_pixels
from imaging.study import ImageRef
from inference.scoring.preprocess import PreprocessSpec, fit, grid_rect, load_grey, network_grey, to_input

Fit = Literal["squash", "pad", "crop"]
AS_STORED = (Window(127.5, 255.0, "LINEAR_EXACT"),)


def spec(size_px: int, how: Fit = "squash") -> PreprocessSpec:
    return PreprocessSpec(size_px=size_px, fit=how, mean=(0.5,), std=(0.25,))


def film(pixels: np.ndarray, *, inverted: bool = False) -> DecodedImage:
    return DecodedImage(ImageRef(Path("film")), pixels, 8, inverted=inverted, voi=AS_STORED)


def test_shrinking_averages_areas() -> None:
    checks = np.kron(np.array([[0, 200], [100, 40]], np.uint8), np.ones((8, 8), np.uint8))
    dotted = np.kron(np.ones((8, 8), np.uint8), np.array([[4, 0], [0, 0]], np.uint8)) + checks
    assert fit(dotted.astype(np.uint8), spec(2)).tolist() == [[1, 201], [101, 41]]


def test_a_film_that_shrinks_one_way_only_is_still_averaged() -> None:
    lines = np.tile(np.array([0, 200] * 32, np.uint8), (4, 1))
    assert np.all(fit(lines, spec(8)) == 100)


def test_a_film_of_the_right_size_stays_as_it_is() -> None:
    grey = np.random.default_rng(0).integers(0, 256, (16, 16), np.uint8)
    for how in ("squash", "pad", "crop"):
        assert np.array_equal(fit(grey, spec(16, how)), grey)


def test_padding_keeps_the_shape_and_adds_black() -> None:
    found = fit(np.full((40, 80), 90, np.uint8), spec(20, "pad"))
    assert np.all(found[5:15] == 90)
    assert np.all(found[:5] == 0)
    assert np.all(found[15:] == 0)


def test_cropping_takes_the_middle() -> None:
    wide = np.repeat(np.array([[10] * 20 + [50] * 40 + [90] * 20], np.uint8), 40, axis=0)
    assert np.all(fit(wide, spec(20, "crop")) == 50)


def test_a_strip_is_not_blown_up_to_be_cropped() -> None:
    with pytest.raises(FilmError) as refusal:
        fit(np.zeros((2, 70_000), np.uint8), spec(224, "crop"))
    assert refusal.value.code is Code.TOO_SMALL
    for how in ("squash", "pad"):
        assert fit(np.zeros((2, 70_000), np.uint8), spec(224, how)).shape == (224, 224)


def test_the_grid_lies_where_the_network_looked() -> None:
    assert grid_rect(spec(20), (40, 80)) == GridRect()
    assert grid_rect(spec(20, "pad"), (40, 80)) == GridRect(0.0, -0.5, 1.0, 2.0)
    assert grid_rect(spec(20, "crop"), (40, 80)) == GridRect(0.25, 0.0, 0.5, 1.0)


@given(st.integers(2, 90), st.integers(2, 90), st.integers(8, 40), st.sampled_from(["squash", "pad", "crop"]))
def test_the_grid_covers_the_square_whatever_the_shape(height: int, width: int, side: int, how: Fit) -> None:
    assume(how != "crop" or max(height, width) <= 30 * min(height, width))  # strips are refused, see above
    chosen = spec(side, how)
    found = fit(np.full((height, width), 255, np.uint8), chosen)
    assert found.shape == (side, side)
    rect = grid_rect(chosen, (height, width))
    on_film = [
        (rect.left + (column + 0.5) / side * rect.width, rect.top + (row + 0.5) / side * rect.height)
        for row in range(side)
        for column in range(side)
    ]
    inside = np.array([0 < x < 1 and 0 < y < 1 for x, y in on_film]).reshape(side, side)
    assert np.array_equal(inside, found == 255)


def test_the_network_sees_the_default_window_and_monochrome1() -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (12, 12), np.uint8)
    upright, turned = network_grey(film(pixels), spec(12)), network_grey(film(pixels.copy(), inverted=True), spec(12))
    assert np.array_equal(upright, display_pixels(film(pixels.copy())))
    assert np.array_equal(turned, 255 - upright)


def test_colour_goes_by_luminance() -> None:
    red = np.zeros((10, 10, 3), np.uint8)
    red[..., 0] = 200
    assert np.all(network_grey(film(red), spec(10)) == 60)


def test_input_is_zero_to_one() -> None:
    found = to_input(np.array([[[0, 255], [51, 102]]], np.uint8))
    assert found.dtype == np.float32
    assert found.shape == (1, 1, 2, 2)
    assert found.ravel().tolist() == pytest.approx([0, 1, 0.2, 0.4])


def test_a_jpeg_scaled_on_decoding_looks_the_same_to_the_network(tmp_path: Path) -> None:
    ramp = np.add.outer(np.arange(900) / 8, np.arange(1200) / 10).astype(np.uint8)
    Image.fromarray(ramp).save(tmp_path / "film.jpg", quality=95)
    grey, image = load_grey(ImageRef(tmp_path / "film.jpg"), spec(96))
    assert image.full_size_px == (900, 1200)
    assert image.pixels.shape[0] < 900
    assert np.abs(grey.astype(int) - fit(ramp, spec(96)).astype(int)).mean() < 0.6
