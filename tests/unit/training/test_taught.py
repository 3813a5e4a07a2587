"""Who taught the starting model does not judge what comes of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from training.films.class_folders import Part
from training.films.manifest import LabelledFilm, Manifest
from training.films.split import split_films
from training.films.taught import patients_of
from training.plan import DataPlan


def manifest(part_of: dict[int, Part] | None = None) -> Manifest:
    """40 patients with two films each, every second one ill."""
    films = [
        LabelledFilm(
            Path(f"{patient}-{film}.png"),
            (("NORMAL", "SICK")[patient % 2],),
            f"patient {patient}",
            f"{patient}-{film}",
            part=(part_of or {}).get(patient, ""),
        )
        for patient in range(40)
        for film in range(2)
    ]
    return Manifest(tuple(films), ("NORMAL", "SICK"), "NORMAL")


def patients(made: Manifest, positions: object) -> set[str]:
    return {made.films[at].patient for at in positions}  # type: ignore[attr-defined]


def test_all_films_of_a_patient_are_known_with_one_of_them() -> None:
    assert patients_of(manifest().films, {"3-0", "8-1", "no film of these"}) == {"patient 3", "patient 8"}


@pytest.mark.parametrize("seed", range(5))
def test_strangers_are_drawn_to_judge(seed: int) -> None:
    made, taught = manifest(), frozenset(f"patient {number}" for number in range(24))
    plan = DataPlan("", validation_share=0.2, test_share=0.2)
    split, plain = split_films(made, plan, seed, taught), split_films(made, plan, seed)
    judging = patients(made, split.validation) | patients(made, split.test)
    assert (len(split.validation), len(split.test)) == (len(plain.validation), len(plain.test)) == (12, 16)
    assert not judging & taught
    assert len(split.seen) == len(split.left_out) == 0


def test_where_there_are_no_strangers_it_says_so() -> None:
    made = manifest()
    split = split_films(made, DataPlan("", validation_share=0.2), 1, made.patients)
    assert split.seen.tolist() == split.validation.tolist()
    assert len(split.seen) == 16


def test_of_a_part_that_the_source_names_only_strangers_stay() -> None:
    made = manifest(dict.fromkeys(range(12), "validation"))
    taught = frozenset(f"patient {number}" for number in range(4))
    split = split_films(made, DataPlan(""), 1, taught)
    assert patients(made, split.validation) == {f"patient {number}" for number in range(4, 12)}
    assert patients(made, split.left_out) == taught
    assert len(split.seen) == 0
    few = split_films(made, DataPlan(""), 1, frozenset(f"patient {number}" for number in range(11)))
    assert patients(made, few.validation) == {f"patient {number}" for number in range(12)}
    assert patients(made, few.seen) == {f"patient {number}" for number in range(11)}


def test_nobody_taught_changes_nothing() -> None:
    made = manifest()
    plan = DataPlan("", validation_share=0.3)
    plain, same = split_films(made, plan, 4), split_films(made, plan, 4, frozenset({"stranger"}))
    assert plain.validation.tolist() == same.validation.tolist()
