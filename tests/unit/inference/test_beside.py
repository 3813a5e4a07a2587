from __future__ import annotations

from inference.bundles.card import OperatingPoints, OperatingRow
from inference.scoring.beside import side_by_side
from inference.scoring.operating import wilson
from tests.bundles import card_of, multi_label_card


def test_two_models_meet_at_equal_sensitivity_and_not_at_equal_thresholds() -> None:
    newer = OperatingPoints(0.8, 40, 40, "other films", 20, 20, (OperatingRow(0.1, 20, 20), OperatingRow(0.8, 19, 1)))
    (found,) = side_by_side(card_of().operating, {"Opacity": newer}, 0.95)
    assert (found.label, found.old.threshold, found.new.threshold) == ("Opacity", 0.4, 0.8)
    assert found.new.sensitivity == wilson(19, 20)
    assert found.old.sensitivity.value == 0.95
    assert (found.old.specificity.value, found.new.specificity.value) == (0.8, 0.95)
    assert (found.old.described, found.new.described) == ("validation films of the same hospital", "other films")


def test_labels_that_only_one_model_has_are_left_out() -> None:
    assert side_by_side(card_of().operating, multi_label_card().operating, 0.95) == ()
