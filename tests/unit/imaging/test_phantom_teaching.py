"""The synthetic films that the practice model learns from: cards name them by their numbers alone."""

from __future__ import annotations

import numpy as np

from imaging.phantom import make_phantom
from imaging.phantom_teaching import is_ill, teaching_phantom


def test_a_number_says_whether_opacities_are_planted_and_how_many() -> None:
    for number, planted in ((0, 0), (1, 1), (3, 2), (5, 3), (7, 1)):
        film = teaching_phantom(number)
        assert len(film.opacities) == planted
        assert is_ill(number) is (planted > 0)


def test_the_films_stay_what_the_sealed_model_learnt_from() -> None:
    film = teaching_phantom(100_003)
    assert film.pixels.shape == (512, 512)
    np.testing.assert_array_equal(film.pixels, make_phantom(100_003, (512, 512), 1).pixels)
