"""The suite of changes, and the augmentation that is to prepare a network for every one of them."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from training.learn.augment import augment
from training.learn.augment_litter import framed
from training.learn.augment_spec import OTHER_ROOMS, AugmentSpec
from training.sealing.shifts import CONTRASTS, FRAMINGS, GAMMAS, NOISE, SUITE, shifted


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


@pytest.mark.parametrize("spec", [AugmentSpec(), OTHER_ROOMS])
def test_augmentation_reaches_beyond_every_change(spec: AugmentSpec) -> None:
    """What the suite does to a film is within what training does to films, so that none of it is met unprepared."""
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


@pytest.mark.parametrize("spec", [AugmentSpec(), OTHER_ROOMS])
def test_augmentation_keeps_shape_range_and_the_generators_word(spec: AugmentSpec) -> None:
    given = torch.rand((6, 1, 32, 32), generator=torch.Generator().manual_seed(1))
    first, again, other = (augment(given, spec, torch.Generator().manual_seed(seed)) for seed in (5, 5, 6))
    assert first.shape == given.shape
    assert 0.0 <= float(first.min()) <= float(first.max()) <= 1.0
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


STILL = AugmentSpec(0, 0, 0, 0, 0, 0, 0, 0, 0, 0)


def ramp(count: int = 6, side: int = 64) -> torch.Tensor:
    """Grey that rises from left to right."""
    return torch.linspace(0.0, 1.0, side).expand(count, 1, side, side).clone()


def test_tone_curves_rise_keep_black_and_white_and_differ() -> None:
    bent = augment(ramp(), replace(STILL, tone=0.8), torch.Generator().manual_seed(2))[:, 0, 0]
    assert (bent.diff(dim=1) >= -1e-6).all()
    assert torch.allclose(bent[:, 0], torch.zeros(6), atol=2e-3)
    assert torch.allclose(bent[:, -1], torch.ones(6), atol=2e-3)
    assert float(bent[:, 32].std()) > 0.02


def test_shade_makes_one_side_brighter() -> None:
    grey = torch.full((8, 1, 64, 64), 0.5)
    shaded = augment(grey, replace(STILL, shade=0.2), torch.Generator().manual_seed(2))
    across = (shaded[:, :, 0] - shaded[:, :, -1]).mean(dim=(1, 2))
    assert 0.02 < float(across.abs().max()) <= 0.2
    assert torch.allclose(shaded.mean(dim=(1, 2, 3)), torch.full((8,), 0.5), atol=0.01)


def test_frames_are_plain_and_leave_the_middle() -> None:
    rng = torch.Generator().manual_seed(2)
    grey = torch.rand((40, 1, 64, 64), generator=rng)
    covered_films = framed(grey, 0.5, torch.Generator().manual_seed(3))
    covered = (covered_films != grey)[:, 0]
    assert not covered[:, 8:-8, 8:-8].any()
    has_frame = covered.flatten(1).any(dim=1)
    assert 10 <= int(has_frame.sum()) <= 28  # half of them, less those of which no side was drawn
    for film, where in zip(covered_films[has_frame][:, 0], covered[has_frame], strict=True):
        assert film[where].unique().numel() == 1


def test_marks_lie_on_their_share_of_the_films_and_change_the_given_ones_not() -> None:
    grey = torch.full((60, 1, 64, 64), 0.5)
    marked = augment(grey, replace(STILL, marks_share=0.5), torch.Generator().manual_seed(3))
    has_marks = (marked - 0.5).abs().flatten(1).amax(dim=1) > 0.05
    assert 18 <= int(has_marks.sum()) <= 42
    assert (grey == 0.5).all()
    assert ((marked - 0.5).abs() > 0.05).float().mean() < 0.1
