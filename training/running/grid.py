"""A grid: backbones × changes of films × the measure that keeps an epoch, each cell a plan for the same films."""

from __future__ import annotations

import dataclasses
import itertools
import json
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

from inference.scoring.records import RecordError, from_json, with_defaults
from training.learn.augment_spec import AugmentSpec
from training.plan import DataPlan, Pick, PlanError, TrainingPlan, changed, check_plan
from training.recipes import MILD, TWELVE, plan_of, recipe_of, with_backbone

THE_TWELVE = "twelve"  # the table of a public project: recipes.TWELVE
Changes = Literal["none", "mild", "full"]
_CHANGES = MappingProxyType({"none": None, "mild": MILD, "full": AugmentSpec()})
_LARGEST_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Grid:
    """What varies, and what does not: `recipe` is every cell's, `fields` are set in every cell's plan, by their names
    on the command line (`learning.epochs`).
    """

    backbones: tuple[str, ...]
    augment: tuple[Changes, ...] = ("none", "mild")
    pick: tuple[Pick, ...] = ("auc",)
    recipe: str = "standard"
    fields: dict[str, Any] = field(default_factory=dict)
    schema: Literal[1] = 1


@dataclass(frozen=True, slots=True)
class Cell:
    """One run of a grid. `name` is that of its folder."""

    name: str
    plan: TrainingPlan


def grid_cells(grid: str, data: DataPlan, stem: str) -> tuple[Cell, ...]:
    """The cells of `twelve`, or of the grid in a file, in the order of the table. `stem` begins the models' names.

    Raises PlanError.
    """
    if grid == THE_TWELVE:
        named = [(recipe.name.removeprefix("sensitive-"), recipe) for recipe in TWELVE]
        return tuple(Cell(name, plan_of(recipe, f"{stem}-{name}", data)) for name, recipe in named)
    return _cells(read_grid(Path(grid)), data, stem)


def read_grid(path: Path) -> Grid:
    """The grid in a file; what it does not say is as in Grid. Raises PlanError in one sentence."""
    try:
        with path.open("rb") as stream:
            content = stream.read(_LARGEST_BYTES + 1)
        body = json.loads(content)
        if len(content) > _LARGEST_BYTES or not isinstance(body, dict):
            raise PlanError("This is no grid of runs.")
        grid = from_json(Grid, with_defaults(Grid, {"backbones": []} | body))
    except OSError as error:
        raise PlanError(f"There is no grid “{path.name}”; name a file, or {THE_TWELVE}.") from error
    except RecordError as error:
        raise PlanError(f"The grid does not fit its schema: {error}.", detail=str(error)) from error
    except (ValueError, RecursionError) as error:
        raise PlanError("This is no grid of runs.", detail=str(error)) from error
    if not (grid.backbones and grid.augment and grid.pick):
        raise PlanError("The grid is empty: it needs a backbone, a kind of changes and a measure at least.")
    return grid


def _cells(grid: Grid, data: DataPlan, stem: str) -> tuple[Cell, ...]:
    cells = {}
    for pick, backbone, augment in itertools.product(grid.pick, grid.backbones, grid.augment):
        name = "-".join([backbone.replace("_", ""), augment, pick.replace("_", "")])
        plan = with_backbone(plan_of(recipe_of(grid.recipe), f"{stem}-{name}", data), backbone)
        choice = dataclasses.replace(plan.choice, pick=pick)
        plan = dataclasses.replace(plan, augment=_CHANGES[augment], choice=choice)
        for key, value in grid.fields.items():
            plan = changed(plan, key, value)
        check_plan(plan)
        cells[name] = Cell(name, plan)
    return tuple(cells.values())
