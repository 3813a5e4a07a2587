"""What is chosen on the Plan page, as plans: every choice makes a new one that still fits the films and the models."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from gui.training import Training
from gui.wizard.draft import Draft

if TYPE_CHECKING:
    from inference.bundles.models_dir import Installed
    from training.plan import Mode, StartPlan, TrainingPlan


class PlanChoices(QObject):
    """Changes the draft. Nothing happens before films were chosen and the installed models are known."""

    taken = Signal()  # a choice, before the draft says that it changed

    def __init__(self, training: Training, draft: Draft, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._training = training
        self._draft = draft

    def take_recipe(self, name: str) -> None:
        from training.choose import by_recipe

        self._choose(lambda plan, models: by_recipe(plan, name, models))

    def take_mode(self, mode: Mode) -> None:
        from training.choose import in_way

        self._choose(lambda plan, models: in_way(plan, mode, models))

    def take_backbone(self, name: str) -> None:
        from training.choose import on_backbone

        self._choose(lambda plan, models: on_backbone(plan, name, models))

    def take_start(self, start: StartPlan) -> None:
        from training.choose import with_start

        self._choose(lambda plan, models: with_start(plan, start, models))

    def take_version(self, wanted: bool) -> None:
        """A model is the next version of another where it has its name."""
        from training.choose import renamed, started_from

        def made(plan: TrainingPlan, models: Sequence[Installed]) -> TrainingPlan:
            model = started_from(plan.network.start, models)
            own = Path(plan.data.source).stem or "my model"
            return renamed(plan, model.card.name if wanted and model is not None else own)

        self._choose(made)

    def take_name(self, name: str) -> None:
        from training.choose import renamed

        plan = self._draft.plan
        if plan is not None and name != plan.name:
            self._draft.set(renamed(plan, name))

    def take_saved(self, saved: TrainingPlan) -> None:
        """A plan from a file, for the films that were chosen here."""
        plan = self._draft.plan
        if plan is not None:
            data = saved.data if saved.data.source == plan.data.source else plan.data
            self._set(dataclasses.replace(saved, name=plan.name, data=data))

    def fit_films(self) -> None:
        """Other films were found: the outputs follow their labels."""
        if self._draft.plan is not None:
            self._set(self._draft.plan)

    def _choose(self, made: Callable[[TrainingPlan, Sequence[Installed]], TrainingPlan]) -> None:
        """Take what a choice makes of the plan and the installed models."""
        plan, catalogue = self._draft.plan, self._training.catalogue
        if plan is not None and catalogue is not None:
            self._set(made(plan, catalogue.models))

    def _set(self, plan: TrainingPlan) -> None:
        """Take a plan whose outputs are made to fit the films."""
        from training.choose import fitting_films

        found = self._training.found
        self.taken.emit()
        self._draft.set(fitting_films(plan, found.inspection.manifest) if found is not None else plan)
