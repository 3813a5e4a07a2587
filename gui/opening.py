"""Use case: open files and folders. The list fills while the scan goes on; nothing that was found is dropped."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from gui.entries import Entry
from gui.jobs import JobHandle, Jobs, Lane
from gui.review import Review
from imaging.errors import NegatoscopeError
from imaging.progress import CancelToken, Progress

if TYPE_CHECKING:
    from imaging.read.scan import Found, Refused

BATCH_S = 0.05  # rows reach the list this often while scanning
BATCH_ROWS = 200
FRAMES_LISTED = 500  # of one file; a hostile header may claim millions
SCAN_PRIORITY = 1  # behind the film that is being read, before thumbnails
MODEL_FILE = "negatoscope.json"


class Opening(QObject):
    """Scans on the io lane and adds what it finds to the review."""

    model_named = Signal(str)  # the opened films name their own model, or '' where they do not
    failed = Signal(str)
    opened = Signal(object)  # list[Path]

    def __init__(self, review: Review, jobs: Jobs, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._review = review
        self._jobs = jobs
        self._scans: list[JobHandle] = []
        self._roots: list[Path] = []

    def open_paths(self, paths: Sequence[Path]) -> None:
        """Start scanning; returns at once."""
        if not paths:
            return
        self._name(paths)
        wanted = list(paths)
        handle = self._jobs.submit_stream(
            Lane.IO,
            lambda token, progress, stream: scan_in_batches(wanted, token, stream),
            item=self._take,
            done=lambda _: self._ended(handle),
            failed=lambda error: self._failed(handle, error),
            priority=SCAN_PRIORITY,
        )
        self._scans.append(handle)
        self._review.set_scanning(True)
        self.opened.emit(wanted)

    def make_practice_films(self, folder: Path) -> None:
        """Draw the practice films into `folder` where they are not there yet, then open it."""
        self._review.set_scanning(True)
        handle = self._jobs.submit(
            Lane.IO,
            lambda token, progress: practice_films(folder, token, progress),
            done=lambda made: self._practice_made(handle, made),
            failed=lambda error: self._failed(handle, error),
        )
        self._scans.append(handle)

    def stop(self) -> None:
        """Give up every scan; what was found stays."""
        for handle in self._scans:
            handle.cancel()
        self._scans.clear()
        self._review.set_scanning(False)

    def forget(self) -> None:
        self.stop()
        self._roots.clear()

    def _practice_made(self, handle: JobHandle, folder: Path) -> None:
        self._ended(handle)
        self.open_paths([folder])

    def _name(self, paths: Sequence[Path]) -> None:
        roots = [path if path.is_dir() else path.parent for path in paths]
        self._roots += [root for root in dict.fromkeys(roots) if root not in self._roots]
        name = self._roots[0].resolve().name if len(self._roots) == 1 else f"{len(self._roots)} folders"
        self._review.name_folder(name)

    def _take(self, item: str | list[Entry]) -> None:
        if isinstance(item, str):
            self.model_named.emit(item)
        else:
            self._review.add(item)

    def _ended(self, handle: JobHandle) -> None:
        if handle in self._scans:
            self._scans.remove(handle)
        self._review.set_scanning(bool(self._scans))

    def _failed(self, handle: JobHandle, error: NegatoscopeError) -> None:
        self._ended(handle)
        self.failed.emit(error.message)


# On a worker's thread.


def scan_in_batches(paths: Sequence[Path], token: CancelToken, stream: Callable[[str | list[Entry]], None]) -> None:
    """Stream the name of the films' own model ('' for none), then the rows in batches."""
    from imaging.read.scan import scan

    stream(named_model(paths))
    batch: list[Entry] = []
    due = 0.0  # the very first film goes out alone: it is the one that is waited for
    for item in scan(paths, token):
        batch += rows_of(item)
        if len(batch) >= BATCH_ROWS or time.monotonic() >= due:
            stream(batch)
            batch, due = [], time.monotonic() + BATCH_S
    stream(batch)


def rows_of(item: Found | Refused) -> list[Entry]:
    """The rows of one thing that the scan found: one a frame, or the refused file with its reason."""
    from imaging.read.scan import Refused

    if isinstance(item, Refused):
        return [Entry(path=item.path, refusal=item.error.message)]
    frames = max(1, item.frames)
    listed = min(frames, FRAMES_LISTED)
    base = Entry(path=item.ref.path, ref=item.ref, header=item.header, frames=frames)
    rows = [replace(base, ref=replace(item.ref, frame=frame)) for frame in range(listed)] if frames > 1 else [base]
    if listed < frames:
        sentence = f"The file claims {frames:,} frames; the first {listed} are listed."
        rows.append(Entry(path=item.ref.path, refusal=sentence))
    return rows


def named_model(paths: Sequence[Path]) -> str:
    """The model that `negatoscope.json` beside the first films names; '' where there is none that can be read."""
    for path in paths:
        folder = path if path.is_dir() else path.parent
        try:
            content = json.loads((folder / MODEL_FILE).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue
        if isinstance(content, dict) and isinstance(content.get("model"), str):
            return str(content["model"])
    return ""


def practice_films(folder: Path, token: CancelToken, progress: Progress) -> Path:
    """The folder of the practice films, which are drawn the first time."""
    if not (folder / MODEL_FILE).is_file():
        from imaging.phantom_files import write_examples

        write_examples(folder, token=token, progress=progress)
    return folder
