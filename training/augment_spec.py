"""How much films are changed in training. Free of torch: plans are read and edited without it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class AugmentSpec:
    """Half-widths of the uniform ranges; each film of a batch draws its own values.

    They reach beyond the changes of `training.shifts`. `aspect` is wide because films are squashed to squares: how wide
    a film was cut would otherwise tell its class.
    """

    rotate_deg: float = 8.0
    scale: float = 0.25
    aspect: float = 0.3
    translate: float = 0.08
    gamma_log: float = 0.6
    contrast_log: float = 0.6
    brightness: float = 0.15
    noise: float = 0.05
    soften_share: float = 0.5
    sharpen_share: float = 0.2
