from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from inference.network import FilmNetwork, build_network
from inference.preprocess import PreprocessSpec
from training.augment import augment
from training.augment_spec import AugmentSpec
from training.finetune import FineTuneSpec, Step, fine_tune, run_network
from training.metrics import auc
from training.shifts import SUITE, shifted

PREPROCESS = PreprocessSpec(size_px=32, mean=(0.5,), std=(0.25,))


def _films(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Noise, with a bright square in every second film."""
    rng = np.random.default_rng(seed)
    films = rng.integers(60, 120, (count, 32, 32)).astype(np.uint8)
    ill = np.arange(count) % 2 == 1
    for number in np.flatnonzero(ill):
        y, x = rng.integers(6, 20, 2)
        films[number, y : y + 6, x : x + 6] = 220
    return films, ill


def _trained(spec: FineTuneSpec) -> tuple[FilmNetwork, list[Step]]:
    torch.manual_seed(0)
    steps: list[Step] = []
    films, ill = _films(96, seed=0)
    return fine_tune(build_network("tiny", 1, PREPROCESS), films, ill, spec, steps.append), steps


SPEC = FineTuneSpec(epochs=12, batch=16, rate=3e-3, keep_norm=False, average_over_steps=10)


@pytest.fixture(scope="module")
def learnt() -> tuple[FilmNetwork, list[Step]]:
    """A network at the end of its training, never changed by a test, and the steps that led there."""
    return _trained(SPEC)


def test_it_learns_what_is_planted(learnt: tuple[FilmNetwork, list[Step]]) -> None:
    network, steps = learnt
    films, ill = _films(60, seed=1)
    assert auc(ill, run_network(network, films)[0][:, 0].double().numpy()) > 0.95
    assert [step.step for step in steps] == list(range(1, 12 * 6 + 1))


def test_equal_runs_give_equal_weights() -> None:
    short = dataclasses.replace(SPEC, epochs=3)
    first, second, other = (
        _trained(spec)[0].state_dict() for spec in (short, short, dataclasses.replace(short, seed=2))
    )
    assert not torch.equal(first["head.weight"], other["head.weight"])
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_frozen_stages_keep_their_weights() -> None:
    torch.manual_seed(0)
    network = build_network("tiny", 1, PREPROCESS)
    before = {name: value.clone() for name, value in network.features.state_dict().items()}
    films, ill = _films(32, seed=0)
    after = fine_tune(network, films, ill, FineTuneSpec(epochs=1, batch=16, frozen_stages=2), lambda step: None)
    changed = {
        name.split(".")[0] for name, value in after.features.state_dict().items() if not value.equal(before[name])
    }
    assert changed == {"2", "3", "4"}


def test_batches_do_not_change_scores(learnt: tuple[FilmNetwork, list[Step]]) -> None:
    network, _ = learnt
    films, _ = _films(15, seed=2)
    whole, single = run_network(network, films, batch=15)[0], run_network(network, films, batch=1)[0]
    assert torch.allclose(whole, single, atol=1e-5)


def test_augmentation_keeps_shape_range_and_the_generators_word() -> None:
    films = torch.rand((6, 1, 32, 32), generator=torch.Generator().manual_seed(1))
    first, again, other = (augment(films, AugmentSpec(), torch.Generator().manual_seed(seed)) for seed in (5, 5, 6))
    assert first.shape == films.shape
    assert 0.0 <= float(first.min()) <= float(first.max()) <= 1.0
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


@pytest.mark.parametrize("name", SUITE)
def test_every_shift_changes_films_but_not_their_shape(name: str) -> None:
    films, _ = _films(4, seed=0)
    changed = shifted(films, name)
    assert (changed.shape, changed.dtype) == (films.shape, films.dtype)
    assert np.array_equal(changed, films) == (name == "as collected")
