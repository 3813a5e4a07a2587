"""What must never be unpickled."""

from __future__ import annotations

import os
from pathlib import Path


class Bomb:
    """Makes a folder where it is unpickled."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> tuple[object, ...]:
        return os.mkdir, (str(self.trace),)
