"""Which release this is, and in which flavour it was made."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from imaging.paths import resource_path

VERSION = "0.1.0"  # pyproject.toml says the same; a test holds them together
NO_TRAINING = (
    "Models are trained in the cpu and cuda flavours of Negatoscope, which carry PyTorch; this is the viewer flavour: "
    "install one of those beside it, they share models and settings."
)
_FILE = "release.json"


@dataclass(frozen=True, slots=True)
class Release:
    """`flavour` is `source`, `cpu`, `cuda` or `viewer`; `commit` is empty from source."""

    flavour: str
    commit: str = ""

    @property
    def trains(self) -> bool:
        """Whether models can be trained: the viewer flavour carries no PyTorch."""
        return self.flavour != "viewer"

    @property
    def words(self) -> str:
        """For people: version, flavour and commit."""
        return f"{VERSION}, {self.flavour}" + (f", {self.commit[:10]}" if self.commit else "")


def release(place: Path | None = None) -> Release:
    """What packaging/build.py wrote into the frozen program's resources; from source there is no such file."""
    try:
        found = json.loads((place or resource_path(_FILE)).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Release("source")
    return Release(str(found["flavour"]), str(found["commit"]))
