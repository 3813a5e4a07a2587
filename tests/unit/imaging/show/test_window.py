"""Which window a film opens with: robust where the file says nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from imaging.image import DecodedImage, ModalityLut, Pixels, Rescale, VoiLut, Window
from imaging.phantom import make_phantom, to_image
from imaging.show.render import display_pixels
from imaging.show.window import PRESETS, automatic_window, choices, default_voi, full_range, preset_window
from imaging.study import ImageRef

SIZE_PX = (400, 400)
LUT = VoiLut(0, 8, np.arange(256, dtype=np.uint16))


def film(pixels: Pixels, bits: int = 16, **more: Any) -> DecodedImage:
    return DecodedImage(ImageRef(Path("film")), pixels, bits, **more)


def upright(seed: int) -> Pixels:
    phantom = make_phantom(seed, SIZE_PX)
    return (4095 - phantom.pixels if phantom.inverted else phantom.pixels).copy()


def ends(window: Window) -> tuple[float, float]:
    """What is shown black and white."""
    return window.center - window.width / 2, window.center + window.width / 2


def test_a_voi_lut_goes_before_a_window() -> None:
    window = Window(10, 20)
    image = film(np.zeros((2, 2), np.uint16), voi=(window, LUT))
    assert default_voi(image) is LUT
    assert choices(image) == (window, LUT)


def test_the_files_first_window_is_the_default() -> None:
    image = film(np.zeros((2, 2), np.uint16), voi=(Window(1, 2), Window(3, 4)))
    assert default_voi(image) == Window(1, 2)


@pytest.mark.parametrize("broken", [Window(float("nan"), 10), Window(5, 0), Window(5, -20), Window(5, float("inf"))])
def test_windows_that_show_nothing_are_passed_over(broken: Window) -> None:
    image = film(np.arange(400, dtype=np.uint16).reshape(20, 20), voi=(broken,))
    assert choices(image) == ()
    assert isinstance(default_voi(image), Window)
    assert default_voi(image) != broken


@pytest.mark.parametrize("seed", range(8))
def test_the_automatic_window_is_near_the_radiographers(seed: int) -> None:
    phantom = make_phantom(seed, SIZE_PX)
    found, wanted = automatic_window(to_image(phantom)), Window(*phantom.window)
    low, high = ends(found)
    assert abs(low - ends(wanted)[0]) < 0.15 * wanted.width
    assert abs(high - ends(wanted)[1]) < 0.15 * wanted.width


@pytest.mark.parametrize("border", [0, 4095])
def test_a_wide_collimator_border_changes_little(border: int) -> None:
    pixels = upright(4)
    before = automatic_window(film(pixels.copy()))
    pixels[:, :60] = border
    pixels[-50:] = border
    after = automatic_window(film(pixels))
    assert abs(after.center - before.center) < 0.10 * before.width
    assert abs(after.width - before.width) < 0.18 * before.width


def test_burned_in_markers_change_little() -> None:
    pixels = upright(4)
    before = automatic_window(film(pixels.copy()))
    pixels[20:45, 15:40] = 65535
    pixels[150:156, 20:90] = 65535
    after = automatic_window(film(pixels))
    assert abs(after.width - before.width) < 0.15 * before.width


def test_padding_is_not_looked_at() -> None:
    pixels = upright(4)
    before = automatic_window(film(pixels.copy()))
    pixels[:, 330:] = 60_000
    pixels[:45] = 60_000
    after = automatic_window(film(pixels, padding=(60_000, 60_000)))
    assert abs(after.width - before.width) < 0.10 * before.width


def test_both_polarities_get_the_mirrored_window() -> None:
    pixels = upright(4)
    plain = automatic_window(film(pixels, 12))
    mirrored = automatic_window(film(4095 - pixels, 12, inverted=True))
    assert mirrored.width == pytest.approx(plain.width, abs=2)  # rounded outwards at either end
    assert mirrored.center == pytest.approx(4095 - plain.center, abs=2)


def test_twelve_bits_in_a_png_of_sixteen_are_neither_black_nor_white() -> None:
    shown = display_pixels(film(upright(3)))
    assert 60 < shown.mean() < 180
    assert np.percentile(shown, 97) - np.percentile(shown, 3) > 130


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int16, np.float32])
def test_a_constant_film_gives_a_window_of_some_width(dtype: Any) -> None:
    image = film(np.full((50, 60), 90, dtype), 8 if dtype == np.uint8 else 16)
    assert automatic_window(image).width > 0
    assert len(np.unique(display_pixels(image))) == 1


def test_eight_bits_that_use_their_range_show_as_they_are() -> None:
    pixels = np.arange(256, dtype=np.uint8).repeat(64).reshape(128, 128)
    assert np.array_equal(display_pixels(film(pixels, 8)), pixels)


def test_eight_bits_that_do_not_are_spread() -> None:
    pixels = np.clip(upright(3) // 64 + 90, 0, 255).astype(np.uint8)
    assert automatic_window(film(pixels, 8)).width < 100


def test_floats_of_a_small_range_and_holes() -> None:
    pixels = (upright(3) / 4095.0).astype(np.float32)
    pixels[0, :50] = np.nan
    pixels[1, 0] = np.inf
    window = automatic_window(film(pixels, 32))
    assert window.function == "LINEAR_EXACT"
    assert 0.2 < window.width < 1.1


def test_nothing_but_padding() -> None:
    image = film(np.full((20, 20), 7, np.uint16), padding=(7, 7))
    assert display_pixels(image).max() == 0


@pytest.mark.parametrize("shape", [(1, 1), (1, 700), (3, 2), (700, 1)])
def test_tiny_films(shape: tuple[int, int]) -> None:
    pixels = np.arange(shape[0] * shape[1], dtype=np.uint16).reshape(shape)
    assert display_pixels(film(pixels)).shape == shape


@pytest.mark.parametrize(
    ("dtype", "bits", "low", "high"),
    [(np.uint16, 12, 0, 4095), (np.int16, 12, -2048, 2047), (np.uint8, 8, 0, 255), (np.int16, 16, -32768, 32767)],
)
def test_the_full_range_goes_by_bits_and_sign(dtype: Any, bits: int, low: int, high: int) -> None:
    assert ends(full_range(film(np.zeros((2, 2), dtype), bits))) == (low, high)


def test_the_full_range_of_floats_and_of_falling_rescale_and_of_a_modality_lut() -> None:
    floats = np.array([[0.25, np.inf], [np.nan, 0.75]], np.float32)
    assert ends(full_range(film(floats, 32))) == pytest.approx((0.25, 0.75))
    falling = film(np.zeros((2, 2), np.uint16), 12, modality=Rescale(-1.0, 10.0))
    assert ends(full_range(falling)) == (-4085, 10)
    lut = ModalityLut(0, 10, np.arange(4, dtype=np.uint16))
    assert ends(full_range(film(np.zeros((2, 2), np.uint16), 12, modality=lut))) == (0, 1023)


def test_presets_shift_towards_the_bright_end_in_both_polarities() -> None:
    base = Window(1000, 500)
    brighter = next(preset for preset in PRESETS if preset.shift > 0)
    plain, mirrored = (film(np.zeros((2, 2), np.uint16), inverted=inverted) for inverted in (False, True))
    assert preset_window(plain, brighter, base).center > 1000
    assert preset_window(mirrored, brighter, base).center < 1000
