"""500 damaged films, the same ones each time: each is shown or refused. `tests.soak.fuzz` runs as many as you like."""

from __future__ import annotations

from pathlib import Path

import pytest

from imaging.errors import Code
from tests.soak import corpus, fuzz
from tests.soak.mutate import mutated
from tests.soak.outcome import INCOMPLETE, SHOWN, outcome_of

CASES = 500
KNOWN = {SHOWN, INCOMPLETE, *(str(code) for code in Code)}


def test_damaged_films_neither_end_the_program_nor_hold_it_up(tmp_path: Path) -> None:
    out = tmp_path / "soak.jsonl"
    fuzz.watch(out, CASES, seed=5, made_only=True)
    rows = [row for row in fuzz.rows_of(out) if "case" in row]
    assert len(rows) == CASES
    assert {row["what"] for row in rows} <= KNOWN, fuzz.report(rows)
    assert max(row["seconds"] for row in rows) < 2 * fuzz.TIMEOUT_S + 10.0, fuzz.report(rows)
    assert max(row["main_mib"] for row in rows) < 600, fuzz.report(rows)
    assert {SHOWN, INCOMPLETE, "corrupt", "truncated"} <= {row["what"] for row in rows}


def test_a_soak_that_was_broken_off_goes_on(tmp_path: Path) -> None:
    out = tmp_path / "soak.jsonl"
    out.write_text('{"begun": 0}\n{"case": 0, "film": "x", "what": "shown"}\n{"begun": 1}\n{"case": 1, "fi')
    assert fuzz._next_case(out) == 1


@pytest.mark.parametrize("name", list(corpus.films()))
def test_the_films_are_whole_before_they_are_damaged(tmp_path: Path, name: str) -> None:
    (tmp_path / "film").write_bytes(corpus.films()[name])
    assert outcome_of(tmp_path / "film").what == ("missing" if name == "disc" else SHOWN)


def test_the_same_seed_does_the_same_damage() -> None:
    film, others = corpus.films()["png 8"], [b"other"]
    assert mutated(film, 7, others) == mutated(film, 7, others) != mutated(film, 8, others)
