"""What the list says of each film, and which films a filter lets through."""

from __future__ import annotations

from pathlib import Path

import pytest

from gui.films.entries import Entry, Stage, Tone
from gui.films.rows import Filter
from gui.review import Review
from imaging.errors import Code, FilmError
from tests.answers import chosen_model, film, result


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


def test_a_refused_film_says_why_and_is_counted(review: Review) -> None:
    review.add([film("a.png")])
    review.refuse("a.png", FilmError(Code.TRUNCATED, "The picture ends too early."))
    assert review.rows.words(0).text == "Refused: The picture ends too early."
    assert review.rows.words(0).tone is Tone.REFUSED
    assert review.rows.count(Filter.REFUSED) == 1
    assert review.selected_film is None


def test_next_flagged_goes_round_the_end(review: Review) -> None:
    review.add([film(name) for name in ("a.png", "b.png", "c.png")])
    review.set_model(chosen_model())
    for key, score in (("a.png", 0.9), ("b.png", 0.1), ("c.png", 0.8)):
        review.store(key, result(key, score))
    review.select(0)
    assert review.rows.next_flagged(review.selected) == 2
    review.select(2)
    assert review.rows.next_flagged(review.selected) == 0


def test_hidden_ai_says_nothing_in_the_list(review: Review) -> None:
    review.add([film("a.png")])
    review.set_model(chosen_model())
    review.store("a.png", result("a.png", 0.9))
    review.visibility.set_ai_visible(False)
    assert review.rows.words(0).text == "AI hidden"
    assert review.rows.count(Filter.FLAGGED) == 0


def test_while_the_ai_is_hidden_only_refused_files_are_filtered(review: Review) -> None:
    review.add([film("a.png"), Entry(Path("b.txt"), refusal="This is no film.")])
    review.set_model(chosen_model())
    review.store("a.png", result("a.png", 0.9, accepted=False))
    assert list(review.rows.shown(Filter.REFUSED)) == [0, 1]
    review.visibility.set_ai_visible(False)
    assert list(review.rows.shown(Filter.REFUSED)) == [1]
