"""The embeddings of the open films, to be searched for the ones most alike. Free of Qt."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from inference.engines.engine import Floats

FIRST_ROWS = 64
ROWS_AT_ONCE = 2048  # searched at a time: their float32 copy stays small


@dataclass(frozen=True, slots=True, eq=False)
class Embeddings:
    """What the table held at one moment. Rows are only ever added, so that a worker may read them meanwhile."""

    keys: list[str]
    rows: npt.NDArray[np.float16]
    centre: Floats | None

    def most_similar(self, embedding: Floats, count: int, leave_out: str) -> list[tuple[str, float]]:
        """The films most similar to an embedding, float32 [D]: keys and cosines. A few ms for thousands of films."""
        import numpy as np

        from inference.scoring.similar import cosines, most_similar, unit

        direction = unit(embedding, self.centre)
        if direction is None or not len(self.rows):
            return []
        parts = range(0, len(self.rows), ROWS_AT_ONCE)
        alike = [cosines(self.rows[at : at + ROWS_AT_ONCE].astype(np.float32), direction) for at in parts]
        left_out = [self.keys.index(leave_out)] if leave_out in self.keys[: len(self.rows)] else []
        found = most_similar(np.concatenate(alike), count, left_out)
        return [(self.keys[place], cosine) for place, cosine in found]


class EmbeddingTable:
    """Unit embeddings of one model by film key, as float16: 2.5 kB a film of the largest networks.

    Seen from `centre`, float32 [D], as the model's reference films are; from zero where it carries none. Belongs to the
    main thread.
    """

    def __init__(self, centre: Floats | None = None) -> None:
        self._centre = centre
        self._keys: list[str] = []
        self._known: set[str] = set()
        self._rows: npt.NDArray[np.float16] | None = None

    def __contains__(self, key: str) -> bool:
        return key in self._known

    def add(self, key: str, embedding: Floats) -> None:
        """Add a film; one that is there already stays, and so does one without a direction outside."""
        import numpy as np

        from inference.scoring.similar import unit

        direction = unit(embedding, self._centre)
        if key in self._known or direction is None:
            return
        if self._rows is None:
            self._rows = np.empty((FIRST_ROWS, len(direction)), np.float16)
        if len(self._keys) == len(self._rows):
            grown = np.empty((2 * len(self._rows), self._rows.shape[1]), np.float16)
            grown[: len(self._rows)] = self._rows
            self._rows = grown
        self._rows[len(self._keys)] = direction
        self._keys.append(key)
        self._known.add(key)

    def now(self) -> Embeddings:
        """What the table holds now, for a worker to search."""
        import numpy as np

        rows = self._rows[: len(self._keys)] if self._rows is not None else np.empty((0, 0), np.float16)
        return Embeddings(self._keys, rows, self._centre)
