"""The head of the Plan page: which recipe, the model's name, and plans as files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QFileDialog, QHBoxLayout, QLineEdit, QPushButton, QWidget

from gui.jobs import Jobs, Lane
from gui.panels.box import label
from gui.training_work import loaded_plan, saved_plan
from gui.wizard.elided_box import ElidedBox

if TYPE_CHECKING:
    from training.plan import TrainingPlan

NO_RECIPE = "Settings of my own"
KINDS = "Plans (*.json)"


class PlanHead(QWidget):
    """Shows a plan. A plan that was read from a file is told, and so is why one could not be read or written."""

    recipe_chosen = Signal(str)
    renamed = Signal(str)
    plan_read = Signal(object)  # TrainingPlan
    file_failed = Signal(str)

    def __init__(self, jobs: Jobs, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._jobs = jobs
        self._plan: TrainingPlan | None = None
        self.recipe, self.name = ElidedBox(), QLineEdit()
        self.load, self.save = QPushButton("Load a plan…"), QPushButton("Save it…")
        self.recipe.setAccessibleName("Recipe")
        self.recipe.setMinimumContentsLength(10)
        self.recipe.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.name.setAccessibleName("Name of the model")
        self.name.setMinimumWidth(80)
        self.name.setMaximumWidth(180)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        row.addWidget(label("Recipe", tone="secondary"))
        row.addWidget(self.recipe, 1)
        row.addSpacing(8)
        row.addWidget(label("Name", tone="secondary"))
        for widget in (self.name, self.load, self.save):
            row.addWidget(widget)
        self.recipe.activated.connect(lambda _: self.recipe_chosen.emit(self.recipe.currentData()))
        self.recipe.currentTextChanged.connect(self.recipe.setToolTip)
        self.name.editingFinished.connect(self._rename)
        self.load.clicked.connect(self._ask_for_plan)
        self.save.clicked.connect(self._ask_where)

    def make(self) -> None:
        """Once recipes can be imported."""
        from training.recipes import RECIPES

        self.recipe.addItem(NO_RECIPE, "")
        for name, recipe in RECIPES.items():
            self.recipe.addItem(recipe.title, name)

    def show_plan(self, plan: TrainingPlan) -> None:
        self._plan = plan
        self.recipe.setCurrentIndex(self.recipe.findData(plan.recipe))
        if not (self.name.hasFocus() and self.name.isModified()):
            self.name.setText(plan.name)
            self.name.setCursorPosition(0)  # a long name shows how it begins

    def read_plan(self, place: Path) -> None:
        """Read a saved plan; `plan_read` follows."""
        self._jobs.submit(
            Lane.IO,
            lambda token, progress: loaded_plan(place),
            done=self.plan_read.emit,
            failed=lambda error: self.file_failed.emit(error.message),
        )

    def write_plan(self, place: Path) -> None:
        """Save the plan that is shown."""
        plan = self._plan
        if plan is not None:
            self._jobs.submit(
                Lane.IO,
                lambda token, progress: saved_plan(plan, place),
                done=lambda _: None,
                failed=lambda error: self.file_failed.emit(error.message),
            )

    def _rename(self) -> None:
        self.name.setModified(False)
        self.renamed.emit(self.name.text().strip())

    def _ask_for_plan(self) -> None:
        name, _ = QFileDialog.getOpenFileName(self, "A training plan", filter=KINDS)
        if name:
            self.read_plan(Path(name))

    def _ask_where(self) -> None:
        name, _ = QFileDialog.getSaveFileName(self, "Save the plan", "plan.json", KINDS)
        if name:
            self.write_plan(Path(name))
