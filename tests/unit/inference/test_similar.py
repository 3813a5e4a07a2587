"""The most similar reference films of a bundle, and bundles whose references are hostile."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from inference.bundles.bundle import ModelBundle
from inference.bundles.card import BundleError, ReferenceSpec
from inference.networks.backbones import BACKBONES
from inference.scoring.similar import Reference, count_ill, read_reference, trained_on
from tests.bundles import with_reference, write_trial_bundle

CHANNELS = BACKBONES["tiny"].channels
Arrays = dict[str, np.ndarray]


def _arrays(films: int = 6, channels: int = CHANNELS) -> Arrays:
    """Films on the axes: film k points along axis k from the centre (2, 2, …), odd ones are ill."""
    ill = np.arange(films) % 2
    digests = np.arange(films * 32).reshape(films, 32).astype(np.uint8)
    return {
        "centre": np.full(channels, 2, np.float32),
        "embeddings": np.eye(films, channels, dtype=np.float16),
        "labels": np.stack([1 - ill, ill], axis=1).astype(np.uint8),
        "digest": digests,
        "trained_on": np.concatenate([digests, np.full((1, 32), 255, np.uint8)]),
    }


def _spec(films: int = 6, pictures: Any = "digest") -> ReferenceSpec:
    return ReferenceSpec(films=films, described="films it was trained on", pictures=pictures)


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> ModelBundle:
    """A bundle without references."""
    return write_trial_bundle(tmp_path_factory.mktemp("models") / "plain@1")


@pytest.fixture(scope="module")
def reference(plain: ModelBundle, tmp_path_factory: pytest.TempPathFactory) -> Reference:
    folder = tmp_path_factory.mktemp("models") / "trial@1"
    found = read_reference(with_reference(plain, folder, _spec(), _arrays()))
    assert found is not None
    return found


def _towards(*shares: float) -> np.ndarray:
    return 2 + 7 * np.pad(np.array(shares, np.float32), (0, CHANNELS - len(shares)))


def test_the_nearest_films_come_first_with_their_labels(reference: Reference) -> None:
    found = reference.nearest(_towards(0.6, 0.8), 3)
    assert [film.similarity for film in found] == pytest.approx([0.8, 0.6, 0.0], abs=1e-3)
    assert [film.labels for film in found] == [("OPACITY",), ("NORMAL",), ("NORMAL",)]
    assert found[0].digest == bytes(range(32, 64)).hex()
    assert count_ill(found, "OPACITY") == 1
    assert reference.count_with("OPACITY") == 3


def test_a_film_is_no_example_for_itself(reference: Reference) -> None:
    itself = bytes(range(32, 64)).hex()
    found = reference.nearest(_towards(0.6, 0.8), 20, itself)
    assert len(found) == 5
    assert itself not in {film.digest for film in found}


def test_an_embedding_without_a_direction_is_like_nothing(reference: Reference) -> None:
    for nothing in (2.0, np.nan, np.inf):
        assert reference.nearest(np.full(CHANNELS, nothing, np.float32), 5) == ()
    assert reference.nearest(np.ones(CHANNELS + 1, np.float32), 5) == (), "another network's"


def test_films_of_equal_similarity_keep_their_order(reference: Reference) -> None:
    first, again = (reference.nearest(_towards(1, 1, 1, 1, 1, 1), 4) for _ in range(2))
    assert first == again
    assert [film.digest[:2] for film in first] == ["00", "20", "40", "60"]


def test_the_films_that_a_model_was_trained_on_are_known(plain: ModelBundle, tmp_path: Path) -> None:
    listed = "ab" * 32
    recipe = {"trained_on_sha256": [listed]}
    known = trained_on(with_reference(plain, tmp_path / "trial@1", _spec(), _arrays(), recipe=recipe))
    assert {listed, "ff" * 32, bytes(range(32)).hex()} <= known
    assert len(known) == 8
    assert trained_on(plain) == frozenset()


def test_synthetic_films_are_found_by_their_seed(plain: ModelBundle, tmp_path: Path) -> None:
    arrays = _arrays()
    seeds = np.arange(100, 106)
    arrays = {name: arrays[name] for name in ("centre", "embeddings", "labels")} | {"phantom": seeds}
    reference = read_reference(with_reference(plain, tmp_path / "trial@1", _spec(pictures="phantom"), arrays))
    assert reference is not None
    (film,) = reference.nearest(_towards(0, 0, 1), 1)
    assert (film.phantom, film.digest) == (102, "")


def test_a_bundle_without_references_has_none(plain: ModelBundle) -> None:
    assert read_reference(plain) is None


def _with(name: str, change: Callable[[np.ndarray], np.ndarray]) -> Arrays:
    arrays = _arrays()
    return arrays | {name: change(arrays[name])}


HOSTILE: dict[str, Arrays] = {
    "an array too few": {name: array for name, array in _arrays().items() if name != "labels"},
    "an array too many": _arrays() | {"weights": np.zeros(3)},
    "fewer films than stated": _arrays(5),
    "another embedding": _with("embeddings", lambda a: a[:, :-1]),
    "a flat embedding": _with("embeddings", lambda a: a.reshape(-1)),
    "another type": _with("embeddings", lambda a: a.astype(np.float64)),
    "not a number": _with("embeddings", lambda a: np.full_like(a, np.nan)),
    "beyond all bounds": _with("embeddings", lambda a: a * np.float16(65504)),
    "no direction": _with("embeddings", lambda a: a * 0),
    "a centre of another network": _with("centre", lambda a: a[:-1]),
    "a centre nowhere": _with("centre", lambda a: a * np.float32(np.inf)),
    "labels of others": _with("labels", lambda a: np.repeat(a, 2, axis=1)),
    "labels that are no labels": _with("labels", lambda a: a * 7),
    "short digests": _with("digest", lambda a: a[:, :20]),
    "a flat list": _with("trained_on", lambda a: a.reshape(-1)),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_references_that_do_not_fit_are_refused(plain: ModelBundle, tmp_path: Path, name: str) -> None:
    bundle = with_reference(plain, tmp_path / "trial@1", _spec(), HOSTILE[name])
    with pytest.raises(BundleError, match="reference films do not fit"):
        read_reference(bundle)


@pytest.mark.parametrize("films", [0, 20_001])
def test_an_impossible_number_of_films_is_refused(plain: ModelBundle, tmp_path: Path, films: int) -> None:
    bundle = with_reference(plain, tmp_path / "trial@1", _spec(films), _arrays(films, CHANNELS))
    with pytest.raises(BundleError):
        read_reference(bundle)


def test_seeds_below_zero_are_refused(plain: ModelBundle, tmp_path: Path) -> None:
    arrays = _arrays()
    phantom = {name: arrays[name] for name in ("centre", "embeddings", "labels")} | {"phantom": np.arange(-3, 3)}
    bundle = with_reference(plain, tmp_path / "trial@1", _spec(pictures="phantom"), phantom)
    with pytest.raises(BundleError):
        read_reference(bundle)
