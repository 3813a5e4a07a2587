"""The plan while it is being made: every page edits the same one, and whatever contradicts itself is said at once."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal

if TYPE_CHECKING:
    from training.plan import TrainingPlan

USUAL_RECIPE = "quick"


class Draft(QObject):
    """Holds a plan that may not yet be possible. `complaint` says in one sentence why it can't be carried out."""

    changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._plan: TrainingPlan | None = None
        self.complaint = ""

    @property
    def plan(self) -> TrainingPlan | None:
        """None before films were chosen."""
        return self._plan

    def begin(self, source: Path, cores: int) -> None:
        """Take these films: the plan so far keeps all but its films, the first one follows the usual recipe."""
        from training.plan import DataPlan
        from training.recipes import plan_of, recipe_of

        name, data = source.stem or "films", DataPlan(str(source))
        if self._plan is None:
            plan = dataclasses.replace(plan_of(recipe_of(USUAL_RECIPE), name, data), threads=cores)
        else:
            plan = dataclasses.replace(self._plan, name=name, data=data)
        self.set(plan)

    def set(self, plan: TrainingPlan) -> None:
        """Take a whole plan."""
        from training.plan import PlanError, check_plan

        try:
            check_plan(plan)
            complaint = ""
        except PlanError as error:
            complaint = error.message
        if plan != self._plan or complaint != self.complaint:
            self._plan, self.complaint = plan, complaint
            self.changed.emit()

    def change(self, key: str, value: Any) -> str:
        """Set one field, as in `learning.rate`; returns why that can't be, or ''. Other fields stay as they are."""
        from inference.scoring.records import RecordError, from_json, to_json
        from training.plan import TrainingPlan

        if self._plan is None:
            return ""
        body = place = to_json(self._plan)
        *outer, last = key.split(".")
        for name in outer:
            place = place[name] if place is not None else None
        if place is None:
            return "Augmentation is off."
        place[last] = _whole(key, value)
        try:
            plan = from_json(TrainingPlan, body)
        except RecordError as error:
            return f"{error}."
        self.set(plan)
        return ""


def _whole(key: str, value: Any) -> Any:
    """Augmentation is switched on and off as a whole."""
    if key != "augment":
        return value
    from inference.scoring.records import to_json
    from training.learn.augment_spec import AugmentSpec

    return to_json(AugmentSpec()) if value else None
