"""What was dropped on the window, as paths."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QMimeData


def dropped_paths(mime: QMimeData) -> list[Path]:
    """The local files and folders among what is held or dropped, each once, in their order."""
    local = (url.toLocalFile() for url in mime.urls() if url.isLocalFile())
    return list(dict.fromkeys(Path(name) for name in local if name))
