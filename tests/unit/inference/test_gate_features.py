"""What the gate sees of a picture: the layout bears other exposures, the quality tells them."""

from __future__ import annotations

import numpy as np
import pytest

from imaging.cv import cv2
from inference.gate.gate_features import LAYOUT_LENGTH, layout, layouts, quality
from inference.scoring.preprocess import Grey
from tests.gate_films import phantom_grey


def _exposed(film: Grey, gain: float = 1.0, gamma: float = 1.0) -> Grey:
    return np.asarray(np.clip((film / 255.0) ** gamma * gain, 0, 1) * 255, np.uint8)


def _apart(one: Grey, other: Grey) -> float:
    return float(np.square(layout(one) - layout(other)).sum())


@pytest.mark.parametrize("side_px", [32, 64, 96, 224, 299])
def test_a_layout_has_one_length_whatever_the_input(side_px: int) -> None:
    film = np.asarray(cv2.resize(phantom_grey(1), (side_px, side_px)))
    assert layout(film).shape == (LAYOUT_LENGTH,)
    assert layout(film).dtype == np.float32
    assert np.isfinite(layout(film)).all()


def test_many_layouts_are_those_of_each() -> None:
    films = np.stack([phantom_grey(1), phantom_grey(2)])
    np.testing.assert_array_equal(layouts(films)[1], layout(films[1]))


def test_another_exposure_is_the_same_layout_and_a_negative_is_not() -> None:
    film = phantom_grey(1)
    turned_round = np.asarray(255 - film)
    for other in (_exposed(film, 0.6), _exposed(film, gamma=0.7), _exposed(film, gamma=1.4)):
        assert _apart(film, other) < 0.2 * _apart(film, turned_round)
    assert _apart(film, film[::-1]) > 5 * _apart(film, _exposed(film, 0.6))


def test_a_constant_film_has_a_layout_of_numbers() -> None:
    assert np.isfinite(layout(np.full((96, 96), 17, np.uint8))).all()


def test_quality_tells_one_grey_from_a_film() -> None:
    assert quality(np.full((96, 96), 200, np.uint8)).spread == 0.0
    assert quality(phantom_grey(1)).spread > 0.3


def test_quality_tells_noise_blur_and_clipping() -> None:
    film = phantom_grey(1)
    plain = quality(film)
    rng = np.random.default_rng(0)
    noisy = np.clip(film + rng.normal(0, 40, film.shape), 0, 255).astype(np.uint8)
    blurred = np.asarray(cv2.GaussianBlur(film, (0, 0), 4.0))
    assert quality(noisy).noise > 4 * plain.noise
    assert quality(blurred).sharpness < 0.7 * plain.sharpness
    assert quality(_exposed(film, 3.0)).clipped > 0.4 > plain.clipped
