"""The suite of changes, and the augmentation that is to prepare a network for every one of them."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from training.augment import augment
from training.augment_spec import AugmentSpec
from training.shifts import CONTRASTS, FRAMINGS, GAMMAS, NOISE, SUITE, shifted


def films(count: int = 4, side: int = 32) -> np.ndarray:
    """Noise around a grey that rises from left to right."""
    rng = np.random.default_rng(0)
    return (np.linspace(40, 160, side) + rng.integers(0, 60, (count, side, side))).astype(np.uint8)


@pytest.mark.parametrize("name", SUITE)
def test_every_shift_changes_films_but_not_their_shape(name: str) -> None:
    before = films()
    changed = shifted(before, name)
    assert (changed.shape, changed.dtype) == (before.shape, before.dtype)
    assert np.array_equal(changed, before) == (name == "as collected")
    assert np.array_equal(changed, shifted(before, name))


@pytest.mark.parametrize("name", FRAMINGS)
def test_framing_stretches_or_leaves_bars(name: str) -> None:
    """A cross of two bright lines: cut from both ends it is thicker, between bars it is thinner."""
    film = np.full((1, 200, 200), 60, np.uint8)
    film[:, 90:110] = 200
    film[:, :, 90:110] = 200
    changed = shifted(film, name)[0]
    down, across = FRAMINGS[name]
    for cut, line in ((down, changed[:, 40]), (across, changed[40])):
        assert (line > 130).sum() == pytest.approx(20 / (1 - 2 * cut) if cut > 0 else 20 * (1 + 2 * cut), abs=2)
        assert bool(line[0] == line[-1] == 0) == (cut < 0)


def test_augmentation_reaches_beyond_every_change() -> None:
    """What the suite does to a film is within what training does to films, so that none of it is met unprepared."""
    spec = AugmentSpec()
    for name, (down, across) in FRAMINGS.items():
        seen = [math.log(1 - 2 * cut) if cut > 0 else -math.log(1 + 2 * cut) for cut in (across, down)]
        zoom, aspect = (seen[0] + seen[1]) / 2, (seen[0] - seen[1]) / 2
        assert abs(zoom) <= spec.scale, name
        assert abs(aspect) < spec.aspect, name
    assert all(abs(math.log(power)) < spec.gamma_log for power in GAMMAS.values())
    assert all(abs(math.log(factor)) < spec.contrast_log for factor in CONTRASTS.values())
    assert spec.noise > NOISE
    assert min(spec.soften_share, spec.sharpen_share, spec.brightness) > 0


def test_augmentation_stretches_as_widely_as_it_says() -> None:
    """A centred square, moved in nothing but its aspect, comes out wider or higher by up to twice the logarithm."""
    square = torch.zeros(200, 1, 64, 64)
    square[:, :, 24:40, 24:40] = 1.0
    spec = AugmentSpec(0, 0, 0.3, 0, 0, 0, 0, 0, 0, 0)
    moved = augment(square, spec, torch.Generator().manual_seed(1))[:, 0] > 0.5
    widths, heights = moved.any(dim=1).sum(dim=1), moved.any(dim=2).sum(dim=1)
    aspects = torch.log(widths.float() / heights.float())
    assert float(aspects.min()) == pytest.approx(-0.6, abs=0.15)
    assert float(aspects.max()) == pytest.approx(0.6, abs=0.15)


def test_augmentation_keeps_shape_range_and_the_generators_word() -> None:
    given = torch.rand((6, 1, 32, 32), generator=torch.Generator().manual_seed(1))
    first, again, other = (augment(given, AugmentSpec(), torch.Generator().manual_seed(seed)) for seed in (5, 5, 6))
    assert first.shape == given.shape
    assert 0.0 <= float(first.min()) <= float(first.max()) <= 1.0
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
