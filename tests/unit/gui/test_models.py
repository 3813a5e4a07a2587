from __future__ import annotations

import pytest

from gui.jobs import Jobs
from gui.models import DEFAULT_MODEL, Models
from gui.preferences import Preferences
from gui.review import Review


def made(jobs: Jobs, asked: str = "") -> Models:
    return Models(Review(jobs), jobs, Preferences(jobs, jobs, keep=False), asked=asked, parent=jobs)


def test_a_choice_that_is_remembered_after_the_first_films_were_found_counts(jobs: Jobs) -> None:
    models = made(jobs)
    models.use_films_own("")
    assert models.current == DEFAULT_MODEL
    models.remember("ward@3")
    assert models.current == "ward@3"


def test_what_is_remembered_loads_nothing_before_a_model_is_wanted(jobs: Jobs) -> None:
    models = made(jobs)
    models.remember("ward@3")
    assert models.current == ""
    models.use_films_own("")
    assert models.current == "ward@3"


@pytest.mark.parametrize(("asked", "films_own", "current"), [("a@1", "b@1", "a@1"), ("", "b@1", "b@1")])
def test_what_is_remembered_overrides_neither_the_command_line_nor_the_films(
    jobs: Jobs, asked: str, films_own: str, current: str
) -> None:
    models = made(jobs, asked)
    models.use_films_own(films_own)
    models.remember("ward@3")
    assert models.current == current


def test_a_late_memory_does_not_take_back_what_the_reader_has_chosen(jobs: Jobs) -> None:
    models = made(jobs)
    models.choose("other@1")
    models.remember("ward@3")
    assert models.current == "other@1"
    models.use_films_own("")
    assert models.current == "other@1"
