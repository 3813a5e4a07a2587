"""Use case: open files and folders. The list fills while the scan goes on; nothing that was found is dropped."""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Callable, Container, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from gui.films.entries import Entry
from gui.jobs import GiveWay, JobHandle, Jobs, Lane
from gui.review import Review
from imaging.errors import NegatoscopeError
from imaging.paths import user_data_dir
from imaging.progress import CancelToken, Progress

if TYPE_CHECKING:
    from imaging.read.look import Found, Refused
    from imaging.study import ImageRef

BATCH_S = 0.05  # rows reach the list this often while scanning
BATCH_ROWS = 200
FRAMES_LISTED = 500  # of one file; a hostile header may claim millions
SCAN_PRIORITY = 1  # behind the film that is being read, before thumbnails
MODEL_FILE, MODEL_FILE_BYTES = "negatoscope.json", 1 << 16
_MODEL_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}(@[0-9]{1,9})?")  # as cards have it
PRACTICE_FOLDER = "practice films"


@dataclass(frozen=True, slots=True)
class Source:
    """Where films come from, as the disk has it: their folders, and the model that they name, '' for none."""

    folders: tuple[Path, ...]
    model: str


class Opening(QObject):
    """Scans on the io lane and adds what it finds to the review."""

    model_named = Signal(str)  # the opened films name their own model, or '' where they do not
    failed = Signal(str)
    opened = Signal(object)  # tuple[Path, ...], the folders

    def __init__(
        self, review: Review, jobs: Jobs, give_way: GiveWay = lambda: None, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._review = review
        self._jobs = jobs
        self._give_way = give_way
        self._scans: list[JobHandle] = []
        self._roots: list[Path] = []

    def open_paths(self, paths: Sequence[Path]) -> None:
        """Start scanning; returns at once, and asks no disk: a drive that does not answer holds up a worker alone."""
        if not paths:
            return
        wanted, give_way = list(paths), self._give_way
        handle = self._jobs.submit_stream(
            Lane.IO,
            lambda token, progress, stream: scan_in_batches(wanted, token, stream, give_way),
            item=self._take,
            done=lambda _: self._ended(handle),
            failed=lambda error: self._failed(handle, error),
            priority=SCAN_PRIORITY,
        )
        self._scans.append(handle)
        self._review.set_scanning(True)

    def open_listed(self, refs: Sequence[ImageRef], chosen: ImageRef) -> None:
        """Add single films to the list, as they are, and select one. The model that counts stays the one it is."""
        wanted = {ref.key for ref in refs}
        paths = list(dict.fromkeys(ref.path for ref in refs))

        def listed(rows: list[Entry]) -> None:
            self._ended(handle)
            if not self._review.entries:
                self._review.name_folder("Chosen films")
            self._review.add(rows)
            self._review.select(self._review.row_of(chosen.key))

        handle = self._jobs.submit(
            Lane.IO,
            lambda token, progress: rows_named(paths, wanted, token),
            done=listed,
            failed=lambda error: self._failed(handle, error),
        )
        self._scans.append(handle)
        self._review.set_scanning(True)

    def make_practice_films(self) -> None:
        """Draw the practice films where they are not there yet, then open them."""
        self._review.set_scanning(True)
        handle = self._jobs.submit(
            Lane.IO,
            practice_films,
            done=lambda made: self._practice_made(handle, made),
            failed=lambda error: self._failed(handle, error),
            words="Drawing the practice films…",
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

    def _take(self, item: Source | list[Entry]) -> None:
        if isinstance(item, list):
            self._review.add(item)
            return
        self._roots += [folder for folder in item.folders if folder not in self._roots]
        self._review.name_folder(self._roots[0].name if len(self._roots) == 1 else f"{len(self._roots)} folders")
        self.model_named.emit(item.model)
        self.opened.emit(item.folders)

    def _ended(self, handle: JobHandle) -> None:
        if handle in self._scans:
            self._scans.remove(handle)
        self._review.set_scanning(bool(self._scans))

    def _failed(self, handle: JobHandle, error: NegatoscopeError) -> None:
        self._ended(handle)
        self.failed.emit(error.message)


# On a worker's thread.


def scan_in_batches(
    paths: Sequence[Path], token: CancelToken, stream: Callable[[Source | list[Entry]], None], give_way: GiveWay
) -> None:
    """Stream where the films come from, then the rows in batches.

    From the first film on it gives way: a reader who waits for a film waits no longer because there are many.
    """
    from imaging.read.scan import scan

    folders = dict.fromkeys(_folder_of(path) for path in paths)
    # Not Path.resolve, which raises for links that lead round in a circle.
    stream(Source(tuple(Path(os.path.realpath(folder)) for folder in folders), named_model(folders)))
    batch: list[Entry] = []
    due = 0.0  # the very first film goes out alone: it is the one that is waited for
    films = False
    for item in scan(paths, token):
        rows = rows_of(item)
        batch += rows
        if len(batch) >= BATCH_ROWS or time.monotonic() >= due or (rows[0].is_film and not films):
            films = films or rows[0].is_film
            stream(batch)
            if films:
                give_way()
            batch, due = [], time.monotonic() + BATCH_S
    stream(batch)


def rows_named(paths: Sequence[Path], keys: Container[str], token: CancelToken) -> list[Entry]:
    """The rows of these files, as far as they are asked for; what can't be read any more says so."""
    from imaging.read.scan import scan

    rows = [row for item in scan(paths, token) for row in rows_of(item)]
    return [row for row in rows if row.key in keys or row.refusal]


def _folder_of(path: Path) -> Path:
    try:
        return path if path.is_dir() else path.parent
    except OSError:  # no right to look; the scan says so
        return path.parent


def rows_of(item: Found | Refused) -> list[Entry]:
    """The rows of one thing that the scan found: one a frame, or the refused file with its reason."""
    from imaging.read.look import Refused
    from imaging.read.packed.source import stamp_of

    if isinstance(item, Refused):
        return [Entry(path=item.path, refusal=item.error.message)]
    ref = replace(item.ref, stamp=stamp_of(item.ref.path))
    frames = max(1, item.frames)
    listed = min(frames, FRAMES_LISTED)
    base = Entry(path=ref.path, ref=ref, header=item.header, frames=frames)
    rows = [replace(base, ref=replace(ref, frame=frame)) for frame in range(listed)] if frames > 1 else [base]
    if listed < frames:
        sentence = f"The file claims {frames:,} frames; the first {listed} are listed."
        # In the place of the first that is not: by its path alone it would be taken for the first frame.
        rows.append(Entry(path=ref.path, ref=replace(ref, frame=listed), refusal=sentence))
    return rows


def named_model(folders: Iterable[Path]) -> str:
    """The model that the first `negatoscope.json` of these folders names; '' where there is none that can be read."""
    for folder in folders:
        try:
            content = json.loads(_text_of(folder / MODEL_FILE))
        except (OSError, ValueError, RecursionError):
            continue
        name = content.get("model") if isinstance(content, dict) else None
        # By its name alone: whoever made the folder must not have a file of theirs, or one on a network, opened.
        if isinstance(name, str) and _MODEL_NAME.fullmatch(name):
            return name
    return ""


def _text_of(path: Path) -> str:
    """A short text file. Raises OSError, ValueError; for a pipe too, which would be waited for."""
    if not path.is_file():
        raise FileNotFoundError
    with path.open("rb") as stream:
        return stream.read(MODEL_FILE_BYTES).decode("utf-8")


def practice_films(token: CancelToken, progress: Progress) -> Path:
    """The folder of the practice films, which are drawn the first time. Raises NegatoscopeError."""
    try:
        folder = user_data_dir() / PRACTICE_FOLDER
        if not (folder / MODEL_FILE).is_file():
            from imaging.phantom_files import write_examples

            write_examples(folder, token=token, progress=progress)
    except OSError as error:
        sentence = "The practice films can't be written. Check that the data folder can be written."
        raise NegatoscopeError(sentence, detail=type(error).__name__) from error
    return folder
