"""Jobs for the decoding child that answer what no decoder answers."""

from __future__ import annotations

from typing import Any, NamedTuple

from imaging.image import Pixels
from imaging.read.answer import share
from imaging.read.limits import Limits


class StrangeJob(NamedTuple):
    """Tells `telling` of a frame of one byte, where a share is expected."""

    telling: Any
    family: str = "strange"
    result_bytes: int = 1

    def decode(self, data: memoryview, limits: Limits, out: Pixels) -> float:
        out[:] = data[0]
        return self.telling  # type: ignore[no-any-return]

    def heard(self, told: Any) -> float:
        return share(told)
