"""The films of a plan, listed and decoded: for a run, and for looking at them before one. Free of torch."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

from imaging.progress import CancelToken
from training.films.cache import CachedFilms, cached_films
from training.films.data_error import DataError
from training.films.manifest import Manifest, read_manifest
from training.plan import TrainingPlan

READING = "Reading the list of films"  # the first word of every worker
# Training films that gate and references are made from, 150 MB at 224 px: more take memory and tell nothing new.
MOST_TO_SEAL = 3_000
Say = Callable[[str], None]


def listed_films(plan: TrainingPlan, token: CancelToken, say: Say) -> Manifest:
    """A plan's films, less those that it leaves out, and the classes that they have. Raises DataError, Cancelled."""
    say(READING)
    manifest = read_manifest(Path(plan.data.source), plan.data.normal_label, plan.data.patient_pattern, token)
    left_out = frozenset(plan.data.leave_out)
    films = tuple(film for film in manifest.films if film.digest not in left_out)
    labels = tuple(label for label in manifest.labels if any(label in film.labels for film in films))
    if len(labels) < 2:
        raise DataError("The films that are not left out do not have two classes.")
    return dataclasses.replace(
        manifest,
        films=films,
        labels=labels,
        normal_label=manifest.normal_label if manifest.normal_label in labels else None,
        set_aside=tuple(film for film in manifest.films if film.digest in left_out),
    )


def decoded_films(
    plan: TrainingPlan, manifest: Manifest, token: CancelToken, say: Say, cache: Path | None = None
) -> CachedFilms:
    """The same as the network sees them. `say` is told in words how far it is. Raises DataError, Cancelled."""

    def decoded(done: int, total: int | None = None) -> None:
        say(f"Decoding films: {done:,} of {total:,}" if total else f"Decoding films: {done:,}")

    return cached_films(manifest.films, plan.preprocess, token, decoded, cache)
