"""Whether there are enough films of each class, and whether the parts that teach and judge are parted well."""

from __future__ import annotations

import dataclasses
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

from training.checks.inspection import Check, Fix, Inspection, Level, split_anew
from training.films.acquisition import clusters_for
from training.films.data_error import DataError, amount
from training.films.split import FEWEST, holds_out_cluster
from training.films.taught import split_of

FEW_OF_A_CLASS, TOO_FEW_OF_A_CLASS = 50, 4
SMALL_VALIDATION = 50  # films of a class: a sensitivity counted on fewer has an interval wider than 0.2
MANY_CLASSES, RAREST = 6, 3  # classes that a sentence names
UNEVEN = 4.0  # times as many films of one class as of another


def as_read(seen: Inspection) -> Iterator[Check]:
    """What was understood otherwise than it lies there: whoever made the source has to see it."""
    for remark in seen.manifest.remarks:
        yield Check("How it was read", Level.AMBER, remark)


def patients(seen: Inspection) -> Iterator[Check]:
    """One patient in two of the parts that the source names."""
    parts: dict[str, set[str]] = defaultdict(set)
    for film in seen.films:
        parts[film.patient].add(film.part)
    if not seen.plan.data.keep_parts or all(part == {""} for part in parts.values()):
        yield _split_by_patient(seen, len(parts))
        return
    parted = {patient for patient, own in parts.items() if len(own) > 1}
    if not parted:
        yield _none_in_two_parts(seen)
        return
    films = tuple(at for at, film in enumerate(seen.films) if film.patient in parted)
    words = f"{amount(len(parted), 'patient')} stand in two parts: a network would recognise them."
    yield Check("Patients", Level.RED, words, films, split_anew(seen))


def _none_in_two_parts(seen: Inspection) -> Check:
    """As far as anybody knows."""
    unknown = seen.manifest.unknown_patients
    if unknown:
        words = f"No patient is known to stand in two parts, but {_nameless(unknown)}."
        return Check("Patients", Level.AMBER, words)
    return Check("Patients", Level.GREEN, "No patient stands in two parts.")


def _nameless(unknown: int) -> str:
    said = f"of {amount(unknown, 'file')} nothing but the name tells whose film it is"
    return f"{said}. If the names hold the patient, give the pattern"


def _split_by_patient(seen: Inspection, count: int) -> Check:
    """Good as far as patients are known: where nobody names them, two films of one may judge each other."""
    unknown = seen.manifest.unknown_patients
    if unknown:
        words = f"Each film counts as a patient of its own: {_nameless(unknown)}."
        return Check("Patients", Level.AMBER, words)
    return Check("Patients", Level.GREEN, f"The split goes by patient: {count:,} patients, {len(seen.films):,} films.")


def classes(seen: Inspection) -> Iterator[Check]:
    """Too few films of one, or far more of another."""
    counts = seen.counted(range(len(seen.films)))
    said = _counted(counts, seen.manifest.labels)
    least = min(counts[label] for label in seen.manifest.labels)
    level = Level.RED if least < TOO_FEW_OF_A_CLASS else Level.AMBER if least < FEW_OF_A_CLASS else Level.GREEN
    words = {
        Level.GREEN: f"Enough films of each class: {said}.",
        Level.AMBER: f"There are few films of a class ({said}): expect wide intervals.",
        Level.RED: f"There are too few films of a class to learn from: {said}.",
    }
    rare = {label for label in seen.manifest.labels if counts[label] < TOO_FEW_OF_A_CLASS}
    yield Check("Films of each class", level, words[level], fix=_without_classes(seen, rare))
    if max(counts.values()) > UNEVEN * least and seen.plan.learning.balance == "none":
        learning = dataclasses.replace(seen.plan.learning, balance="weights")
        fix = Fix("Let rare classes weigh more", dataclasses.replace(seen.plan, learning=learning))
        yield Check("Balance", Level.AMBER, f"One class has far more films than another: {said}.", (), fix)


def _counted(counts: Counter[str], labels: Sequence[str]) -> str:
    """'NORMAL 20, SICK 30'; of many classes the rarest."""
    shown = labels if len(labels) <= MANY_CLASSES else sorted(labels, key=lambda label: counts[label])[:RAREST]
    said = ", ".join(f"{label} {counts[label]:,}" for label in shown)
    return said if len(shown) == len(labels) else f"{said} and more of {len(labels) - len(shown)} other classes"


def _without_classes(seen: Inspection, labels: set[str]) -> Fix | None:
    """The way out where some classes are too rare, and others are not."""
    if not labels or len(seen.manifest.labels) - len(labels) < 2:
        return None
    films = {at for at, film in enumerate(seen.films) if labels.intersection(film.labels)}
    return Fix(f"Leave the films of {', '.join(sorted(labels))} out", seen.without(films))


def validation(seen: Inspection) -> Iterator[Check]:
    """Whether the part that judges is large enough to say anything."""
    try:
        split = split_of(seen.plan, seen.manifest, clusters_for(seen.plan, seen.manifest, seen.cached))
    except DataError as error:
        yield Check("Validation part", Level.RED, error.message)
        return
    if len(split.seen):
        words = f"The model that training starts from knows the patients of {amount(len(split.seen), 'film')} of those"
        words += " that are to judge: what is measured on them is too good. Add films that are new to it."
        yield Check("Known to the starting model", Level.AMBER, words, tuple(split.seen.tolist()))
    if seen.plan.data.hold_out == "clusters" and not holds_out_cluster(seen.manifest, seen.plan.data):
        words = "The source names its own validation part, so that no cluster of films is held out."
        yield Check("Held-out films", Level.AMBER, words, (), split_anew(seen))
    counts = seen.counted(split.validation)
    least = min((counts[label] for label in seen.manifest.labels), default=0)
    said = _counted(counts, seen.manifest.labels)
    if least >= SMALL_VALIDATION:
        apart = f"; {amount(len(split.apart), 'film')} of it were collected otherwise than those that teach"
        words = f"The validation part has {said}{apart if len(split.apart) else ''}."
        yield Check("Validation part", Level.GREEN, words)
        return
    own = seen.plan.data.keep_parts and any(film.part == "validation" for film in seen.films)
    rare = {label for label in seen.manifest.labels if counts[label] < FEWEST}
    if rare:
        words = f"The validation part has too few films of a class to judge by, and a run would not begin: {said}."
        fix = split_anew(seen) if own else _without_classes(seen, rare)
        yield Check("Validation part", Level.RED, words, tuple(split.validation.tolist()), fix)
        return
    level = Level.RED if own and least < FEW_OF_A_CLASS / 4 else Level.AMBER
    words = f"The validation part is small ({said}): what is measured on it says little."
    yield Check("Validation part", level, words, tuple(split.validation.tolist()), split_anew(seen) if own else None)
