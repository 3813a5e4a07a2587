"""References to films, and the studies they belong to."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class ImageRef:
    """One frame of one file.

    `uid` is the SOP Instance UID of a DICOM file, else None. `digest` is the sha256 of the file's bytes where
    it is known already, else None. Two references to the same frame of the same path are equal.
    """

    path: Path
    frame: int = 0
    uid: str | None = field(default=None, compare=False)
    digest: str | None = field(default=None, compare=False)

    @property
    def key(self) -> str:
        """A text that names this frame within a session: the path, and the frame from the second on."""
        return self.path.as_posix() if self.frame == 0 else f"{self.path.as_posix()}#{self.frame}"
