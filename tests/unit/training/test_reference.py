"""Which training films travel with a model as examples."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from training.sealing.reference import reference_of


def _films(count: int) -> list[str]:
    return [hashlib.sha256(str(number).encode()).hexdigest() for number in range(count)]


def _embeddings(count: int, seed: int = 3) -> np.ndarray:
    return np.random.default_rng(seed).gamma(1.0, 4.0, (count, 8)).astype(np.float32)


def _labels(ill: np.ndarray) -> np.ndarray:
    return np.stack([~ill, ill], axis=1).astype(np.uint8)


def test_the_arrays_hold_what_the_record_says() -> None:
    embeddings, films = _embeddings(30), _films(30)
    labels = _labels(np.arange(30) % 3 == 0)
    spec, arrays = reference_of(embeddings, labels, films, most=10)
    assert (spec.films, spec.pictures) == (10, "digest")
    assert {name: (array.dtype.name, array.shape) for name, array in arrays.items()} == {
        "centre": ("float32", (8,)),
        "embeddings": ("float16", (10, 8)),
        "labels": ("uint8", (10, 2)),
        "digest": ("uint8", (10, 32)),
        "trained_on": ("uint8", (30, 32)),
    }
    places = [films.index(row.tobytes().hex()) for row in arrays["digest"]]
    np.testing.assert_array_equal(arrays["labels"], labels[places])
    np.testing.assert_allclose(arrays["centre"], embeddings.mean(axis=0), rtol=1e-5)
    seen = embeddings[places] - embeddings.mean(axis=0)
    units = seen / np.linalg.norm(seen, axis=1, keepdims=True)
    np.testing.assert_allclose(arrays["embeddings"], units, atol=1e-3)
    assert {row.tobytes().hex() for row in arrays["trained_on"]} == set(films), "all of them, chosen or not"


def test_a_rare_label_gets_its_share() -> None:
    ill = np.arange(1000) < 12
    _, arrays = reference_of(_embeddings(1000), _labels(ill), _films(1000), most=40)
    assert arrays["labels"][:, 1].sum() == 12, "every film of the rare label"
    _, arrays = reference_of(_embeddings(1000), _labels(np.arange(1000) < 300), _films(1000), most=40)
    assert arrays["labels"][:, 1].sum() == 20, "half of them where there are enough"


def test_no_patient_has_a_second_film_before_every_other_has_one() -> None:
    patients = np.array(["one"] * 90 + [f"other {number}" for number in range(10)])
    films = _films(100)
    _, arrays = reference_of(_embeddings(100), _labels(np.ones(100, bool)), films, patients=patients, most=12)
    chosen = [patients[films.index(row.tobytes().hex())] for row in arrays["digest"]]
    assert sorted(set(chosen)) == sorted(set(patients.tolist()))
    assert chosen.count("one") == 2


def test_the_choice_follows_the_seed_alone() -> None:
    data = _embeddings(50), _labels(np.arange(50) % 2 == 0), _films(50)
    first, again, other = (reference_of(*data, seed=seed, most=10)[1]["digest"] for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_copies_and_films_without_a_direction_are_left_out() -> None:
    films = _films(6)
    films[1] = films[0]
    embeddings = np.array([[2, 0], [0, 2], [1, 1], [np.nan, 0], [2, 2], [0, 0]], np.float32)  # the third is the mean
    spec, arrays = reference_of(embeddings, _labels(np.ones(6, bool)), films)
    assert spec.films == 3
    assert {row.tobytes().hex() for row in arrays["digest"]} == {films[0], films[4], films[5]}
    assert len(arrays["trained_on"]) == 5, "they were trained on all the same"


def test_synthetic_films_are_named_by_their_seeds() -> None:
    seeds = np.arange(100_000, 100_020)
    spec, arrays = reference_of(_embeddings(20), _labels(seeds % 2 == 1), seeds, most=8)
    assert (spec.pictures, set(arrays)) == ("phantom", {"centre", "embeddings", "labels", "phantom"})
    assert arrays["phantom"].dtype == np.int64
    np.testing.assert_array_equal(arrays["labels"][:, 1], arrays["phantom"] % 2)


def test_what_does_not_go_together_is_refused() -> None:
    with pytest.raises(ValueError, match="same films"):
        reference_of(_embeddings(5), _labels(np.ones(4, bool)), _films(5))
    with pytest.raises(ValueError, match="no film"):
        reference_of(np.zeros((2, 8), np.float32), _labels(np.ones(2, bool)), _films(2))
