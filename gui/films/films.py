"""The films that are open, in the order of opening, and how far each is with the model. Free of Qt."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from gui.films.entries import Entry, Stage


class Films:
    """Rows that are found by their key. Nothing here takes longer because there are many of them."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.refused: set[int] = set()  # rows
        self._rows: dict[str, int] = {}
        self._stages: dict[str, Stage] = {}
        self._folders: dict[Path, None] = {}

    def row_of(self, key: str) -> int:
        """The row of a film, or -1 where it was closed meanwhile."""
        return self._rows.get(key, -1)

    def entry(self, row: int) -> Entry | None:
        return self.entries[row] if 0 <= row < len(self.entries) else None

    @property
    def folders(self) -> Sequence[Path]:
        """The folders that the files lie in, in the order in which they were met."""
        return tuple(self._folders)

    def add(self, entries: Iterable[Entry]) -> range:
        """Append those that are not listed already. Returns their rows."""
        first = len(self.entries)
        for entry in entries:
            if entry.key in self._rows:
                continue
            row = self._rows[entry.key] = len(self.entries)
            self.entries.append(entry)
            self._folders[entry.path.parent] = None
            if entry.refusal:
                self.refused.add(row)
        return range(first, len(self.entries))

    def refuse(self, key: str, sentence: str, *, may_return: bool = False) -> int:
        """Give a film's row a reason why it can't be read. Returns the row, -1 where it has one or is gone."""
        row = self.row_of(key)
        if row < 0 or self.entries[row].refusal:
            return -1
        self.entries[row] = replace(self.entries[row], refusal=sentence, may_return=may_return)
        self.refused.add(row)
        return row

    def readmit(self, key: str) -> int:
        """Take back a reason that has passed. Returns the row, -1 where it had none that may."""
        row = self.row_of(key)
        if row < 0 or not self.entries[row].may_return:
            return -1
        self.entries[row] = replace(self.entries[row], refusal="", may_return=False)
        self.refused.discard(row)
        return row

    def renew(self, entry: Entry) -> int:
        """Put a film that was found anew into the place of a refused row of its name, where its file is another one by
        now. Returns the row, -1 where there is none such.
        """
        row = self.row_of(entry.key)
        if row < 0 or entry.ref is None or not self.entries[row].refusal:
            return -1
        before = self.entries[row].ref
        if before is not None and before.stamp == entry.ref.stamp:
            return -1
        self.entries[row] = entry
        self.refused.discard(row)
        return row

    def clear(self) -> None:
        for held in (self.entries, self.refused, self._rows, self._stages, self._folders):
            held.clear()

    def stage(self, key: str) -> Stage:
        return self._stages.get(key, Stage.IDLE)

    def set_stages(self, keys: Iterable[str], stage: Stage) -> None:
        self._stages.update(dict.fromkeys(keys, stage))
