"""Films come, go and return; one is selected."""

from __future__ import annotations

from pathlib import Path

from gui.films.entries import Entry, study_row
from gui.review import Review
from imaging.errors import Code, FilmError
from tests.answers import chosen_model, film, result


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


def test_closing_films_forgets_them_and_their_scores(review: Review) -> None:
    review.add([film("a.png")])
    review.set_model(chosen_model())
    review.store("a.png", result("a.png", 0.9))
    review.close_films()
    assert (review.selected, len(review.entries), review.result("a.png")) == (-1, 0, None)
    review.add([film("b.png")])
    assert review.selected == 0


def test_studies_are_stepped_by_their_first_film() -> None:
    films = [film("a", "1"), film("b", "1"), film("c", "2"), film("d", "3"), film("e", "3")]
    assert study_row(films, 1, 1) == 2
    assert study_row(films, 4, -1) == 2
    assert study_row(films, 2, -1) == 0
    assert study_row(films, 4, 1) == -1
    assert study_row(films, -1, 1) == -1
