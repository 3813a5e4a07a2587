"""What is wrong with a labelled folder before anything is learnt from it, each with its films and, often, a way out."""

from __future__ import annotations

import dataclasses
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import numpy as np
import numpy.typing as npt

from imaging.progress import CancelToken
from training.acquisition import clusters_for
from training.cache import CachedFilms
from training.left_out import LeftOut, refused_files, unread_films
from training.manifest import DataError, LabelledFilm, Manifest
from training.metrics import auc
from training.near_twins import near_twins
from training.plan import TrainingPlan
from training.reading import Say, decoded_films, listed_films
from training.shortcuts import Tile, telling_tiles
from training.split import holds_out_cluster
from training.taught import split_of

FEW_OF_A_CLASS, TOO_FEW_OF_A_CLASS = 50, 4
SMALL_VALIDATION = 50  # films of a class: a sensitivity counted on fewer has an interval wider than 0.2
UNEVEN = 4.0  # times as many films of one class as of another
TELLING, SURELY_TELLING = 0.8, 0.9  # AUC of something that should not tell the class
EMPTY_SPREAD = 2.0  # standard deviation in grey levels of 255


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


def checks(seen: Inspection) -> list[Check]:
    """Everything that is looked at, the worst first."""
    found = [check for look in _LOOKS for check in look(seen)]
    return sorted(found, key=lambda check: [Level.RED, Level.AMBER, Level.GREEN].index(check.level))


def _unreadable(seen: Inspection) -> Iterator[Check]:
    unread = {at for at, why in seen.cached.why.items() if not why.is_cut}
    lost = (*refused_files(seen.manifest), *unread_films(seen.manifest, seen.cached, unread))
    if not lost:
        yield Check("Readable", Level.GREEN, f"All {len(seen.films):,} films are files that can be read.")
        return
    what = "a film" if len(lost) == 1 else "films"
    words = f"{_count(len(lost), 'file')} can't be read as {what} and will be left out."
    fix = Fix("Leave them out for good", seen.without(unread)) if unread else None
    yield Check("Readable", Level.AMBER, words, fix=fix, lost=lost)


def _cut(seen: Inspection) -> Iterator[Check]:
    """Half a film teaches that black is a finding; for a reader it is better than nothing."""
    cut = {at for at, why in seen.cached.why.items() if why.is_cut}
    if cut:
        end, they, them = ("ends", "it", "it") if len(cut) == 1 else ("end", "they", "them")
        words = f"{_count(len(cut), 'file')} {end} early: part of the picture is missing, and nothing is learnt from "
        words += f"{them}. Copy {them} again from where {they} came from, or leave {them} out."
        fix = Fix("Leave the incomplete films out", seen.without(cut))
        lost = tuple(unread_films(seen.manifest, seen.cached, cut))
        yield Check("Incomplete films", Level.AMBER, words, fix=fix, lost=lost)


def _empty(seen: Inspection) -> Iterator[Check]:
    spread = np.array([film.std() for film in seen.cached.films])
    empty = set(np.flatnonzero((spread < EMPTY_SPREAD) & seen.cached.readable).tolist())
    if empty:
        fix = Fix("Leave the empty films out", seen.without(empty))
        yield Check("Empty films", Level.RED, f"{_count(len(empty), 'film')} show nothing.", tuple(sorted(empty)), fix)


def _copies(seen: Inspection) -> Iterator[Check]:
    """Byte by byte the same: harmless under one label, poison under two."""
    by_digest: dict[tuple[str, int], list[int]] = defaultdict(list)
    for at, film in enumerate(seen.films):
        by_digest[film.digest, film.frame].append(at)
    groups = [group for group in by_digest.values() if len(group) > 1]
    torn = {at for group in groups if len({seen.films[at].labels for at in group}) > 1 for at in group}
    if torn:
        words = f"{_count(len(torn), 'film')} stand under two labels, byte for byte the same: one of them is wrong."
        fix = Fix("Leave all copies of them out", seen.without(torn))
        yield Check("Labels that disagree", Level.RED, words, tuple(sorted(torn)), fix)
    same = {at for group in groups for at in group} - torn
    if same:
        words = f"{_count(len(same), 'film')} are there more than once. They are kept on one side of every split."
        yield Check("Exact copies", Level.AMBER, words, tuple(sorted(same)))
    if not groups:
        yield Check("Exact copies", Level.GREEN, "No film is there twice.")


def _near_copies(seen: Inspection) -> Iterator[Check]:
    pairs = near_twins(seen.cached.films, seen.cached.readable)
    pairs = [pair for pair in pairs if seen.films[pair[0]].digest != seen.films[pair[1]].digest]
    parted = [pair for pair in pairs if seen.films[pair[0]].patient != seen.films[pair[1]].patient]
    if not parted:
        yield Check("Near copies", Level.GREEN, "No two patients have nearly the same film.")
        return
    films = tuple(sorted({at for pair in parted for at in pair}))
    torn = any(seen.films[first].labels != seen.films[second].labels for first, second in parted)
    words = f"{_count(len(parted), 'pair')} of films are nearly the same picture under two patients"
    words += ", some of them under two labels." if torn else ". They are kept on one side of every split."
    fix = Fix("Keep one of each pair", seen.without({second for _, second in parted}))
    yield Check("Near copies", Level.RED if torn else Level.AMBER, words, films, fix)


def _patients(seen: Inspection) -> Iterator[Check]:
    """One patient in two of the parts that the source names."""
    parts: dict[str, set[str]] = defaultdict(set)
    for film in seen.films:
        parts[film.patient].add(film.part)
    if not seen.plan.data.keep_parts or all(part == {""} for part in parts.values()):
        words = f"The split goes by patient: {len(parts):,} patients, {len(seen.films):,} films."
        yield Check("Patients", Level.GREEN, words)
        return
    parted = {patient for patient, own in parts.items() if len(own) > 1}
    if not parted:
        yield Check("Patients", Level.GREEN, "No patient stands in two parts.")
        return
    films = tuple(at for at, film in enumerate(seen.films) if film.patient in parted)
    words = f"{_count(len(parted), 'patient')} stand in two parts: a network would recognise them."
    yield Check("Patients", Level.RED, words, films, _split_anew(seen))


def _classes(seen: Inspection) -> Iterator[Check]:
    counts = seen.counted(range(len(seen.films)))
    said = ", ".join(f"{label} {counts[label]:,}" for label in seen.manifest.labels)
    least = min(counts[label] for label in seen.manifest.labels)
    level = Level.RED if least < TOO_FEW_OF_A_CLASS else Level.AMBER if least < FEW_OF_A_CLASS else Level.GREEN
    words = {
        Level.GREEN: f"Enough films of each class: {said}.",
        Level.AMBER: f"There are few films of a class ({said}): expect wide intervals.",
        Level.RED: f"There are too few films of a class to learn from: {said}.",
    }
    yield Check("Films of each class", level, words[level])
    if max(counts.values()) > UNEVEN * least and seen.plan.learning.balance == "none":
        learning = dataclasses.replace(seen.plan.learning, balance="weights")
        fix = Fix("Let rare classes weigh more", dataclasses.replace(seen.plan, learning=learning))
        yield Check("Balance", Level.AMBER, f"One class has far more films than another: {said}.", (), fix)


def _validation(seen: Inspection) -> Iterator[Check]:
    """Whether the part that judges is large enough to say anything."""
    try:
        split = split_of(seen.plan, seen.manifest, clusters_for(seen.plan, seen.manifest, seen.cached))
    except DataError as error:
        yield Check("Validation part", Level.RED, error.message)
        return
    if len(split.seen):
        words = f"The model that training starts from knows the patients of {_count(len(split.seen), 'film')} of those"
        words += " that are to judge: what is measured on them is too good. Add films that are new to it."
        yield Check("Known to the starting model", Level.AMBER, words, tuple(split.seen.tolist()))
    if seen.plan.data.hold_out == "clusters" and not holds_out_cluster(seen.manifest, seen.plan.data):
        words = "The source names its own validation part, so that no cluster of films is held out."
        yield Check("Held-out films", Level.AMBER, words, (), _split_anew(seen))
    counts = seen.counted(split.validation)
    least = min((counts[label] for label in seen.manifest.labels), default=0)
    said = ", ".join(f"{label} {counts[label]:,}" for label in seen.manifest.labels)
    if least >= SMALL_VALIDATION:
        yield Check("Validation part", Level.GREEN, f"The validation part has {said}.")
        return
    own = seen.plan.data.keep_parts and any(film.part == "validation" for film in seen.films)
    level = Level.RED if own and least < FEW_OF_A_CLASS / 4 else Level.AMBER
    words = f"The validation part is small ({said}): what is measured on it says little."
    yield Check("Validation part", level, words, tuple(split.validation.tolist()), _split_anew(seen) if own else None)


def _shapes(seen: Inspection) -> Iterator[Check]:
    """Height, width and aspect: where they tell the class, a network learns them instead of the lungs."""
    readable = seen.cached.readable
    height, width = (seen.cached.sizes_px[:, axis].astype(np.float64) for axis in (0, 1))
    aspect = np.divide(width, height, out=np.ones_like(width), where=height > 0)
    yield from _telling(seen, "Aspect", "How wide a film is for its height", aspect, readable)
    yield from _telling(seen, "Size", "The number of pixels", height * width, readable)
    yield from _telling(seen, "MONOCHROME1", "Being stored inverted", seen.cached.inverted.astype(float), readable)


def _telling(
    seen: Inspection, name: str, what: str, values: npt.NDArray[np.float64], readable: npt.NDArray[np.bool_]
) -> Iterator[Check]:
    for label in _findings(seen):
        ill = seen.is_ill(label)[readable]
        area = auc(ill, values[readable])
        if max(area, 1 - area) >= TELLING:
            words = f"{what} alone tells {label} from the others in {max(area, 1 - area):.0%} of pairs of films."
            yield Check(name, Level.AMBER, words)
            return
    yield Check(name, Level.GREEN, f"{what} does not tell the class.")


def _sources(seen: Inspection) -> Iterator[Check]:
    """One class from one hospital, another from another."""
    known = [film.subject.source for film in seen.films]
    if len(set(known)) < 2:
        return
    by_source: dict[str, Counter[str]] = defaultdict(Counter)
    for film, source in zip(seen.films, known, strict=True):
        by_source[source].update(film.labels)
    alone = [source for source, counts in by_source.items() if len(counts) == 1 and sum(counts.values()) >= 10]
    if alone:
        words = f"{_count(len(alone), 'source')} of films have films of one class only: a network can learn the source."
        films = tuple(at for at, source in enumerate(known) if source in alone)
        yield Check("Sources", Level.AMBER, words, films)
    else:
        yield Check("Sources", Level.GREEN, "Every source of films has films of several classes.")


def _markers(seen: Inspection) -> Iterator[Check]:
    """Something small and bright that stands in one place on the films of one class: a side marker, burned-in text."""
    chosen = np.flatnonzero(seen.cached.readable)
    found: list[tuple[str, Tile]] = []
    for label in _findings(seen):
        found += [(label, tile) for tile in telling_tiles(seen.cached.films, chosen, seen.is_ill(label))]
    if not found:
        yield Check("Markers", Level.GREEN, "No mark in one place tells the class.")
        return
    label, worst = max(found, key=lambda item: item[1].auc)
    words = (
        f"Something small and bright {worst.place} tells {label} from the others in {worst.auc:.0%} of pairs of films: "
        "a marker, or burned-in text?"
    )
    yield Check("Markers", Level.RED if worst.auc >= SURELY_TELLING else Level.AMBER, words, worst.films)


def _split_anew(seen: Inspection) -> Fix:
    data = dataclasses.replace(seen.plan.data, keep_parts=False)
    return Fix("Split anew by patient", dataclasses.replace(seen.plan, data=data))


def _findings(seen: Inspection) -> list[str]:
    return [label for label in seen.manifest.labels if label != seen.manifest.normal_label]


def _count(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


_LOOKS: tuple[Callable[[Inspection], Iterator[Check]], ...] = (
    _unreadable,
    _cut,
    _empty,
    _copies,
    _near_copies,
    _patients,
    _classes,
    _validation,
    _shapes,
    _sources,
    _markers,
)
