r"""Where the films lie that a CSV names: as it says, or as it would say had the folder not moved.

Lists are made on another computer, with its folders and its strokes (C:\set\a.png), from the folder above
(CheXpert's), or hold bare names of files that lie in folders beside the list, with their endings (ChestX-ray14's) or
without (RSNA's). Nothing outside the list's own folder is tried but what it names itself.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from imaging.progress import CancelToken

_DEPTH, _MOST_FILES = 5, 1_000_000  # below the list's folder


class FilmFinder:
    """Finds the films of one list. The folders below it are looked through once, and only for bare names that are not
    where the list says; that can be cancelled.
    """

    def __init__(self, folder: Path, token: CancelToken) -> None:
        self._folder = folder
        self._token = token
        self._dropped = 0  # leading folders of a named path that are not there; the same for most rows of a list
        self._below: dict[str, Path | None] | None = None

    def find(self, named: str) -> Path:
        """The film that a row names; where it would lie by the list's own words if it is nowhere."""
        said = self._folder / named
        if os.path.exists(said):  # noqa: PTH110 - Path.exists raises where a folder above may not be entered
            return said
        steps = PurePosixPath(named.replace("\\", "/")).parts
        if len(steps) == 1:
            return self._named(steps[0]) or said
        dropped = [self._dropped, *(count for count in range(len(steps) - 1) if count != self._dropped)]
        for count in dropped:
            moved = self._folder.joinpath(*steps[count:]) if count < len(steps) - 1 else said
            if not moved.is_relative_to(self._folder) or ".." in steps[count:]:
                continue
            if os.path.exists(moved):  # noqa: PTH110
                self._dropped = count
                return moved
        return said

    def _named(self, name: str) -> Path | None:
        """The only file of this name, or of this name but for its ending."""
        if self._below is None:
            self._below = {}
            for path in _files(self._folder, self._token):
                for key in {path.name, path.stem}:
                    self._below[key] = None if key in self._below else path
        return self._below.get(name)


def _files(folder: Path, token: CancelToken) -> Iterator[Path]:
    """The files below a folder, links to folders followed but none entered twice. Raises Cancelled."""
    entered: set[tuple[int, int] | str] = set()
    count = 0
    for place, folders, files in os.walk(folder, followlinks=True):
        token.check()
        own = _identity(place)
        known, deep = own in entered, len(Path(place).relative_to(folder).parts) >= _DEPTH
        entered.add(own)
        folders[:] = [] if known or deep else [name for name in folders if not name.startswith((".", "__"))]
        if known:
            continue
        for name in files:
            if not name.startswith("."):
                yield Path(place, name)
        count += len(files)
        if count > _MOST_FILES:
            return


def _identity(place: str) -> tuple[int, int] | str:
    """What tells a folder by whichever name; its name where it is gone by now."""
    try:
        status = os.stat(place)  # noqa: PTH116 - os.walk speaks of text
    except OSError:
        return place
    return (status.st_dev, status.st_ino)
