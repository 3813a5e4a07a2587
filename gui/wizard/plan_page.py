"""Second step: how the network learns. A recipe fills the page; what matters most stands first."""

from __future__ import annotations

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QGridLayout, QPushButton, QWidget

from gui.training import Training
from gui.training_work import Catalogue
from gui.wizard.augment_card import AugmentCard
from gui.wizard.draft import Draft
from gui.wizard.plan_choices import PlanChoices
from gui.wizard.plan_head import PlanHead
from gui.wizard.plan_time import PlanTime
from gui.wizard.scrolled import ScrolledColumn
from gui.wizard.settings_card import AllFields, MainFields
from gui.wizard.start_card import StartCard
from gui.wizard.way_card import WayCard

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
        self.head = PlanHead(training.jobs)
        self.way, self.start, self.main = WayCard(), StartCard(), MainFields()
        self.augment = AugmentCard(training)
        self.show_all, self.all = QPushButton("All settings"), AllFields()
        self._choices, self._time = PlanChoices(training, draft, self), PlanTime(training, draft, self)
        self._lay_out()
        self._connect()

    def _lay_out(self) -> None:
        self.show_all.setCheckable(True)
        self.all.hide()
        grid = QGridLayout()
        grid.setSpacing(16)
        grid.setColumnStretch(0, 2)
        grid.setColumnStretch(1, 3)
        grid.addWidget(self.way, 0, 0, 1, 2)
        grid.addWidget(self.start, 1, 0)
        grid.addWidget(self.main, 1, 1)
        grid.addWidget(self.augment, 2, 0, 1, 2)
        self.column.addWidget(self.head)
        self.column.addLayout(grid)
        self.column.addWidget(self.show_all, 0, Qt.AlignmentFlag.AlignLeft)
        self.column.addWidget(self.all)
        self.column.addStretch(1)

    def _connect(self) -> None:
        training, choices = self._training, self._choices
        training.catalogue_read.connect(self._fill)
        training.inspected.connect(lambda _: choices.fit_films())
        self._draft.changed.connect(self.refresh)
        choices.taken.connect(lambda: self._tell(""))
        self.head.recipe_chosen.connect(choices.take_recipe)
        self.head.renamed.connect(choices.take_name)
        self.head.plan_read.connect(choices.take_saved)
        self.head.file_failed.connect(self.let_go)
        self.way.mode_chosen.connect(choices.take_mode)
        self.way.measure_asked.connect(self._time.measure_again)
        self._time.said.connect(self.way.show_estimate)
        self.start.backbone_chosen.connect(choices.take_backbone)
        self.start.start_chosen.connect(choices.take_start)
        self.start.agreed_changed.connect(self.changed)
        self.start.next_version_asked.connect(choices.take_version)
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
        from inference.networks.backbones import BACKBONES

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
        self._time.rest()
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
        return self.start.missing(plan, found.inspection.manifest)

    # What is shown

    def refresh(self) -> None:
        """The plan as it is now."""
        plan = self._draft.plan
        if plan is None or self._training.catalogue is None:
            return
        self.head.show_plan(plan)
        self.way.show_mode(plan.network.mode)
        self.start.show_plan(plan)
        self.main.show_plan(plan)
        self.augment.show_plan(plan)
        if self.all.editors:
            self.all.show_plan(plan)
        if self.isVisible():
            self._time.follow()
        self.changed.emit()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        QTimer.singleShot(0, self, self.refresh)

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self.rest()

    def _fill(self, catalogue: Catalogue) -> None:
        self.head.make()
        self.start.show_catalogue(catalogue)
        self.main.make()
        self.refresh()

    def _show_all(self, shown: bool) -> None:
        if shown and not self.all.editors and self._draft.plan is not None:
            self.all.make()
            self.all.show_plan(self._draft.plan)
        self.all.setVisible(shown)
        if shown:
            QTimer.singleShot(0, self, lambda: self.ensureWidgetVisible(self.all))

    def _tell(self, sentence: str) -> None:
        self._told = sentence
        self.changed.emit()

    def _edit(self, key: str, value: object) -> None:
        self._tell(self._draft.change(key, value))
        if self._told:
            self.refresh()  # the field shows again what holds
