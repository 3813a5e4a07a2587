"""Second step: how the network learns. A recipe fills the page; what matters most stands first."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import (
    QComboBox,
    QFileDialog,
    QGridLayout,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QWidget,
)

from gui.jobs import Lane
from gui.panels.box import label
from gui.training import Training
from gui.training_work import Catalogue, Inspected, loaded_plan, saved_plan
from gui.wizard.augment_card import AugmentCard
from gui.wizard.draft import Draft
from gui.wizard.scrolled import ScrolledColumn
from gui.wizard.settings_card import AllFields, MainFields
from gui.wizard.start_card import StartCard
from gui.wizard.way_card import MEASURING, WayCard

if TYPE_CHECKING:
    from training.estimate import Estimate
    from training.plan import StartPlan, TrainingPlan

SETTLE_MS = 600  # before steps are measured: a field may still be typed in
OWN = {"quick": "quick", "standard": "standard", "full": "shift-aware"}  # our recipe of each way
STARTING = "The run is being started…"


class PlanPage(ScrolledColumn):
    """Edits the draft. `download` is True where the user agreed to fetch published weights."""

    changed = Signal()

    def __init__(self, training: Training, draft: Draft, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._training = training
        self._draft = draft
        self._told = ""  # what the last edit, file or start came to
        self._starting = False
        self._measured: TrainingPlan | None = None  # the plan that the estimate speaks of
        self.recipe, self.name = QComboBox(), QLineEdit()
        self.load, self.save = QPushButton("Load a plan…"), QPushButton("Save it…")
        self.way, self.start, self.main = WayCard(), StartCard(), MainFields()
        self.augment = AugmentCard(training)
        self.show_all, self.all = QPushButton("All settings"), AllFields()
        self._soon = QTimer(self, singleShot=True, interval=SETTLE_MS)
        self._soon.timeout.connect(self._measure)
        self._lay_out()
        self._connect()

    def _lay_out(self) -> None:
        self.recipe.setAccessibleName("Recipe")
        self.recipe.setMinimumContentsLength(10)
        self.recipe.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.name.setAccessibleName("Name of the model")
        self.name.setMinimumWidth(80)
        self.name.setMaximumWidth(180)
        self.show_all.setCheckable(True)
        self.all.hide()
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(label("Recipe", tone="secondary"))
        head.addWidget(self.recipe, 1)
        head.addSpacing(8)
        head.addWidget(label("Name", tone="secondary"))
        head.addWidget(self.name)
        for button in (self.load, self.save):
            head.addWidget(button)
        grid = QGridLayout()
        grid.setSpacing(16)
        grid.setColumnStretch(0, 2)
        grid.setColumnStretch(1, 3)
        grid.addWidget(self.way, 0, 0, 1, 2)
        grid.addWidget(self.start, 1, 0)
        grid.addWidget(self.main, 1, 1)
        grid.addWidget(self.augment, 2, 0, 1, 2)
        self.column.addLayout(head)
        self.column.addLayout(grid)
        self.column.addWidget(self.show_all, 0, Qt.AlignmentFlag.AlignLeft)
        self.column.addWidget(self.all)
        self.column.addStretch(1)

    def _connect(self) -> None:
        training = self._training
        training.catalogue_read.connect(self._fill)
        training.inspected.connect(self._fit_films)
        training.estimated.connect(self._show_estimate)
        training.estimate_failed.connect(self.way.show_estimate)
        self._draft.changed.connect(self.refresh)
        self.recipe.activated.connect(lambda _: self._take_recipe(self.recipe.currentData()))
        self.name.editingFinished.connect(self._rename)
        self.load.clicked.connect(self._ask_for_plan)
        self.save.clicked.connect(self._ask_where)
        self.way.mode_chosen.connect(self._take_mode)
        self.way.measure_asked.connect(self._measure_again)
        self.start.backbone_chosen.connect(self._take_backbone)
        self.start.start_chosen.connect(self._take_start)
        self.start.agreed_changed.connect(self.changed)
        self.main.edited.connect(self._edit)
        self.all.edited.connect(self._edit)
        self.augment.switched.connect(lambda on: self._edit("augment", on))
        self.show_all.toggled.connect(self._show_all)

    # What the window asks

    @property
    def is_ready(self) -> bool:
        return self._draft.plan is not None and not self._trouble() and not self._starting

    @property
    def download(self) -> bool:
        return self.start.agreed

    @property
    def words(self) -> str:
        plan = self._draft.plan
        if plan is None or self._training.catalogue is None:
            return ""
        from inference.backbones import BACKBONES

        spec = BACKBONES.get(plan.network.backbone)
        return f"{spec.title if spec else plan.network.backbone} · {plan.network.mode.capitalize()}"

    @property
    def foot(self) -> str:
        """Why the run can't be started, what the last edit came to, or ''."""
        if self._starting:
            return STARTING
        return self._trouble() or self._told

    @property
    def is_troubled(self) -> bool:
        return not self._starting and bool(self.foot)

    def hold(self) -> None:
        """The run is being started."""
        self._starting = True
        self.changed.emit()

    def let_go(self, sentence: str) -> None:
        """It was started, or not, and why."""
        self._starting, self._told = False, sentence
        self.changed.emit()

    def rest(self) -> None:
        """Measure and draw nothing more by itself."""
        self._soon.stop()
        if self._training.is_estimating:
            self._training.stop_estimating()
            self._measured = None
        self.augment.rest()

    def _trouble(self) -> str:
        plan, found = self._draft.plan, self._training.found
        if plan is None:
            return ""
        if self._draft.complaint:
            return self._draft.complaint
        if self._training.is_inspecting or (found is not None and found.plan.data != plan.data):
            return "The films are being read anew."
        if found is None or found.trouble:
            return found.trouble if found is not None else "These films can't be used; the step Data says why."
        return self.start.missing(plan)

    # What is shown

    def refresh(self) -> None:
        """The plan as it is now."""
        plan = self._draft.plan
        if plan is None or self._training.catalogue is None:
            return
        self.recipe.setCurrentIndex(self.recipe.findData(plan.recipe))
        if not (self.name.hasFocus() and self.name.isModified()):
            self.name.setText(plan.name)
        self.way.show_mode(plan.network.mode)
        self.start.show_plan(plan)
        self.main.show_plan(plan)
        self.augment.show_plan(plan)
        if self.all.editors:
            self.all.show_plan(plan)
        if self.isVisible() and plan != self._measured:
            self.way.show_estimate(MEASURING if not self._draft.complaint else "")
            self._soon.start()
        self.changed.emit()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        QTimer.singleShot(0, self, self.refresh)

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self.rest()

    def _fill(self, catalogue: Catalogue) -> None:
        from training.recipes import RECIPES

        self.recipe.addItem("Settings of my own", "")
        for name, recipe in RECIPES.items():
            self.recipe.addItem(recipe.title, name)
        self.start.show_catalogue(catalogue)
        self.main.make()
        self.refresh()

    def _show_all(self, shown: bool) -> None:
        if shown and not self.all.editors and self._draft.plan is not None:
            self.all.make()
            self.all.show_plan(self._draft.plan)
        self.all.setVisible(shown)

    def _show_estimate(self, estimate: Estimate) -> None:
        self.way.show_estimate(estimate.sentence)

    # What is chosen

    def _take_recipe(self, name: str) -> None:
        from training.choose import usual_start
        from training.recipes import plan_of, recipe_of

        plan, catalogue = self._draft.plan, self._training.catalogue
        if plan is None or catalogue is None:
            return
        if not name:
            self._set(self._own(plan))
            return
        recipe = recipe_of(name)
        own = recipe.network.start
        start = usual_start(recipe.network.backbone, catalogue.models, own.bundle) if own.kind == "bundle" else None
        made = plan_of(recipe, plan.name, plan.data, start)
        self._set(dataclasses.replace(made, threads=plan.threads, seed=plan.seed))

    def _take_mode(self, mode: str) -> None:
        from training.choose import with_mode

        plan = self._draft.plan
        if plan is not None and plan.recipe in OWN.values() and plan.network.backbone == "mobilenet_v2":
            self._take_recipe(OWN[mode])
            return
        for known in ("quick", "standard", "full"):
            if plan is not None and mode == known:
                self._set(self._own(with_mode(plan, known)))

    def _take_backbone(self, name: str) -> None:
        from inference.backbones import BACKBONES
        from training.choose import usual_start, with_start
        from training.plan import StartPlan
        from training.recipes import with_backbone

        plan, catalogue = self._draft.plan, self._training.catalogue
        if plan is None or catalogue is None:
            return
        published = all(part.published is not None for part in BACKBONES[name].parts)
        start = usual_start(name, catalogue.models) or StartPlan("downloaded" if published else "scratch")
        self._set(self._own(with_start(with_backbone(plan, name), start, catalogue.models)))

    def _take_start(self, start: StartPlan) -> None:
        from training.choose import with_start

        plan, catalogue = self._draft.plan, self._training.catalogue
        if plan is not None and catalogue is not None:
            self._set(with_start(plan, start, catalogue.models))

    def _own(self, plan: TrainingPlan) -> TrainingPlan:
        """The plan under a title of its own: it follows no recipe any more."""
        from inference.backbones import BACKBONES

        words = f"{BACKBONES[plan.network.backbone].title}, {plan.network.mode}"
        return dataclasses.replace(plan, recipe="", title=f"{plan.name}: {words}")

    def _rename(self) -> None:
        plan, name = self._draft.plan, self.name.text().strip()
        if plan is None or name == plan.name:
            return
        self.name.setModified(False)
        _, colon, rest = plan.title.partition(": ")
        self._draft.set(dataclasses.replace(plan, name=name, title=f"{name}{colon}{rest}"))

    def _set(self, plan: TrainingPlan) -> None:
        """Take a plan whose outputs are made to fit the films."""
        from training.choose import fitting_films

        found = self._training.found
        self._told = ""
        self._draft.set(fitting_films(plan, found.inspection.manifest) if found is not None else plan)

    def _fit_films(self, _: Inspected) -> None:
        if self._draft.plan is not None:
            self._set(self._draft.plan)

    def _edit(self, key: str, value: object) -> None:
        self._told = self._draft.change(key, value)
        if self._told:
            self.refresh()  # the field shows again what holds
        self.changed.emit()

    def _measure(self) -> None:
        plan = self._draft.plan
        if plan is None or self._draft.complaint:
            self._training.stop_estimating()
            self.way.show_estimate("")
            return
        self._measured = plan
        self._training.estimate(plan)
        if self._training.is_estimating:
            self.way.show_estimate(MEASURING)

    def _measure_again(self) -> None:
        self._training.forget_costs()
        self._measure()

    # Files

    def _ask_for_plan(self) -> None:
        name, _ = QFileDialog.getOpenFileName(self, "A training plan", filter="Plans (*.json)")
        if name:
            self.read_plan(Path(name))

    def _ask_where(self) -> None:
        name, _ = QFileDialog.getSaveFileName(self, "Save the plan", "plan.json", "Plans (*.json)")
        if name:
            self.write_plan(Path(name))

    def read_plan(self, place: Path) -> None:
        """Take a saved plan for the films that were chosen."""
        self._training.jobs.submit(
            Lane.IO,
            lambda token, progress: loaded_plan(place),
            done=self._take_loaded,
            failed=lambda error: self.let_go(error.message),
        )

    def write_plan(self, place: Path) -> None:
        """Save the plan as it is."""
        plan = self._draft.plan
        if plan is not None:
            self._training.jobs.submit(
                Lane.IO,
                lambda token, progress: saved_plan(plan, place),
                done=lambda _: None,
                failed=lambda error: self.let_go(error.message),
            )

    def _take_loaded(self, loaded: TrainingPlan) -> None:
        plan = self._draft.plan
        if plan is not None:
            data = loaded.data if loaded.data.source == plan.data.source else plan.data
            self._set(dataclasses.replace(loaded, name=plan.name, data=data))
