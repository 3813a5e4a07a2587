"""The rows of the open films: found by key, refused and taken back."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from gui.films.entries import Entry, Stage
from gui.films.films import Films
from imaging.image import Header
from imaging.study import ImageRef


def film(name: str, patient: str = "") -> Entry:
    return Entry(Path(name), ImageRef(Path(name)), Header(patient_name=patient))


@pytest.fixture
def films() -> Films:
    made = Films()
    made.add([film("ward/1.dcm"), Entry(Path("ward/2.dcm"), refusal="No film."), film("other/3.dcm")])
    return made


def test_rows_are_found_by_key(films: Films) -> None:
    assert [films.row_of(entry.key) for entry in films.entries] == [0, 1, 2]
    assert films.row_of("elsewhere") == -1
    assert films.refused == {1}
    assert films.folders == (Path("ward"), Path("other"))
    entry = films.entry(2)
    assert entry is not None
    assert (entry.path.name, films.entry(3), films.entry(-1)) == ("3.dcm", None, None)


def test_what_is_listed_already_stays_where_it_is(films: Films) -> None:
    assert films.add([film("ward/1.dcm", "New"), film("4"), film("4")]) == range(3, 4)
    assert films.entries[0] == film("ward/1.dcm")
    assert films.add([film("4")]) == range(4, 4)


def test_a_film_is_refused_once(films: Films) -> None:
    assert films.refuse("ward/1.dcm", "Damaged.") == 0
    assert films.refuse("ward/1.dcm", "Damaged again.") == -1
    assert films.refuse("elsewhere", "Damaged.") == -1
    assert films.entries[0] == replace(film("ward/1.dcm"), refusal="Damaged.")
    assert films.refused == {0, 1}


def test_only_a_reason_that_may_pass_is_taken_back(films: Films) -> None:
    films.refuse("ward/1.dcm", "Gone.", may_return=True)
    assert [films.readmit(key) for key in ("ward/1.dcm", "ward/1.dcm", "ward/2.dcm", "elsewhere")] == [0, -1, -1, -1]
    assert films.entries[0] == film("ward/1.dcm")
    assert films.refused == {1}


def test_a_refused_row_is_renewed_where_its_file_is_another_one_by_now(films: Films) -> None:
    cut = Entry(Path("4.png"), ImageRef(Path("4.png"), stamp=(1, 10)))
    films.add([cut])
    films.refuse("4.png", "Cut.")
    whole = replace(cut, ref=ImageRef(Path("4.png"), stamp=(2, 20)))
    assert [films.renew(entry) for entry in (cut, film("elsewhere"), film("ward/1.dcm"))] == [-1, -1, -1]
    assert films.renew(whole) == films.row_of("4.png")
    assert films.renew(film("ward/2.dcm")) == 1, "what was refused as it was found has no stamp"
    assert films.refused == set()
    renewed = films.entries[films.row_of("4.png")]
    assert (renewed.refusal, renewed.ref and renewed.ref.stamp) == ("", (2, 20))


def test_closing_forgets_everything(films: Films) -> None:
    films.set_stages(["ward/1.dcm"], Stage.DONE)
    films.clear()
    assert (films.entries, films.refused, films.folders) == ([], set(), ())
    assert films.stage("ward/1.dcm") is Stage.IDLE
