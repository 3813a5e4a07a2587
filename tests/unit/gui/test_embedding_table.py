"""The embeddings of the open films: found again, in their order, however many there are."""

from __future__ import annotations

import numpy as np
import pytest

from gui.second_reader.embedding_table import FIRST_ROWS, ROWS_AT_ONCE, EmbeddingTable

COUNT = ROWS_AT_ONCE + FIRST_ROWS + 5


@pytest.fixture(scope="module")
def vectors() -> np.ndarray:
    return np.random.default_rng(4).standard_normal((COUNT, 12)).astype(np.float32) + 3


def test_the_nearest_are_those_of_a_plain_search(vectors: np.ndarray) -> None:
    centre = vectors.mean(axis=0)
    table = EmbeddingTable(centre)
    for number, vector in enumerate(vectors):
        table.add(f"film {number}", vector)
    units = vectors - centre
    units /= np.linalg.norm(units, axis=1, keepdims=True)
    asked = 7
    cosines = units @ units[asked]
    cosines[asked] = -2
    expected = [f"film {number}" for number in np.argsort(-cosines)[:3]]
    found = table.now().most_similar(vectors[asked], 3, f"film {asked}")
    assert [key for key, _ in found] == expected
    assert [cosine for _, cosine in found] == pytest.approx(np.sort(cosines)[::-1][:3], abs=1e-3)


def test_what_comes_later_is_not_in_what_was_taken_before(vectors: np.ndarray) -> None:
    table = EmbeddingTable()
    table.add("first", vectors[0])
    before = table.now()
    table.add("second", vectors[1])
    assert [key for key, _ in before.most_similar(vectors[1], 5, "")] == ["first"]
    assert [key for key, _ in table.now().most_similar(vectors[1], 5, "")] == ["second", "first"]
    assert table.now().most_similar(vectors[0], 5, "second")[0][0] == "first"


def test_a_film_without_a_direction_is_like_nothing(vectors: np.ndarray) -> None:
    table = EmbeddingTable()
    assert table.now().most_similar(vectors[0], 5, "") == []
    table.add("black", np.zeros(12, np.float32))
    table.add("film", vectors[0])
    table.add("film", vectors[1])
    assert "black" not in table
    assert [key for key, _ in table.now().most_similar(vectors[0], 5, "")] == ["film"]
    assert table.now().most_similar(np.zeros(12, np.float32), 5, "") == []
