"""How many films a GPU is given at a time: more while that pays and memory allows."""

from __future__ import annotations

from dataclasses import dataclass, field

FIRST = 32
_MOST_FILMS = 256
_MOST_BYTES = 64 << 20  # of the computer's own memory for one batch; several are on their way
_PAYS = 1.1  # films a second against the size before
_TRIES = 3  # of each size; the first call of a size allocates and chooses algorithms, and is none of them


def most_films(size_px: int) -> int:
    """The largest batch of float32 films of this side that is ever asked for."""
    return max(1, min(_MOST_FILMS, _MOST_BYTES // (4 * size_px * size_px)))


@dataclass(slots=True)
class BatchSize:
    """Begins with `wanted` films; doubled up to `most` while that makes more films a second, halved without memory.

    Belongs to one thread at a time.
    """

    most: int
    wanted: int = FIRST
    _settled: bool = False
    _rate_before: float = 0.0
    _rates: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.wanted = min(self.wanted, self.most)

    def ran(self, films: int, seconds: float) -> None:
        """A batch went through. Batches of other sizes (the last films of an archive) tell nothing."""
        if self._settled or films != self.wanted:
            return
        self._rates.append(films / seconds)
        if len(self._rates) <= _TRIES:
            return
        rate, self._rates = max(self._rates[1:]), []
        if rate < _PAYS * self._rate_before:
            self.wanted, self._settled = self.wanted // 2, True
        elif 2 * self.wanted > self.most:
            self._settled = True
        else:
            self.wanted, self._rate_before = 2 * self.wanted, rate

    def failed(self, films: int) -> None:
        """There was no memory for so many films: from now on half of them, and no more tries."""
        self.wanted, self._settled = max(1, min(self.wanted, films // 2)), True
