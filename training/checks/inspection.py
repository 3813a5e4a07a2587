"""The films of a plan, read and decoded for looking at, and what is said of them: how bad, which films, a way out."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import numpy as np
import numpy.typing as npt

from imaging.progress import CancelToken
from training.films.cache import CachedFilms
from training.films.left_out import LeftOut
from training.films.manifest import LabelledFilm, Manifest
from training.films.reading import Say, decoded_films, listed_films
from training.plan import TrainingPlan


class Level(StrEnum):
    """How bad it is: nothing, worth a look, or to be mended before training."""

    GREEN = "green"
    AMBER = "amber"
    RED = "red"


@dataclass(frozen=True, slots=True)
class Fix:
    """A way out: what it does, in words, and the plan that does it."""

    words: str
    plan: TrainingPlan


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at. `films` are positions in the manifest, to look at; `fix` is None where none is.

    `lost` are files to which a reason belongs each, in the place of films.
    """

    name: str
    level: Level
    sentence: str
    films: tuple[int, ...] = ()
    fix: Fix | None = None
    lost: tuple[LeftOut, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Inspection:
    """The films of a plan before they are parted, and how the network would see them."""

    plan: TrainingPlan
    manifest: Manifest
    cached: CachedFilms

    @property
    def films(self) -> tuple[LabelledFilm, ...]:
        return self.manifest.films

    def is_ill(self, label: str) -> npt.NDArray[np.bool_]:
        """Which readable films have a label, bool [N]."""
        return np.array([label in film.labels for film in self.films])

    def counted(self, positions: Iterable[int]) -> Counter[str]:
        """How many of these films have each label, less those that can't be read."""
        readable = self.cached.readable
        return Counter(label for at in positions if readable[at] for label in self.films[at].labels)

    def without(self, positions: set[int]) -> TrainingPlan:
        """The plan that leaves these films out."""
        out = {self.films[at].digest for at in positions} | set(self.plan.data.leave_out)
        return dataclasses.replace(self.plan, data=dataclasses.replace(self.plan.data, leave_out=tuple(sorted(out))))


def inspect(plan: TrainingPlan, token: CancelToken, say: Say, cache: Path | None = None) -> Inspection:
    """Read and decode the films of a plan for looking at. Raises DataError, Cancelled."""
    manifest = listed_films(plan, token, say)
    return Inspection(plan, manifest, decoded_films(plan, manifest, token, say, cache))


def split_anew(seen: Inspection) -> Fix:
    """The way out where the source's own parts are no good."""
    data = dataclasses.replace(seen.plan.data, keep_parts=False)
    return Fix("Split anew by patient", dataclasses.replace(seen.plan, data=data))
