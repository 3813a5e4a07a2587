"""`FilmSet`: films as the network sees them, with all that training and sealing know of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from inference.scoring.preprocess import Grey

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class FilmSet:
    """N films as network input, uint8 [N, S, S], in any order.

    `truth` holds bool [N] for each finding, `patients` is text [N]. `described` names the films in the words of a
    sentence. A film's picture may be found again by the sha256 of its file (`digests`, N of them or none) or by the
    seed of a synthetic film (`phantoms`). `groups` are bool [N] by name: films that are judged for themselves too.
    `trained_on` are the digests of all training films where these are some.
    """

    films: Grey
    truth: Mapping[str, Bools]
    patients: npt.NDArray[np.str_]
    described: str
    digests: tuple[str, ...] = ()
    phantoms: tuple[int, ...] = ()
    groups: Mapping[str, Bools] = field(default_factory=dict)
    trained_on: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.films)

    @property
    def patient_count(self) -> int:
        return len(np.unique(self.patients))
