"""How large a file of starting weights may be, what converting it may cost, and the error of one that can't be used."""

from __future__ import annotations

from dataclasses import dataclass

from imaging.errors import NegatoscopeError


class WeightsError(NegatoscopeError):
    """A file of starting weights can't be used; the message says why in one sentence."""


@dataclass(frozen=True, slots=True)
class WeightsLimits:
    """Caps on a file of weights and on what is made of it: VGG16, the largest of the table, has 553 MB in 32 tensors.

    `bytes` bounds the file, and its tensors as float32. `memory_bytes` bounds the converter process on top of what it
    holds when it is ready, `timeout_s` the time from then on, `start_timeout_s` the time until then.
    """

    bytes: int = 1 << 30
    tensors: int = 10_000
    memory_bytes: int = 5 << 30
    timeout_s: float = 120.0
    start_timeout_s: float = 120.0


DEFAULT_LIMITS = WeightsLimits()
