"""Use case: training a model from labelled films. What the wizard's pages ask for, done off the window's thread.

A run is a process of its own and its folder tells how it goes (`running.run_dir`); whoever shows it reads the folder.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from PySide6.QtCore import QObject, Signal

from gui.jobs import JobHandle, Jobs, Lane
from gui.training_work import (
    Catalogue,
    Inspected,
    PartSizes,
    costs_of_plan,
    inspected_by,
    labelled_practice_films,
    launched,
    listed_decisions,
    read_catalogue,
    read_decided_sets,
    read_runs,
)
from imaging.errors import NegatoscopeError

if TYPE_CHECKING:
    from imaging.progress import CancelToken
    from training.films.from_decisions import DecidedSet
    from training.learn.estimate import Costs
    from training.plan import TrainingPlan


T = TypeVar("T")


class Training(QObject):
    """Tells what came of it by signals. Every method is for the main thread and returns at once."""

    catalogue_read = Signal(object)  # Catalogue
    inspecting = Signal(str)  # how far it is, in words
    inspected = Signal(object)  # Inspected
    inspection_failed = Signal(str)  # a sentence
    inspection_stopped = Signal()
    decisions_read = Signal(object)  # tuple[DecidedSet, ...]
    decisions_listed = Signal(object, str)  # Path of a CSV, what was taken and left
    practice_made = Signal(object)  # Path of labelled practice films
    estimated = Signal(object)  # Estimate
    estimate_failed = Signal(str)
    run_started = Signal(object)  # Path of the run's folder
    start_failed = Signal(str)
    runs_read = Signal(object)  # tuple[Path, ...], the newest first

    def __init__(self, jobs: Jobs, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.jobs = jobs
        self.catalogue: Catalogue | None = None
        self.found: Inspected | None = None
        self._is_getting_ready = False
        self._runs: tuple[Path, ...] = ()
        self._inspection: JobHandle | None = None
        self._estimate: JobHandle | None = None
        self._asked: TrainingPlan | None = None  # whose estimate is wanted
        self._costs: tuple[tuple[object, ...], Costs] | None = None

    def get_ready(self) -> None:
        """Load what plans are made of, once; `catalogue_read` follows."""
        if self._is_getting_ready:
            return
        self._is_getting_ready = True
        self.jobs.submit(Lane.IO, lambda token, progress: read_catalogue(), done=self._catalogue_read)
        self.look_for_runs()

    @property
    def is_inspecting(self) -> bool:
        return self._inspection is not None

    def inspect(self, plan: TrainingPlan) -> None:
        """Read, decode and check the films of a plan; what was being inspected before is given up."""
        self._inspect("Reading the list of films", lambda token, say: inspected_by(plan, token, say), self._inspected)

    def look_for_decisions(self) -> None:
        """Read what the reader's own decisions could teach; `decisions_read` follows."""
        self.jobs.submit(Lane.IO, lambda token, progress: read_decided_sets(), done=self.decisions_read.emit)

    def list_decisions(self, chosen: DecidedSet, folder: Path | None = None) -> None:
        """Find decided films below a folder, or in those that were opened last; `decisions_listed` follows.

        It counts as part of inspecting them: it is stopped, and fails, in the same way.
        """
        models = self.catalogue.models if self.catalogue is not None else ()
        self.found = None
        self._inspect(
            "Looking for the films that you decided on",
            lambda token, say: listed_decisions(chosen, folder, models, token, say),
            self._listed,
        )

    def practise(self) -> None:
        """Draw labelled practice films where there are none yet; `practice_made` follows."""
        self._inspect("Drawing practice films", labelled_practice_films, self._practice_made)

    def _inspect(
        self, words: str, work: Callable[[CancelToken, Callable[[str], None]], T], done: Callable[[T], None]
    ) -> None:
        """Begin with films, in the place of what was begun before; `work` gets a token and says how far it is."""
        if self._inspection is not None:
            self._inspection.cancel()
        self._inspection = self.jobs.submit_stream(
            Lane.IO,
            lambda token, progress, say: work(token, say),
            item=self.inspecting.emit,
            done=done,
            failed=self._not_inspected,
        )
        self.inspecting.emit(words)

    def stop_inspecting(self) -> None:
        """Give the inspection up, at once."""
        if self._inspection is not None:
            self._inspection.cancel()
            self._inspection = None
            self.inspection_stopped.emit()

    def estimate(self, plan: TrainingPlan) -> None:
        """Say what a plan would take: at once where its network was measured, else after it was.

        A few of its steps are measured in a process of their own; an earlier measurement is given up.
        """
        from training.learn.estimate import what_costs

        self.stop_estimating()
        self._asked = plan
        if self._costs is not None and self._costs[0] == what_costs(plan):
            self._say_estimate()
            return
        self._estimate = self.jobs.submit(
            Lane.IO,
            lambda token, progress: costs_of_plan(plan, token),
            done=self._measured,
            failed=self._not_estimated,
            priority=1,
        )

    @property
    def is_estimating(self) -> bool:
        return self._estimate is not None

    def stop_estimating(self) -> None:
        if self._estimate is not None:
            self._estimate.cancel()
            self._estimate = None

    def forget_costs(self) -> None:
        """Measure anew the next time: the machine may have been busy."""
        self._costs = None

    def start(self, plan: TrainingPlan, *, download: bool = False) -> None:
        """Make a folder for the plan and start its process; `run_started` tells the folder. Runs take turns.

        `download`: the user agreed to fetch published starting weights.
        """
        self._launch(None, plan, download=download)

    def resume(self, run: Path, *, download: bool = False) -> None:
        """Start the process of a run that was stopped or killed anew; `run_started` follows."""
        self._launch(run, None, download=download)

    def runs(self) -> tuple[Path, ...]:
        """The folders of the runs that are known, the newest first; `look_for_runs` brings them up to date."""
        return self._runs

    def look_for_runs(self) -> None:
        """Read which runs there are; `runs_read` follows."""
        self.jobs.submit(Lane.IO, lambda token, progress: read_runs(), done=self._runs_read, failed=lambda error: None)

    def _launch(self, run: Path | None, plan: TrainingPlan | None, *, download: bool) -> None:
        self.jobs.submit(
            Lane.IO,
            lambda token, progress: launched(run, plan, download=download),
            done=self._started,
            failed=lambda error: self.start_failed.emit(error.message),
            priority=-1,
        )

    def _catalogue_read(self, catalogue: Catalogue) -> None:
        self.catalogue = catalogue
        self.catalogue_read.emit(catalogue)

    def _inspected(self, found: Inspected) -> None:
        self._inspection = None
        self.found = found
        self.inspected.emit(found)

    def _listed(self, listed: tuple[Path, str]) -> None:
        self._inspection = None
        self.decisions_listed.emit(*listed)

    def _practice_made(self, folder: Path) -> None:
        self._inspection = None
        self.practice_made.emit(folder)

    def _not_inspected(self, error: NegatoscopeError) -> None:
        self._inspection = None
        self.found = None
        self.inspection_failed.emit(error.message)

    def _measured(self, costs: tuple[tuple[object, ...], Costs]) -> None:
        self._estimate, self._costs = None, costs
        self._say_estimate()

    def _say_estimate(self) -> None:
        from training.learn.estimate import reckoned

        plan, found = self._asked, self.found
        if plan is None or self._costs is None:
            return
        parts = found.parts if found is not None else PartSizes()
        self.estimated.emit(reckoned(plan, self._costs[1], parts.train, parts.validation + parts.test))

    def _not_estimated(self, error: NegatoscopeError) -> None:
        self._estimate = None
        self.estimate_failed.emit(error.message)

    def _started(self, run: Path) -> None:
        self._runs = (run, *(other for other in self._runs if other != run))
        self.run_started.emit(run)
        self.look_for_runs()

    def _runs_read(self, runs: tuple[Path, ...]) -> None:
        self._runs = runs
        self.runs_read.emit(runs)
