"""What tells the class without the lungs: shapes, sources, and marks in one place. A network would learn that."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from training.checks.inspection import Check, Inspection, Level
from training.checks.shortcuts import Tile, telling_tiles
from training.films.data_error import amount
from training.judging.metrics import auc

TELLING, SURELY_TELLING = 0.8, 0.9  # AUC of something that should not tell the class


def shapes(seen: Inspection) -> Iterator[Check]:
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
            words = (
                f"{what} alone tells {label} from the others in {100 * max(area, 1 - area):.0f} % of pairs of films."
            )
            yield Check(name, Level.AMBER, words)
            return
    yield Check(name, Level.GREEN, f"{what} does not tell the class.")


def sources(seen: Inspection) -> Iterator[Check]:
    """One class from one hospital, another from another."""
    known = [film.subject.source for film in seen.films]
    if len(set(known)) < 2:
        return
    by_source: dict[str, Counter[str]] = defaultdict(Counter)
    for film, source in zip(seen.films, known, strict=True):
        by_source[source].update(film.labels)
    alone = [source for source, counts in by_source.items() if len(counts) == 1 and sum(counts.values()) >= 10]
    if alone:
        words = f"{amount(len(alone), 'source')} of films have films of one class only: a network can learn the source."
        films = tuple(at for at, source in enumerate(known) if source in alone)
        yield Check("Sources", Level.AMBER, words, films)
    else:
        yield Check("Sources", Level.GREEN, "Every source of films has films of several classes.")


def markers(seen: Inspection) -> Iterator[Check]:
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
        f"Something small and bright {worst.place} tells {label} from the others "
        f"in {100 * worst.auc:.0f} % of pairs of films: "
        "a marker, or burned-in text?"
    )
    yield Check("Markers", Level.RED if worst.auc >= SURELY_TELLING else Level.AMBER, words, worst.films)


def _findings(seen: Inspection) -> list[str]:
    return [label for label in seen.manifest.labels if label != seen.manifest.normal_label]
