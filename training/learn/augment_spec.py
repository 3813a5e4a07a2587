"""How much films are changed in training. Free of torch: plans are read and edited without it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class AugmentSpec:
    """Half-widths of the uniform ranges; each film of a batch draws its own values.

    They reach beyond the changes of `sealing.shifts`. `aspect` is wide because films are squashed to squares: how wide
    a film was cut would otherwise tell its class. `tone` bends the greys by a rising curve, `shade` is how the light
    differs from one side of the film to the other, and a share of the films gets plain frames (`frame_share`) or side
    marks, plates and wires (`marks_share`): what stands at the edge of a film may tell how it was collected.
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
    tone: float = 0.0
    shade: float = 0.0
    frame_share: float = 0.0
    marks_share: float = 0.0


# As films of other rooms and makers differ, all at once.
OTHER_ROOMS = AugmentSpec(
    scale=0.2, gamma_log=0.52, contrast_log=0.52, tone=0.4, shade=0.2, frame_share=0.3, marks_share=0.5
)
