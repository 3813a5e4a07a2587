"""The grey chain against the formulas of PS3.3, worked out by hand or by another route."""

from __future__ import annotations

import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imaging.image import DecodedImage, ModalityLut, Pixels, Rescale, VoiLut, Window
from imaging.show.table import apply_table, display_table, voi_share
from imaging.study import ImageRef

FULL8 = Window(127.5, 255.0, "LINEAR_EXACT")


def film(pixels: Pixels, bits: int = 16, **more: Any) -> DecodedImage:
    return DecodedImage(ImageRef(Path("film")), pixels, bits, **more)


def shown(image: DecodedImage, voi: Window | VoiLut, *, invert: bool = False) -> list[int]:
    return [int(value) for value in apply_table(image.pixels, display_table(image, voi, invert=invert)).ravel()]


def row(values: list[float], dtype: Any = np.int16) -> Pixels:
    return np.array([values], dtype=dtype)


@pytest.mark.parametrize(
    ("window", "value", "share"),
    [
        # PS3.3 C.11.2.1.2.1, note 3: the four examples of LINEAR with an output of 0 to 255
        (Window(2048, 4096), 0, 0.0),
        (Window(2048, 4096), 4095, 1.0),
        (Window(2048, 1), 2047, 0.0),
        (Window(2048, 1), 2048, 1.0),
        (Window(0, 100), -50, 0.0),
        (Window(0, 100), 49, 1.0),
        (Window(0, 100), 0, (0 + 0.5) / 99 + 0.5),
        (Window(0, 1), -1, 0.0),
        (Window(0, 1), 0, 1.0),
        (Window(0, 100, "LINEAR_EXACT"), -50, 0.0),
        (Window(0, 100, "LINEAR_EXACT"), 50, 1.0),
        (Window(0, 100, "LINEAR_EXACT"), 0, 0.5),
        (Window(10, 40, "SIGMOID"), 10, 0.5),
        (Window(10, 40, "SIGMOID"), 30, 1 / (1 + np.exp(-2.0))),
    ],
)
def test_windows_follow_the_standard(window: Window, value: float, share: float) -> None:
    assert voi_share(np.array([value], dtype=float), window)[0] == pytest.approx(share)


def test_grey_is_rounded_to_the_nearest() -> None:
    image = film(row([0, 1, 2, 3, 4], np.uint16))
    assert shown(image, Window(2, 4, "LINEAR_EXACT")) == [0, 64, 128, 191, 255]  # 63.75, 127.5, 191.25


def test_monochrome1_turns_the_display_round_and_the_users_invert_turns_it_back() -> None:
    pixels = row([0, 100, 4095], np.uint16)
    upright, inverted = film(pixels, 12), film(pixels, 12, inverted=True)
    plain = shown(upright, Window(2048, 4096))
    assert shown(inverted, Window(2048, 4096)) == [255 - value for value in plain]
    assert shown(inverted, Window(2048, 4096), invert=True) == plain


def test_rescale_comes_before_the_window() -> None:
    image = film(row([0, 1000, 2000], np.uint16), modality=Rescale(2.0, -1000.0))
    assert shown(image, Window(1000, 4000, "LINEAR_EXACT")) == [0, 128, 255]


def test_a_modality_lut_holds_its_ends() -> None:
    lut = ModalityLut(first=10, bits=8, values=np.array([5, 50, 200], dtype=np.uint16))
    image = film(row([0, 10, 11, 12, 999], np.uint16), modality=lut)
    assert shown(image, FULL8) == [5, 5, 50, 200, 200]


@pytest.mark.parametrize("bits", [8, 10, 12, 14, 16])
def test_a_voi_lut_fills_the_display_by_its_own_depth_whatever_the_datas(bits: int) -> None:
    top = (1 << bits) - 1
    lut = VoiLut(first=0, bits=bits, values=np.linspace(0, top, 256).astype(np.uint16))
    image = film(np.arange(256, dtype=np.uint8)[None], 8)
    assert max(abs(a - b) for a, b in zip(shown(image, lut), range(256), strict=True)) <= 1


def test_a_voi_lut_wider_than_its_stated_depth_does_not_blow_out() -> None:
    lut = VoiLut(first=0, bits=8, values=np.array([0, 1024, 4095], dtype=np.uint16))
    assert shown(film(row([0, 1, 2], np.uint16)), lut) == [0, 64, 255]


def test_a_voi_lut_that_overstates_its_depth_is_not_black() -> None:
    lut = VoiLut(first=0, bits=16, values=np.array([0, 2048, 4095], dtype=np.uint16))
    assert shown(film(row([0, 1, 2], np.uint16)), lut) == [0, 128, 255]


def test_the_first_value_of_a_voi_lut_is_signed_where_the_values_are() -> None:
    lut = VoiLut(first=65436, bits=8, values=np.array([50, 100, 200], dtype=np.uint16))  # 65436 is -100
    assert shown(film(row([-200, -100, -99, -98, 0])), lut) == [50, 50, 100, 200, 200]


def test_padding_is_black_in_both_polarities() -> None:
    for inverted in (False, True):
        image = film(row([2000, 100, 2000], np.uint16), 12, inverted=inverted, padding=(2000, 2000))
        assert shown(image, Window(2048, 4096))[0] == 0
        assert shown(image, Window(2048, 4096))[1] != 0


def test_signed_eight_bits() -> None:
    assert shown(film(row([-128, 0, 127], np.int8), 8), Window(-0.5, 255, "LINEAR_EXACT")) == [0, 128, 255]


@pytest.mark.parametrize("dtype", [np.int32, np.uint32, np.float32])
def test_wide_pixels_are_worked_out_directly(dtype: Any) -> None:
    image = film(row([0, 100_000, 200_000], dtype), 32)
    assert display_table(image, FULL8).entries is None
    assert shown(image, Window(100_000, 200_000, "LINEAR_EXACT")) == [0, 128, 255]


def test_not_a_number_is_black() -> None:
    image = film(row([float("nan"), 1.0, float("inf")], np.float32), 32, inverted=True)
    assert shown(image, Window(0.5, 1.0, "LINEAR_EXACT")) == [0, 0, 0]


def test_colour_films_go_through_unchanged() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (5, 7, 3), dtype=np.uint8)
    image = film(pixels, 8)
    assert np.array_equal(apply_table(pixels, display_table(image, FULL8)), pixels)


WINDOWS = st.builds(
    Window,
    st.floats(-40_000, 70_000),
    st.floats(0.01, 70_000),
    st.sampled_from(["LINEAR", "LINEAR_EXACT", "SIGMOID"]),
)


@given(window=WINDOWS, signed=st.booleans(), slope=st.sampled_from([1.0, 0.5, 2.7]), start=st.integers(0, 60_000))
def test_a_table_is_the_direct_evaluation_and_rises(window: Window, signed: bool, slope: float, start: int) -> None:
    dtype = np.int16 if signed else np.uint16
    stored = np.arange(start, start + 512, dtype=np.int64) - (32768 if signed else 0)
    stored = np.clip(stored, np.iinfo(dtype).min, np.iinfo(dtype).max)
    image = film(stored.astype(dtype)[None], modality=Rescale(slope, -100.0))
    wide = film(stored.astype(np.int32)[None], 32, modality=Rescale(slope, -100.0))
    by_table = shown(image, window)
    assert by_table == shown(wide, window)
    assert by_table == sorted(by_table)
    assert shown(image, window, invert=True) == [255 - value for value in by_table]


def test_wide_pixels_take_little_memory() -> None:
    pixels = np.random.default_rng(1).random((3000, 1000), np.float32)
    table = display_table(film(pixels, 32), Window(0.5, 0.5, "LINEAR_EXACT"))
    tracemalloc.start()
    apply_table(pixels, table)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 3 * pixels.nbytes  # the film at once would take twelve times its bytes


def test_the_sign_of_a_voi_lut_is_that_of_the_whole_film() -> None:
    """Far below the first strip there is one negative value."""
    pixels = np.full((1200, 1000), 5, np.int32)
    pixels[-1, -1] = -100
    lut = VoiLut(65436, 8, np.arange(256, dtype=np.uint16))  # -100 read as unsigned
    grey = apply_table(pixels, display_table(film(pixels, 32), lut))
    assert set(np.unique(grey)) == {0, 105}
