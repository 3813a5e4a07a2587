"""What the training wizard does on worker threads. Free of Qt."""

from __future__ import annotations

import dataclasses
import os
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from imaging.errors import NegatoscopeError
from imaging.progress import CancelToken

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from inference.bundles.models_dir import Installed
    from training.checks.inspection import Check, Inspection
    from training.films.from_decisions import DecidedSet
    from training.learn.augment_spec import AugmentSpec
    from training.learn.estimate import Costs
    from training.plan import TrainingPlan

PARTS = ("train", "validation", "test")


@dataclass(frozen=True, slots=True)
class Catalogue:
    """What there is to choose from: installed models, and the cores that this process may use."""

    models: tuple[Installed, ...]
    cores: int


@dataclass(frozen=True, slots=True)
class PartSizes:
    """Films in each part; `left_out` are those whose patient stands in a part that judges, and the unreadable ones."""

    train: int = 0
    validation: int = 0
    test: int = 0
    left_out: int = 0


@dataclass(frozen=True, slots=True)
class ClassRow:
    """One class: its films, their patients, and its films in each part of PARTS."""

    label: str
    films: int
    patients: int
    parts: tuple[int, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Inspected:
    """What is known of a plan's films. `trouble` says why they can't be parted, or ''; `provenance` whence labels are
    that a reader decided on in the viewer, '' for those that came with the films.
    """

    inspection: Inspection
    checks: tuple[Check, ...]
    classes: tuple[ClassRow, ...]
    parts: PartSizes
    patients: int
    trouble: str = ""
    provenance: str = ""

    @property
    def plan(self) -> TrainingPlan:
        return self.inspection.plan

    @property
    def films(self) -> int:
        return len(self.inspection.films)

    @property
    def names(self) -> tuple[tuple[str, str], ...]:
        """Files to try a pattern for patients on, each by its path below the source, with the patient that it has."""
        films, source = self.inspection.films, Path(self.plan.data.source)
        step = max(1, len(films) // 200)
        return tuple(dict.fromkeys((_below(film.path, source), film.patient) for film in films[::step]))


def _below(path: Path, source: Path) -> str:
    """The way to a film from a folder of films, or from the folder of their list; by '/'."""
    return next(
        (path.relative_to(place) for place in (source, source.parent) if path.is_relative_to(place)), path
    ).as_posix()


def read_catalogue() -> Catalogue:
    """Import what plans are made of, so that the window's thread need not wait for it, and see what is installed."""
    import training.choose
    import training.learn.estimate
    import training.recipes
    import training.running.run_dir  # noqa: F401
    from inference.bundles.models_dir import installed
    from inference.engines.device import usable_cores

    return Catalogue(installed(), usable_cores())


def labelled_practice_films(token: CancelToken, say: Callable[[str], None]) -> Path:
    """The folder of labelled practice films, which are drawn the first time. Raises NegatoscopeError, Cancelled."""
    from imaging.paths import user_data_dir
    from imaging.phantom_labelled import FOLDER, write_labelled

    try:
        place = user_data_dir() / FOLDER
        return write_labelled(place, token, lambda done, total=None: say(f"Drawing practice film {done} of {total}"))
    except OSError as error:
        sentence = "The practice films can't be written. Check that the data folder can be written."
        raise NegatoscopeError(sentence, detail=type(error).__name__) from error


def inspected_by(plan: TrainingPlan, token: CancelToken, say: Callable[[str], None]) -> Inspected:
    """Read, decode, check and part a plan's films. Raises DataError, Cancelled."""
    from training.checks.checks import checks
    from training.checks.inspection import inspect
    from training.films.acquisition import clusters_for
    from training.films.data_error import DataError
    from training.films.from_decisions import provenance_of
    from training.films.near_twins import with_near_twins_joined
    from training.films.taught import split_of

    seen = inspect(plan, token, say)
    say("Looking for what may go wrong")
    found = tuple(checks(seen))
    token.check()
    joined = dataclasses.replace(seen.manifest, films=with_near_twins_joined(seen.manifest.films, seen.cached))
    token.check()
    readable, trouble = seen.cached.readable, ""
    try:
        split = split_of(plan, joined, clusters_for(plan, joined, seen.cached, token))
        parts = [at[readable[at]] for at in (split.train, split.validation, split.test)]
    except DataError as error:
        parts, trouble = [], error.message
    rows = tuple(_row(seen, label, parts) for label in seen.manifest.labels)
    trouble = trouble or _too_few(rows)
    sizes = PartSizes()
    if parts:
        train, validation, test = (len(at) for at in parts)
        sizes = PartSizes(train, validation, test, len(seen.films) - train - validation - test)
    whence = provenance_of(Path(plan.data.source))
    return Inspected(seen, found, rows, sizes, len(joined.patients), trouble, whence)


def read_decided_sets() -> tuple[DecidedSet, ...]:
    """What the reader's own decisions could teach; nothing where there are none."""
    from inference.scoring.decisions import DecisionsError
    from training.films.from_decisions import decided_sets

    try:
        return decided_sets()
    except DecisionsError:
        return ()


def listed_decisions(
    chosen: DecidedSet,
    folder: Path | None,
    models: Sequence[Installed],
    token: CancelToken,
    say: Callable[[str], None],
) -> tuple[Path, str]:
    """Find the decided films below a folder, or in those that were opened last, and list them in a new file.

    Returns the file, and what was taken and left in a sentence. Raises DataError, DecisionsError, Cancelled.
    """
    from inference.scoring.decisions import recent_folders
    from training.films.from_decisions import decided_films, new_list, write_decided

    # Path.exists raises where a folder above may not be entered.
    recent = [place for place in recent_folders() if os.path.exists(place)]  # noqa: PTH110
    cards = (model.card for model in models if model.id in chosen.models)
    normal = next((card.normal_label for card in cards if card.normal_label), "NORMAL")
    decided = decided_films(
        [folder] if folder is not None else recent,
        findings=chosen.findings,
        normal_label=normal,
        token=token,
        progress=lambda done, total=None: say(f"Looking for the films that you decided on: {done:,} looked at"),
    )
    place = new_list()
    write_decided(decided, place)
    return place, decided.sentence


def _too_few(rows: Sequence[ClassRow]) -> str:
    """Why these parts can't teach and judge; '' where they can."""
    from training.films.split import FEWEST

    for row in rows:
        for name, count in zip(("training", "validation"), row.parts, strict=False):
            if count < FEWEST:
                return f"The {name} part has {count} films of {row.label}; it needs {FEWEST} at least."
    return ""


def _row(seen: Inspection, label: str, parts: Sequence[npt.NDArray[np.int64]]) -> ClassRow:
    films = [film for film in seen.films if label in film.labels]
    counts = (Counter(other for at in part for other in seen.films[at].labels)[label] for part in parts)
    return ClassRow(label, len(films), len({film.patient for film in films}), tuple(counts))


def pictures_of(seen: Inspection, positions: Sequence[int], side_px: int) -> list[npt.NDArray[np.uint8]]:
    """Small pictures of films as the network sees them, uint8 [side, side] each, from the cache."""
    import numpy as np

    from imaging.cv import cv2

    made = (cv2.resize(np.asarray(seen.cached.films[at]), (side_px, side_px)) for at in positions)
    return [np.asarray(picture, np.uint8) for picture in made]


def costs_of_plan(plan: TrainingPlan, token: CancelToken) -> tuple[tuple[object, ...], Costs]:
    """What each film costs here, and of which plans that holds. Raises NegatoscopeError, Cancelled."""
    from training.learn.estimate import costs_of, what_costs

    return what_costs(plan), costs_of(plan, token)


def changed_films(seen: Inspection, spec: AugmentSpec, seed: int, count: int) -> list[npt.NDArray[np.uint8]]:
    """Some films, spread over all classes, as training would change them: uint8 [S, S] each."""
    import numpy as np

    from training.learn.preview import augmented

    by_label = sorted(np.flatnonzero(seen.cached.readable).tolist(), key=lambda at: seen.films[at].labels)
    chosen = [by_label[at] for at in np.linspace(0, len(by_label) - 1, count).astype(int)] if by_label else []
    films = np.stack([np.asarray(seen.cached.films[at]) for at in chosen]) if chosen else None
    return list(augmented(films, spec, seed)) if films is not None else []


def saved_plan(plan: TrainingPlan, place: Path) -> Path:
    """Write a plan, and hand its place back. Raises NegatoscopeError."""
    from imaging.atomic import replace_file
    from training.plan import plan_text

    try:
        replace_file(place, plan_text(plan))
    except OSError as error:
        raise NegatoscopeError("The plan can't be written there.", detail=type(error).__name__) from error
    return place


def loaded_plan(place: Path) -> TrainingPlan:
    """A saved plan. Raises PlanError."""
    from training.plan import read_plan

    return read_plan(place)


def launched(run: Path | None, plan: TrainingPlan | None, *, download: bool) -> Path:
    """Start a run's process, in a new folder where there is none yet, and return the folder. Raises RunError."""
    from training.running.runs import launch, new_run

    if run is None:
        assert plan is not None
        run = new_run(plan).path
    launch(run, download=download)
    return run


def read_runs() -> tuple[Path, ...]:
    """The folders of all runs, the newest first. Raises NegatoscopeError."""
    from training.running.runs import known_runs

    try:
        return known_runs()
    except OSError as error:
        raise NegatoscopeError("The folder of the runs can't be read.", detail=type(error).__name__) from error
