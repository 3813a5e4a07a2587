"""How much films are changed in training. Free of torch: plans are read and edited without it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class AugmentSpec:
    """Half-widths of the uniform ranges; each film of a batch draws its own values.

    `aspect` is wide because films are squashed to squares: how wide a film was cut would otherwise tell its class.
    """

    rotate_deg: float = 8.0
    scale: float = 0.2
    aspect: float = 0.22
    translate: float = 0.06
    gamma_log: float = 0.5
    contrast_log: float = 0.4
    brightness: float = 0.12
    noise: float = 0.05
    soften_share: float = 0.5
    sharpen_share: float = 0.2
