"""Label-safe augmentation of a batch of films: what changes between X-ray rooms, never what changes the anatomy.

No flips: the heart stands on one side. The ranges cover the suite of `training.sealing.shifts`.
"""

from __future__ import annotations

import math

import torch
from torch import Generator, Tensor
from torch.nn import functional

from training.learn.augment_litter import framed, marked
from training.learn.augment_spec import AugmentSpec

_KNOTS = 8  # of a tone curve: enough to bend darks and lights apart, too few to ripple
_STEPS = 1024  # of its table


def augment(films: Tensor, spec: AugmentSpec, rng: Generator) -> Tensor:
    """Change each film a little. films: float32 [N, 1, S, S], 0 to 1; the result has the same shape and range."""
    return _re_expose(_littered(_moved(films, _movement(films, spec, rng)), spec, rng), spec, rng)


def augment_with_places(films: Tensor, places: Tensor, spec: AugmentSpec, rng: Generator) -> tuple[Tensor, Tensor]:
    """`augment`, and what is marked on the films (`places`, of their shape, 0 to 1) moved along with them."""
    grid = _movement(films, spec, rng)
    return _re_expose(_littered(_moved(films, grid), spec, rng), spec, rng), _moved(places, grid)


def _littered(films: Tensor, spec: AugmentSpec, rng: Generator) -> Tensor:
    """Marks and frames on a share of the films."""
    if spec.marks_share > 0.0:
        films = marked(films, spec.marks_share, rng)
    return framed(films, spec.frame_share, rng) if spec.frame_share > 0.0 else films


def _re_expose(films: Tensor, spec: AugmentSpec, rng: Generator) -> Tensor:
    """All changes that leave everything in its place."""
    films = _soften_or_sharpen(films, spec, rng)
    if spec.tone > 0.0:
        films = _bend_tones(films, spec.tone, rng)
    films = _expose(films, spec, rng)
    if spec.shade > 0.0:
        films = _shade(films, spec.shade, rng)
    return _add_noise(films, spec, rng).clamp_(0.0, 1.0)


def _uniform(like: Tensor, half: float, rng: Generator) -> Tensor:
    """One value a film, [N, 1, 1, 1], between -half and half."""
    draws = torch.rand((like.shape[0], 1, 1, 1), generator=rng)
    return ((draws * 2.0 - 1.0) * half).to(like.device)


def _movement(films: Tensor, spec: AugmentSpec, rng: Generator) -> Tensor:
    """Rotate, scale, stretch and shift: where each pixel comes from, float32 [N, S, S, 2]."""
    n = films.shape[0]
    angle = _uniform(films, math.radians(spec.rotate_deg), rng).view(n)
    zoom = torch.exp(_uniform(films, spec.scale, rng)).view(n)
    aspect = torch.exp(_uniform(films, spec.aspect, rng)).view(n)
    shift_x, shift_y = (_uniform(films, 2.0 * spec.translate, rng).view(n) for _ in range(2))
    cos, sin = torch.cos(angle), torch.sin(angle)
    rows = (
        torch.stack([cos * zoom * aspect, -sin * zoom, shift_x], dim=1),
        torch.stack([sin * zoom, cos * zoom / aspect, shift_y], dim=1),
    )
    return functional.affine_grid(torch.stack(rows, dim=1), list(films.shape), align_corners=False)


def _moved(films: Tensor, grid: Tensor) -> Tensor:
    """The films in one resampling; what comes in from outside is black."""
    return functional.grid_sample(films, grid, mode="bilinear", padding_mode="zeros", align_corners=False)


def _soften_or_sharpen(films: Tensor, spec: AugmentSpec, rng: Generator) -> Tensor:
    """Resample some films through a coarser grid, and put more edge into others: other detectors, other exports."""
    size = films.shape[-1]
    coarse = int(size * (0.4 + 0.5 * float(torch.rand((), generator=rng))))
    small = functional.interpolate(films, size=(coarse, coarse), mode="area")
    soft = functional.interpolate(small, size=(size, size), mode="bilinear", align_corners=False)
    draw = torch.rand((films.shape[0], 1, 1, 1), generator=rng).to(films.device)
    softened = torch.where(draw < spec.soften_share, soft, films)
    return torch.where(draw > 1.0 - spec.sharpen_share, films + 0.8 * (films - soft), softened)


def _expose(films: Tensor, spec: AugmentSpec, rng: Generator) -> Tensor:
    """Gamma, contrast about the film's mean, and brightness."""
    films = films.clamp(1e-4, 1.0) ** torch.exp(_uniform(films, spec.gamma_log, rng))
    mean = films.mean(dim=(1, 2, 3), keepdim=True)
    contrast = torch.exp(_uniform(films, spec.contrast_log, rng))
    return (films - mean) * contrast + mean + _uniform(films, spec.brightness, rng)


def _bend_tones(films: Tensor, half: float, rng: Generator) -> Tensor:
    """A rising curve of its own for each film, from 0 to 1: other makers' processing.

    `half` bounds the logarithm of each knot's slope, before the curve is made to end at 1.
    """
    count = films.shape[0]
    slopes = torch.exp((torch.rand((count, _KNOTS), generator=rng) * 2.0 - 1.0) * half)
    rises = torch.cat([torch.zeros((count, 1)), torch.cumsum(slopes, dim=1)], dim=1)
    rises = (rises / rises[:, -1:]).unsqueeze(1)
    table = functional.interpolate(rises, size=_STEPS, mode="linear", align_corners=True).squeeze(1).to(films.device)
    at = (films.clamp(0.0, 1.0) * (_STEPS - 1)).round().long().flatten(1)
    return torch.gather(table, 1, at).view_as(films)


def _shade(films: Tensor, half: float, rng: Generator) -> Tensor:
    """Uneven light: brighter towards one side."""
    ramp = torch.linspace(-0.5, 0.5, films.shape[-1], device=films.device)
    down, across = _uniform(films, half, rng), _uniform(films, half, rng)
    return films + down * ramp[:, None] + across * ramp[None, :]


def _add_noise(films: Tensor, spec: AugmentSpec, rng: Generator) -> Tensor:
    """Quantum noise of a strength that differs from film to film."""
    strength = _uniform(films, spec.noise, rng).clamp_min(0.0)
    return films + strength * torch.randn(films.shape, generator=rng).to(films.device)
