from __future__ import annotations

import numpy as np
import pytest

from inference.bundles.card import Calibration, CurvePoint
from inference.scoring.scores import logit_index, probabilities
from tests.bundles import card_of, multi_label_card


def test_one_logit_is_calibrated_by_bias_and_temperature() -> None:
    found = probabilities(card_of(), np.array([[-0.25], [1.25]], np.float32))
    assert found[:, 0] == pytest.approx([0.5, 1 / (1 + np.exp(-1.0))])


def test_a_curve_is_linear_between_its_points_and_flat_beyond() -> None:
    curve = (CurvePoint(-2.0, 0.1), CurvePoint(0.0, 0.2), CurvePoint(1.0, 0.8))
    card = card_of(calibration={"OPACITY": Calibration(curve=curve)})
    found = probabilities(card, np.array([[-9.0], [-2.0], [-1.0], [0.5], [9.0], [np.nan]], np.float32))
    assert found[:5, 0] == pytest.approx([0.1, 0.1, 0.15, 0.5, 0.8])
    assert np.isnan(found[5, 0])


def test_a_softmax_takes_its_temperature() -> None:
    card = card_of(activation="softmax", calibration={"OPACITY": Calibration(2.0)})
    found = probabilities(card, np.array([[0.0, 2.0], [1000.0, -1000.0]], np.float32))
    assert found[:, 0] == pytest.approx([1 / (1 + np.exp(-1.0)), 0.0])


def test_independent_labels_do_not_share() -> None:
    found = probabilities(multi_label_card(), np.array([[0.0, 50.0, -50.0]], np.float32))
    assert found[0] == pytest.approx([0.5, 1.0, 0.0], abs=1e-12)
    assert np.all((found >= 0) & (found <= 1))


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_what_is_no_number_stays_so_and_harms_no_other_film(value: float) -> None:
    found = probabilities(card_of(), np.array([[value], [-0.25]], np.float32))
    assert np.isnan(found[0, 0])
    assert found[1, 0] == 0.5


def test_every_finding_has_its_logit() -> None:
    assert logit_index(card_of(), "OPACITY") == 0
    assert logit_index(card_of(activation="softmax"), "OPACITY") == 1
    assert [logit_index(multi_label_card(), label) for label in multi_label_card().labels] == [0, 1, 2]
