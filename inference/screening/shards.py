"""`screen` as several processes (ADR 15): each takes its share of the archive and writes its own part file, and the
first merges the parts in the order of the input.
"""

from __future__ import annotations

import heapq
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from imaging.errors import NegatoscopeError
from inference.screening.screen_lines import Line, Lines, film_key, keys_of, open_lines, read_lines
from inference.screening.screen_rows import Tally, Terms

_OWN = re.compile(r"\.(part-\d+-of-\d+|rank-\d+-of-\d+|merging|merged)\Z")


@dataclass(frozen=True, slots=True)
class Rank:
    """One of `world` processes on one archive, one of `local_world` on this computer; each counts from 0."""

    rank: int = 0
    world: int = 1
    local_rank: int = 0
    local_world: int = 1
    restarts: int = 0

    def takes(self, path: Path) -> bool:
        """Whether a film is this process's share: by its name, so that it stays so when the archive grows meanwhile."""
        return self.world == 1 or int.from_bytes(film_key(path.as_posix(), 0)) % self.world == self.rank

    @property
    def described(self) -> str:
        return f"Process {self.rank + 1} of {self.world}"


def rank_of(environment: Mapping[str, str]) -> Rank:
    """What torchrun says in the environment: RANK, WORLD_SIZE and their LOCAL_ companions; without them, the only one.

    Raises NegatoscopeError for figures that do not fit together.
    """
    if "RANK" not in environment or "WORLD_SIZE" not in environment:
        return Rank()
    try:
        rank, world = int(environment["RANK"]), int(environment["WORLD_SIZE"])
        local_rank = int(environment.get("LOCAL_RANK", rank))
        local_world = int(environment.get("LOCAL_WORLD_SIZE", world))
        restarts = int(environment.get("TORCHELASTIC_RESTART_COUNT", 0))
    except ValueError as error:
        raise NegatoscopeError("RANK and WORLD_SIZE in the environment should be numbers.") from error
    if not (0 <= rank < world and 0 <= local_rank < local_world <= world):
        raise NegatoscopeError("RANK and WORLD_SIZE in the environment do not fit together.")
    return Rank(rank, world, local_rank, local_world, restarts)


@dataclass(frozen=True, slots=True)
class Shards:
    """The files beside the output `out` (F.jsonl) while several processes write it.

    `F.jsonl.part-0-of-2` holds the lines of the first of two, each behind the film's place in the archive.
    `F.jsonl.merged` is the whole output before it takes its name; while it is there, the parts are of no more use.
    """

    out: Path
    rank: Rank

    @property
    def part(self) -> Path:
        return self._beside(f"part-{self.rank.rank}-of-{self.rank.world}")

    @property
    def merged(self) -> Path:
        return self._beside("merged")

    @property
    def merging(self) -> Path:
        return self._beside("merging")

    def parts(self) -> list[Path]:
        """All parts that there are, those of another number of processes too."""
        return self._all(r"part-\d+-of-\d+")

    def are_there(self) -> bool:
        """Whether an earlier run left its parts, or ended while it merged them."""
        return bool(self.parts()) or self.merged.exists()

    def is_own(self, path: str) -> bool:
        """Whether a file of this real path is one of these."""
        return path.startswith(os.path.realpath(self.out) + ".") and _OWN.search(path) is not None

    def prepare(self, *, resume: bool) -> None:
        """What the first process does before any other begins: end a merging that was under way, or begin anew.

        Raises NegatoscopeError.
        """
        try:
            self.out.parent.mkdir(parents=True, exist_ok=True)
            for left in (self.merging, *self._all(r"rank-\d+-of-\d+")):
                left.unlink(missing_ok=True)
            if not resume:
                for left in (self.merged, *self.parts()):
                    left.unlink(missing_ok=True)
                if self.rank.world > 1:  # or lines of an earlier run would count as done, should this one break off
                    self.out.unlink(missing_ok=True)
            elif self.merged.exists():
                self._take_name()
        except OSError as error:
            raise NegatoscopeError(f"The results can't be written to {self.out}.", detail=str(error)) from error

    def open_part(self, terms: Terms, *, resume: bool) -> Lines:
        """The part of this process, behind what it has already. What stands in the output, or in parts of another
        number of processes, counts as done. Raises NegatoscopeError.
        """
        keys = b""
        if resume:
            try:
                if self.out.is_file():
                    keys += keys_of(self.out, terms, places=False, wanted=self.rank.takes)
                for part in self.parts():
                    if not part.name.endswith(f"-of-{self.rank.world}"):
                        keys += keys_of(part, terms, places=True, wanted=self.rank.takes)
            except OSError as error:
                raise NegatoscopeError("The results to resume can't be read.", detail=str(error)) from error
        return open_lines(self.part, terms, resume=resume, places=True, keys=keys)

    def merge(self, terms: Terms) -> Tally:
        """All parts, complete by now, into the output, behind the lines that it has. Raises NegatoscopeError."""
        tally = Tally()
        try:
            with self.merging.open("wb") as merged:
                for line in self._merged_lines(terms):
                    merged.write(line.raw.partition(b" ")[2] if line.place >= 0 else line.raw)
                    tally.count(line.row)
                merged.flush()
                os.fsync(merged.fileno())
            self.merging.replace(self.merged)
            self._take_name()
        except OSError as error:
            raise NegatoscopeError("The parts can't be merged; --resume tries again.", detail=str(error)) from error
        return tally

    def _merged_lines(self, terms: Terms) -> Iterator[Line]:
        """`place` is -1 where a line has none before it."""
        if self.out.exists():
            yield from (line._replace(place=-1) for line in read_lines(self.out, terms, places=False))
        parts = [read_lines(part, terms, places=True) for part in self.parts()]
        # Frames of one film are in two parts where it was resumed with another number of processes.
        yield from heapq.merge(*parts, key=lambda line: (line.place, line.row["frame"]))

    def _take_name(self) -> None:
        """The parts go first: once one of them is gone, `merged` is the only whole copy and nobody merges again."""
        for part in self.parts():
            part.unlink(missing_ok=True)
        self.merged.replace(self.out)

    def _beside(self, ending: str) -> Path:
        return self.out.with_name(f"{self.out.name}.{ending}")

    def _all(self, ending: str) -> list[Path]:
        whole = re.compile(re.escape(f"{self.out.name}.") + ending)
        with suppress(FileNotFoundError):
            return sorted(path for path in self.out.parent.iterdir() if whole.fullmatch(path.name))
        return []
