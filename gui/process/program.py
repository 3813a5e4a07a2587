"""What was installed: which release, in which flavour, with PyTorch or without. Read from the program's own files."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QObject

from gui.jobs import Jobs, Lane
from imaging.release import Release

PRIORITY = 3  # behind the first film


@dataclass(frozen=True, slots=True)
class Program:
    """`has_torch`: models can be trained."""

    release: Release
    has_torch: bool


class ProgramFacts(QObject):
    """Reads them once, on a worker: a program that runs from a share may wait for it."""

    def __init__(self, jobs: Jobs, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._jobs = jobs
        self._program: Program | None = None
        self._asked: list[Callable[[Program], None]] = []

    def ask(self, then: Callable[[Program], None]) -> None:
        """Call `then` with the facts: at once where they are known, else when they are."""
        if self._program is not None:
            then(self._program)
            return
        self._asked.append(then)
        if len(self._asked) == 1:
            words = "Looking at what is installed…"
            self._jobs.submit(
                Lane.IO,
                lambda token, progress: read_program(),
                done=self._read,
                failed=lambda _: self._asked.clear(),  # the next one to ask tries again
                priority=PRIORITY,
                words=words,
            )

    def _read(self, program: Program) -> None:
        self._program = program
        asked, self._asked = self._asked, []
        for then in asked:
            then(program)


# On a worker's thread.


def read_program() -> Program:
    """The facts, from the disk."""
    from imaging.release import release
    from inference.engines.torch_first import has_torch

    return Program(release(), has_torch())
