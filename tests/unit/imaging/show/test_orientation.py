"""L and R stay true however the film lies."""

from __future__ import annotations

import pytest

from imaging.image import Header
from imaging.show.orientation import EdgeLetters, edge_letters, opposite
from imaging.show.transform import ViewTransform

PA = Header(orientation=("L", "F"))


def test_a_pa_film_as_stored() -> None:
    assert edge_letters(PA, ViewTransform()) == EdgeLetters(left="R", top="H", right="L", bottom="F")


def test_turned_clockwise() -> None:
    assert edge_letters(PA, ViewTransform().rotated(1)) == EdgeLetters(left="F", top="R", right="H", bottom="L")


def test_mirrored_as_seen_after_a_turn() -> None:
    turned = ViewTransform().rotated(1)
    assert edge_letters(PA, turned.flipped_horizontal()) == EdgeLetters(left="H", top="R", right="F", bottom="L")
    assert edge_letters(PA, turned.flipped_vertical()) == EdgeLetters(left="F", top="L", right="H", bottom="R")


def test_oblique_letters_turn_round_one_by_one() -> None:
    assert opposite("LA") == "RP"
    assert edge_letters(Header(orientation=("LA", "F")), ViewTransform()).left == "RP"


@pytest.mark.parametrize("orientation", [("", ""), ("?", "F"), ("LE", "")])
def test_without_a_known_orientation_there_are_no_letters(orientation: tuple[str, str]) -> None:
    letters = edge_letters(Header(orientation=orientation), ViewTransform())
    assert letters.left == letters.right == ""
