from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtWidgets import QApplication

from gui.chosen_model import ChosenModel
from gui.entries import Entry, Stage, Tone, study_row
from gui.review import Review
from gui.rows import Filter
from gui.scores import RECOMMENDED_SENSITIVITY
from gui.visibility import OverlaySettings
from imaging.errors import Code, FilmError
from imaging.heatmap import Heatmap
from imaging.image import Header
from imaging.study import ImageRef
from inference.results import Finding, GateVerdict, ImageResult
from tests.answers import answer, chosen_model
from tests.bundles import card_of, multi_label_card


@pytest.fixture
def review(qapp: QApplication) -> Review:
    return Review()


def film(name: str, study: str = "") -> Entry:
    header = Header(study_uid=study) if study else None
    return Entry(Path(name), ImageRef(Path(name)), header)


def model(name: str = "trial") -> ChosenModel:
    return chosen_model(card_of(name=name))


def result(
    key: str, probability: float, *, name: str = "trial", accepted: bool = True, insisted: bool = False
) -> ImageResult:
    """A result as the analyser makes it: nothing is said of a film outside the gate, unless the reader insists."""
    speaks = accepted or insisted
    return answer(
        key,
        (Finding("OPACITY", probability, 0.4),) if speaks else (),
        model=f"{name}@1",
        heatmaps=(Heatmap("OPACITY", np.ones((2, 2), np.float32), 1.0),) if speaks else (),
        gate=GateVerdict(accepted, () if accepted else ("not_frontal_chest",), insisted=insisted),
    )


def test_first_film_is_selected_and_later_ones_leave_it(review: Review) -> None:
    review.add([Entry(Path("notes.txt"), refusal="This is no film.")])
    assert review.selected == 0
    review.add([film("a.png"), film("b.png")])
    assert review.selected_film is not None
    assert review.selected_film.key == "a.png"
    review.add([film("c.png")])
    assert review.selected == 1


def test_new_films_leave_a_row_that_the_reader_picked(review: Review) -> None:
    review.add([Entry(Path("a.txt"), refusal="This is no film."), Entry(Path("b.txt"), refusal="Nor this.")])
    review.select(1)
    review.add([film("c.png")])
    assert review.selected == 1


def test_a_film_is_listed_once(review: Review) -> None:
    review.add([film("a.png")])
    review.add([film("a.png"), film("b.png")])
    assert [entry.key for entry in review.entries] == ["a.png", "b.png"]


def test_moving_the_operating_point_reads_stored_scores_again(review: Review) -> None:
    review.add([film("a.png"), film("b.png")])
    review.set_model(model())
    review.store("a.png", result("a.png", 0.5))
    review.store("b.png", result("b.png", 0.3))
    assert review.sensitivity == RECOMMENDED_SENSITIVITY
    assert [review.rows.words(row).text for row in (0, 1)] == ["Opacity 0.50", "No flag · 0.30"]
    review.set_sensitivity(1.0)
    assert [review.rows.is_flagged(row) for row in (0, 1)] == [True, True]
    review.set_sensitivity(0.7)
    assert review.threshold("OPACITY") == pytest.approx(0.6)
    assert review.rows.count(Filter.FLAGGED) == 0


def test_each_model_keeps_its_scores_and_its_operating_point(review: Review) -> None:
    review.add([film("a.png")])
    review.set_model(model())
    review.store("a.png", result("a.png", 0.9))
    review.set_sensitivity(0.7)
    review.set_model(model("other"))
    assert review.result("a.png") is None
    assert review.sensitivity == RECOMMENDED_SENSITIVITY
    review.set_model(model())
    assert review.findings("a.png")[0].probability == 0.9
    assert review.sensitivity == 0.7


def test_scores_of_other_weights_are_not_those_of_a_model_of_the_same_name(review: Review) -> None:
    review.add([film("a.png")])
    review.set_model(model())
    review.store("a.png", result("a.png", 0.9))
    review.set_model(replace(model(), weights_sha256="1" * 64))
    assert (review.result("a.png"), review.rows.is_flagged(0)) == (None, False)


def test_scores_of_the_quantised_graph_are_not_read_at_the_points_of_the_other(review: Review) -> None:
    review.add([film("a.png")])
    review.set_model(model())
    review.store("a.png", result("a.png", 0.9))
    review.set_model(replace(model(), engine="onnx-cpu-int8"))
    assert review.findings("a.png") == ()
    review.store("a.png", replace(result("a.png", 0.8), engine="onnx-cpu-int8"))
    assert review.findings("a.png")[0].probability == 0.8
    review.set_model(model())
    assert review.findings("a.png")[0].probability == 0.9


def test_a_late_result_of_another_model_is_kept_but_not_shown(review: Review) -> None:
    review.add([film("a.png")])
    review.set_model(model())
    review.store("a.png", result("a.png", 0.9, name="other"))
    assert review.findings("a.png") == ()


@pytest.mark.parametrize(
    ("stage", "words"),
    [
        (Stage.WAITING, "Waiting"),
        (Stage.ANALYSING, "Analysing…"),
        (Stage.STOPPED, "Stopped"),
        (Stage.IDLE, "Not analysed"),
    ],
)
def test_every_stage_has_its_words(review: Review, stage: Stage, words: str) -> None:
    review.add([film("a.png")])
    review.set_stage("a.png", stage)
    assert review.rows.words(0).text == words


def test_a_gated_film_has_a_reason_and_no_score(review: Review) -> None:
    review.add([film("a.png")])
    review.set_model(model())
    review.store("a.png", result("a.png", 0.9, accepted=False))
    assert review.rows.words(0).text == "No score: not a frontal chest film"
    assert review.findings("a.png") == ()
    assert review.heatmap("a.png") is None


def test_a_refused_film_says_why_and_is_counted(review: Review) -> None:
    review.add([film("a.png")])
    review.refuse("a.png", FilmError(Code.TRUNCATED, "The picture ends too early."))
    assert review.rows.words(0).text == "Refused: The picture ends too early."
    assert review.rows.words(0).tone is Tone.REFUSED
    assert review.rows.count(Filter.REFUSED) == 1
    assert review.selected_film is None


def test_a_film_whose_file_had_gone_returns_and_a_damaged_one_does_not(review: Review) -> None:
    review.add([film("a.png"), film("b.png")])
    returned: list[int] = []
    review.film_returned.connect(returned.append)
    for name, code in (("a.png", Code.MISSING), ("b.png", Code.CORRUPT)):
        review.refuse(name, FilmError(code, "It can't be read."))
    assert review.refused == 2
    review.add([film("a.png"), film("b.png"), Entry(Path("c.png"), refusal="It can't be read.")])
    assert returned == [0]
    assert (review.refused, len(review.entries)) == (2, 3)
    assert not review.rows.words(0).text.startswith("Refused")


def test_a_file_that_was_still_being_copied_is_a_film_when_it_is_opened_again(review: Review) -> None:
    review.add([Entry(Path("a.png"), refusal="The file is empty.")])
    returned: list[int] = []
    review.film_returned.connect(returned.append)
    review.add([film("a.png")])
    assert (returned, review.refused, len(review.entries)) == ([0], 0, 1)
    assert review.entries[0].is_film


def test_next_flagged_goes_round_the_end(review: Review) -> None:
    review.add([film(name) for name in ("a.png", "b.png", "c.png")])
    review.set_model(model())
    for key, score in (("a.png", 0.9), ("b.png", 0.1), ("c.png", 0.8)):
        review.store(key, result(key, score))
    review.select(0)
    assert review.rows.next_flagged(review.selected) == 2
    review.select(2)
    assert review.rows.next_flagged(review.selected) == 0


def test_studies_are_stepped_by_their_first_film() -> None:
    films = [film("a", "1"), film("b", "1"), film("c", "2"), film("d", "3"), film("e", "3")]
    assert study_row(films, 1, 1) == 2
    assert study_row(films, 4, -1) == 2
    assert study_row(films, 2, -1) == 0
    assert study_row(films, 4, 1) == -1
    assert study_row(films, -1, 1) == -1


def test_hidden_ai_says_nothing_in_the_list(review: Review) -> None:
    review.add([film("a.png")])
    review.set_model(model())
    review.store("a.png", result("a.png", 0.9))
    review.visibility.set_ai_visible(False)
    assert review.rows.words(0).text == "AI hidden"
    assert review.rows.count(Filter.FLAGGED) == 0


def test_closing_films_forgets_them_and_their_scores(review: Review) -> None:
    review.add([film("a.png")])
    review.set_model(model())
    review.store("a.png", result("a.png", 0.9))
    review.close_films()
    assert (review.selected, len(review.entries), review.result("a.png")) == (-1, 0, None)
    review.add([film("b.png")])
    assert review.selected == 0


def test_the_heat_map_is_that_of_the_chosen_label(review: Review) -> None:
    review.add([film("a.png")])
    review.set_model(model())
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


def test_an_operating_point_comes_back_for_its_model_version_alone(review: Review) -> None:
    review.set_model(model())
    review.set_sensitivity(0.8)
    kept = review.scores.chosen_sensitivities
    later = Review()
    later.recall_sensitivities(kept)
    later.set_model(model("other"))
    assert later.sensitivity == RECOMMENDED_SENSITIVITY
    later.set_model(replace(model(), id="trial@2"))
    assert later.sensitivity == RECOMMENDED_SENSITIVITY
    later.set_model(replace(model(), weights_sha256="1" * 64))
    assert later.sensitivity == RECOMMENDED_SENSITIVITY
    later.set_model(model())
    assert later.sensitivity == 0.8
    later.set_sensitivity(RECOMMENDED_SENSITIVITY)
    assert later.scores.chosen_sensitivities == {}


def test_what_was_kept_moves_a_model_that_is_chosen_already_but_not_one_that_was_moved(review: Review) -> None:
    review.set_model(model())
    review.recall_sensitivities({f"trial@1 {'0' * 64}": 0.7})
    assert review.sensitivity == 0.7
    review.set_sensitivity(0.9)
    review.recall_sensitivities({f"trial@1 {'0' * 64}": 0.7})
    assert review.sensitivity == 0.9


def test_a_point_chosen_elsewhere_moves_the_open_model_and_is_remembered_for_another(review: Review) -> None:
    review.set_model(model())
    review.set_sensitivity(0.9)
    moves: list[float] = []
    review.operating_point_moved.connect(lambda: moves.append(review.sensitivity))
    review.choose_sensitivities({f"trial@1 {'0' * 64}": 0.7})
    review.choose_sensitivities({"other@1 1": 0.6})
    assert moves == [0.7, 0.7]
    assert review.scores.chosen_sensitivities == {f"trial@1 {'0' * 64}": 0.7, "other@1 1": 0.6}


@pytest.mark.parametrize("stored", [None, 3, [], {"trial@1": "high"}, {f"trial@1 {'0' * 64}": 7}])
def test_nonsense_that_was_kept_moves_nothing(review: Review, stored: object) -> None:
    review.set_model(model())
    review.recall_sensitivities(stored)
    assert review.sensitivity == RECOMMENDED_SENSITIVITY


def test_an_insisted_score_counts_and_is_marked_until_it_is_taken_back(review: Review) -> None:
    review.add([film("a.png"), film("b.png")])
    review.set_model(model())
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
    review.set_model(model())
    for key in ("a.png", "b.png"):
        review.store(key, result(key, 0.9, accepted=False))
    review.store("a.png", result("a.png", 0.9, accepted=False, insisted=True))
    assert review.rows.words(1).text == "No score: not a frontal chest film"
    review.set_model(model("other"))
    review.store("a.png", result("a.png", 0.2, name="other", accepted=False))
    assert not review.is_insisted("a.png")
    review.set_model(model())
    assert review.is_insisted("a.png")
    review.close_films()
    review.add([film("a.png")])
    assert not review.is_insisted("a.png"), "not remembered for films that are opened later"


def test_an_insisted_score_without_a_flag_is_marked_too(review: Review) -> None:
    review.add([film("a.png")])
    review.set_model(model())
    review.store("a.png", result("a.png", 0.1, accepted=False, insisted=True))
    assert review.rows.words(0).text == "Insisted · No flag · 0.10"


def test_while_the_ai_is_hidden_only_refused_files_are_filtered(review: Review) -> None:
    review.add([film("a.png"), Entry(Path("b.txt"), refusal="This is no film.")])
    review.set_model(model())
    review.store("a.png", result("a.png", 0.9, accepted=False))
    assert list(review.rows.shown(Filter.REFUSED)) == [0, 1]
    review.visibility.set_ai_visible(False)
    assert list(review.rows.shown(Filter.REFUSED)) == [1]
