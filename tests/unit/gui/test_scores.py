"""What the models have said, and which finding is spoken of first."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from gui.films.entries import Tone
from gui.films.rows import Filter
from gui.review import Review
from gui.second_reader.scores import RECOMMENDED_SENSITIVITY
from gui.second_reader.visibility import OverlaySettings
from imaging.heatmap import Heatmap
from inference.scoring.results import Finding
from tests.answers import chosen_model, film, result
from tests.bundles import card_of, multi_label_card


def test_each_model_keeps_its_scores_and_its_operating_point(review: Review) -> None:
    review.add([film("a.png")])
    review.set_model(chosen_model())
    review.store("a.png", result("a.png", 0.9))
    review.set_sensitivity(0.7)
    review.set_model(chosen_model(card_of(name="other")))
    assert review.result("a.png") is None
    assert review.sensitivity == RECOMMENDED_SENSITIVITY
    review.set_model(chosen_model())
    assert review.findings("a.png")[0].probability == 0.9
    assert review.sensitivity == 0.7


def test_scores_of_other_weights_are_not_those_of_a_model_of_the_same_name(review: Review) -> None:
    review.add([film("a.png")])
    review.set_model(chosen_model())
    review.store("a.png", result("a.png", 0.9))
    review.set_model(chosen_model(weights_sha256="1" * 64))
    assert (review.result("a.png"), review.rows.is_flagged(0)) == (None, False)


def test_scores_of_the_quantised_graph_are_not_read_at_the_points_of_the_other(review: Review) -> None:
    review.add([film("a.png")])
    review.set_model(chosen_model())
    review.store("a.png", result("a.png", 0.9))
    review.set_model(chosen_model(engine="onnx-cpu-int8"))
    assert review.findings("a.png") == ()
    review.store("a.png", replace(result("a.png", 0.8), engine="onnx-cpu-int8"))
    assert review.findings("a.png")[0].probability == 0.8
    review.set_model(chosen_model())
    assert review.findings("a.png")[0].probability == 0.9


def test_a_late_result_of_another_model_is_kept_but_not_shown(review: Review) -> None:
    review.add([film("a.png")])
    review.set_model(chosen_model())
    review.store("a.png", result("a.png", 0.9, name="other"))
    assert review.findings("a.png") == ()


def test_a_gated_film_has_a_reason_and_no_score(review: Review) -> None:
    review.add([film("a.png")])
    review.set_model(chosen_model())
    review.store("a.png", result("a.png", 0.9, accepted=False))
    assert review.rows.words(0).text == "No score: not a frontal chest film"
    assert review.findings("a.png") == ()
    assert review.heatmap("a.png") is None


def test_the_heat_map_is_that_of_the_chosen_label(review: Review) -> None:
    review.add([film("a.png")])
    review.set_model(chosen_model())
    review.store("a.png", result("a.png", 0.9))
    review.visibility.set_overlay(OverlaySettings(shown=True, label="unknown"))
    heatmap = review.heatmap("a.png")
    assert heatmap is not None
    assert heatmap.label == "OPACITY"


def test_the_highest_flagged_finding_is_spoken_of_first(review: Review) -> None:
    card = multi_label_card()
    points = card.operating["MASS"]
    card = replace(card, operating={**card.operating, "EFFUSION": replace(points, recommended=0.6)})
    review.add([film("a.png")])
    review.set_model(chosen_model(card))
    made = result("a.png", 0.9, name=card.name)
    scores = {"EFFUSION": 0.55, "MASS": 0.45, "NODULE": 0.2}  # of which the second alone reaches its point
    findings = tuple(Finding(name, score, 0.4) for name, score in scores.items())
    maps = tuple(Heatmap(name, np.ones((2, 2), np.float32), 1.0) for name in scores)
    review.store("a.png", replace(made, findings=findings, heatmaps=maps))
    heatmap = review.heatmap("a.png")
    assert heatmap is not None
    assert (review.shown_label("a.png"), heatmap.label) == ("MASS", "MASS")
    review.visibility.set_overlay(OverlaySettings(label="NODULE"))
    assert review.shown_label("a.png") == "NODULE", "what the reader chose"
    review.visibility.set_overlay(OverlaySettings())
    review.set_sensitivity(0.5)
    assert review.shown_label("a.png") == "EFFUSION", "the highest where none is flagged"


def test_an_insisted_score_counts_and_is_marked_until_it_is_taken_back(review: Review) -> None:
    review.add([film("a.png"), film("b.png")])
    review.set_model(chosen_model())
    review.store("a.png", result("a.png", 0.9, accepted=False))
    assert (review.rows.count(Filter.FLAGGED), review.rows.count(Filter.REFUSED)) == (0, 1)
    review.store("a.png", result("a.png", 0.9, accepted=False, insisted=True))
    assert review.rows.words(0).text == "Insisted · Opacity 0.90"
    assert review.rows.words(0).mark == "Insisted"
    assert review.rows.words(0).tone is Tone.FLAG
    assert review.is_insisted("a.png")
    assert review.outside("a.png") == "not a frontal chest film"
    assert review.heatmap("a.png") is not None
    assert (review.rows.count(Filter.FLAGGED), review.rows.count(Filter.REFUSED)) == (1, 0)
    review.take_back("a.png")
    assert review.rows.words(0).text == "No score: not a frontal chest film"
    assert not review.is_insisted("a.png")
    assert review.findings("a.png") == ()
    assert review.heatmap("a.png") is None
    assert (review.rows.count(Filter.FLAGGED), review.rows.count(Filter.REFUSED)) == (0, 1)
    review.take_back("a.png")
    review.take_back("b.png")
    assert review.result("b.png") is None


def test_insisting_is_for_one_film_and_one_model(review: Review) -> None:
    review.add([film("a.png"), film("b.png")])
    review.set_model(chosen_model())
    for key in ("a.png", "b.png"):
        review.store(key, result(key, 0.9, accepted=False))
    review.store("a.png", result("a.png", 0.9, accepted=False, insisted=True))
    assert review.rows.words(1).text == "No score: not a frontal chest film"
    review.set_model(chosen_model(card_of(name="other")))
    review.store("a.png", result("a.png", 0.2, name="other", accepted=False))
    assert not review.is_insisted("a.png")
    review.set_model(chosen_model())
    assert review.is_insisted("a.png")
    review.close_films()
    review.add([film("a.png")])
    assert not review.is_insisted("a.png"), "not remembered for films that are opened later"


def test_an_insisted_score_without_a_flag_is_marked_too(review: Review) -> None:
    review.add([film("a.png")])
    review.set_model(chosen_model())
    review.store("a.png", result("a.png", 0.1, accepted=False, insisted=True))
    assert review.rows.words(0).text == "Insisted · No flag · 0.10"
