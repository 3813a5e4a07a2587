from __future__ import annotations

import numpy as np
import pytest

from training.sealing.temperature import fit_temperature


@pytest.mark.parametrize("true_temperature", [0.25, 1.0, 6.0])
def test_a_temperature_that_films_were_drawn_with_is_found_again(true_temperature: float) -> None:
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 3 * true_temperature, (20_000, 3))
    shares = np.exp(logits / true_temperature)
    shares /= shares.sum(axis=1, keepdims=True)
    classes = (rng.random((len(logits), 1)) > shares.cumsum(axis=1)).sum(axis=1)
    assert fit_temperature(classes, logits) == pytest.approx(true_temperature, rel=0.05)


def test_films_that_are_all_right_ask_for_more_confidence_within_bounds() -> None:
    assert 0.01 <= fit_temperature(np.array([0, 1]), np.array([[5.0, -5.0], [-5.0, 5.0]])) < 1
