"""What is wrong with a labelled folder before anything is learnt from it, each with its films and, often, a way out."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from training.checks.checks_of_films import copies, cut_short, empty, masks, near_copies, unreadable
from training.checks.checks_of_parts import as_read, classes, patients, validation
from training.checks.checks_of_shortcuts import markers, shapes, sources
from training.checks.inspection import Check, Inspection, Level


def checks(seen: Inspection) -> list[Check]:
    """Everything that is looked at, the worst first."""
    found = [check for look in _LOOKS for check in look(seen)]
    return sorted(found, key=lambda check: [Level.RED, Level.AMBER, Level.GREEN].index(check.level))


_LOOKS: tuple[Callable[[Inspection], Iterator[Check]], ...] = (
    unreadable,
    cut_short,
    empty,
    masks,
    copies,
    near_copies,
    as_read,
    patients,
    classes,
    validation,
    shapes,
    sources,
    markers,
)
