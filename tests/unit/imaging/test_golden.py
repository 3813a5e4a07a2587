"""The golden table: films look as they did, on the screen and to the network (tests/golden/remake.py)."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.golden.films import write_films
from tests.golden.table import DATA, entry, read_table

TABLE = read_table()


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return write_films(tmp_path_factory.mktemp("golden"))


def test_the_table_lists_the_generated_films(films: dict[str, Path]) -> None:
    assert sorted(TABLE["generated"]) == sorted(films)


@pytest.mark.parametrize("name", TABLE["generated"])
def test_a_generated_film_is_unchanged(name: str, films: dict[str, Path]) -> None:
    assert entry(films[name]) == TABLE["generated"][name]


@pytest.mark.parametrize("name", TABLE["real"])
def test_a_real_film_is_unchanged(name: str) -> None:
    path = DATA / name
    if not path.is_file():
        pytest.skip("../shared/data is not here")
    assert entry(path) == TABLE["real"][name]


def test_no_two_films_of_the_table_look_alike_but_those_meant_to() -> None:
    shown: dict[str, list[str]] = {}
    for name, film in TABLE["generated"].items():
        shown.setdefault(film["display"], []).append(name)
    assert [names for names in shown.values() if len(names) > 1] == [["monochrome1-12.dcm", "inverse-shape-12.dcm"]]
