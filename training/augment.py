"""Label-safe augmentation of a batch of films: what changes between X-ray rooms, never what changes the anatomy.

No flips: the heart stands on one side. The ranges cover the suite of `training.shifts`.
"""

from __future__ import annotations

import math

import torch
from torch import Generator, Tensor
from torch.nn import functional

from training.augment_spec import AugmentSpec


def augment(films: Tensor, spec: AugmentSpec, rng: Generator) -> Tensor:
    """Change each film a little. films: float32 [N, 1, S, S], 0 to 1; the result has the same shape and range."""
    return _re_expose(_moved(films, _movement(films, spec, rng)), spec, rng)


def augment_with_places(films: Tensor, places: Tensor, spec: AugmentSpec, rng: Generator) -> tuple[Tensor, Tensor]:
    """`augment`, and what is marked on the films (`places`, of their shape, 0 to 1) moved along with them."""
    grid = _movement(films, spec, rng)
    return _re_expose(_moved(films, grid), spec, rng), _moved(places, grid)


def _re_expose(films: Tensor, spec: AugmentSpec, rng: Generator) -> Tensor:
    """All changes that leave everything in its place."""
    films = _soften_or_sharpen(films, spec, rng)
    films = _expose(films, spec, rng)
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


def _add_noise(films: Tensor, spec: AugmentSpec, rng: Generator) -> Tensor:
    """Quantum noise of a strength that differs from film to film."""
    strength = _uniform(films, spec.noise, rng).clamp_min(0.0)
    return films + strength * torch.randn(films.shape, generator=rng).to(films.device)
