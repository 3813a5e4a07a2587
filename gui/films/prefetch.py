"""Which films a reader is likely to want after the one on screen. Free of Qt."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

from gui.films.entries import Entry

LOOKED_THROUGH = 50  # rows; more refused files in a row than that are not stepped over


def likely_next(entries: Sequence[Entry], row: int, step: int) -> list[int]:
    """The rows of three films in the direction of reading (`step` 1 or -1) and of one behind, the likeliest first."""
    ahead = list(islice(_films(entries, row, step), 3))
    behind = list(islice(_films(entries, row, -step), 1))
    return ahead[:2] + behind + ahead[2:]


def _films(entries: Sequence[Entry], row: int, step: int) -> Iterator[int]:
    """The rows of films from a row on, without that one."""
    for at in range(row + step, row + step * (LOOKED_THROUGH + 1), step):
        if 0 <= at < len(entries) and entries[at].is_film:
            yield at
