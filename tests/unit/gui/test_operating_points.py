"""Where each model's operating point stands, in this session and the next."""

from __future__ import annotations

import pytest

from gui.films.rows import Filter
from gui.review import Review
from gui.second_reader.scores import RECOMMENDED_SENSITIVITY
from tests.answers import chosen_model, film, result
from tests.bundles import card_of


def test_moving_the_operating_point_reads_stored_scores_again(review: Review) -> None:
    review.add([film("a.png"), film("b.png")])
    review.set_model(chosen_model())
    review.store("a.png", result("a.png", 0.5))
    review.store("b.png", result("b.png", 0.3))
    assert review.sensitivity == RECOMMENDED_SENSITIVITY
    assert [review.rows.words(row).text for row in (0, 1)] == ["Opacity 0.50", "No flag · 0.30"]
    review.set_sensitivity(1.0)
    assert [review.rows.is_flagged(row) for row in (0, 1)] == [True, True]
    review.set_sensitivity(0.7)
    assert review.threshold("OPACITY") == pytest.approx(0.6)
    assert review.rows.count(Filter.FLAGGED) == 0


def test_an_operating_point_comes_back_for_its_model_version_alone(review: Review) -> None:
    review.set_model(chosen_model())
    review.set_sensitivity(0.8)
    kept = review.scores.chosen_sensitivities
    later = Review()
    later.recall_sensitivities(kept)
    later.set_model(chosen_model(card_of(name="other")))
    assert later.sensitivity == RECOMMENDED_SENSITIVITY
    later.set_model(chosen_model(id="trial@2"))
    assert later.sensitivity == RECOMMENDED_SENSITIVITY
    later.set_model(chosen_model(weights_sha256="1" * 64))
    assert later.sensitivity == RECOMMENDED_SENSITIVITY
    later.set_model(chosen_model())
    assert later.sensitivity == 0.8
    later.set_sensitivity(RECOMMENDED_SENSITIVITY)
    assert later.scores.chosen_sensitivities == {}


def test_what_was_kept_moves_a_model_that_is_chosen_already_but_not_one_that_was_moved(review: Review) -> None:
    review.set_model(chosen_model())
    review.recall_sensitivities({f"trial@1 {'0' * 64}": 0.7})
    assert review.sensitivity == 0.7
    review.set_sensitivity(0.9)
    review.recall_sensitivities({f"trial@1 {'0' * 64}": 0.7})
    assert review.sensitivity == 0.9


def test_a_point_chosen_elsewhere_moves_the_open_model_and_is_remembered_for_another(review: Review) -> None:
    review.set_model(chosen_model())
    review.set_sensitivity(0.9)
    moves: list[float] = []
    review.operating_point_moved.connect(lambda: moves.append(review.sensitivity))
    review.choose_sensitivities({f"trial@1 {'0' * 64}": 0.7})
    review.choose_sensitivities({"other@1 1": 0.6})
    assert moves == [0.7, 0.7]
    assert review.scores.chosen_sensitivities == {f"trial@1 {'0' * 64}": 0.7, "other@1 1": 0.6}


@pytest.mark.parametrize("stored", [None, 3, [], {"trial@1": "high"}, {f"trial@1 {'0' * 64}": 7}])
def test_nonsense_that_was_kept_moves_nothing(review: Review, stored: object) -> None:
    review.set_model(chosen_model())
    review.recall_sensitivities(stored)
    assert review.sensitivity == RECOMMENDED_SENSITIVITY
