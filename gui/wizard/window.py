"""The wizard's window: the steps on the left, one page each, and the way on. It composes and decides nothing."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDragLeaveEvent, QDropEvent, QShowEvent
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QPushButton, QStackedWidget, QVBoxLayout, QWidget

from gui.films.drops import dropped_paths
from gui.panels.box import label, rule, set_tone, upright
from gui.theme import font
from gui.training import Training
from gui.wizard.data_page import DataPage
from gui.wizard.draft import Draft
from gui.wizard.plan_page import PlanPage
from gui.wizard.result_page import ResultPage
from gui.wizard.run_page import RunPage
from gui.wizard.steps import Step, StepColumn
from imaging.study import ImageRef

if TYPE_CHECKING:
    from training.plan import TrainingPlan

MINIMUM_PX = (1080, 640)
USUAL_PX = (1280, 800)
DATA, PLAN, RUN, RESULT = range(4)
TITLE = "Train a model"


class WizardWindow(QWidget):
    """Not modal: the reader goes on reading. Closed, it only hides; a run that was started goes on without it."""

    bundle_asked = Signal(object)  # Path of a sealed bundle to open in the viewer
    film_asked = Signal(object, object)  # tuple[ImageRef, ...], ImageRef
    point_chosen = Signal(object)  # {model and weights: sensitivity}

    def __init__(self, training: Training, parent: QWidget | None = None) -> None:
        super().__init__(parent, Qt.WindowType.Window)
        self.training = training
        self.draft = Draft(self)
        self.data = DataPage(training, self.draft)
        self.plan = PlanPage(training, self.draft)
        self.run, self.result = RunPage(training.jobs), ResultPage(training.jobs)
        self._begun: TrainingPlan | None = None  # what a run was started with last
        self.runs = QComboBox()
        self.runs.setAccessibleName("Runs")
        keeps_its_room = self.runs.sizePolicy()
        keeps_its_room.setRetainSizeWhenHidden(True)  # or all pages jump when it comes
        self.runs.setSizePolicy(keeps_its_room)
        self.pages = QStackedWidget()
        self.steps = StepColumn(
            (Step("Data"), Step("Plan", open=False), Step("Run", open=False), Step("Result", open=False))
        )
        self.about = label(tone="secondary")
        self.foot = label(tone="secondary", wrap=True)
        self.back, self.forward = QPushButton("Back"), QPushButton("Next")
        self.forward.setProperty("kind", "primary")
        self._lay_out()
        self._connect()
        self.refresh()

    def _lay_out(self) -> None:
        self.setWindowTitle(TITLE)
        self.setAcceptDrops(True)
        self.setMinimumSize(*MINIMUM_PX)
        self.resize(*USUAL_PX)
        self.setProperty("surface", "background")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        title = label(TITLE, tone="strong")
        title.setFont(font("strong"))
        head, foot, middle = QHBoxLayout(), QHBoxLayout(), QHBoxLayout()
        head.setContentsMargins(24, 14, 24, 14)
        head.setSpacing(12)
        head.addWidget(title)
        head.addWidget(self.about, 1)
        head.addWidget(self.runs)
        foot.setContentsMargins(24, 10, 24, 10)
        foot.setSpacing(8)
        foot.addWidget(self.foot, 1)
        for button in (self.back, self.forward):
            foot.addWidget(button)
        for page in (self.data, self.plan, self.run, self.result):
            self.pages.addWidget(page)
        middle.setSpacing(0)
        middle.addWidget(self.steps)
        middle.addWidget(upright())
        middle.addWidget(self.pages, 1)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(0)
        whole.addLayout(head)
        whole.addWidget(rule())
        whole.addLayout(middle, 1)
        whole.addWidget(rule())
        whole.addLayout(foot)

    def _connect(self) -> None:
        training = self.training
        self.back.clicked.connect(lambda: self.go_to(self.current - 1))
        self.forward.clicked.connect(self._go_on)
        self.steps.picked.connect(self.go_to)
        for page in (self.data, self.run):
            page.film_asked.connect(self.film_asked)
        training.run_started.connect(self._run_started)
        training.start_failed.connect(self._not_started)
        training.catalogue_read.connect(lambda _: self.refresh())
        for changed in (training.inspected, training.inspection_failed, training.inspecting):
            changed.connect(lambda *_: self.refresh())
        for changed in (training.inspection_stopped, self.draft.changed, self.plan.changed, self.run.changed):
            changed.connect(self.refresh)
        training.runs_read.connect(self._runs_read)
        self.runs.activated.connect(lambda _: self._show_run(Path(self.runs.currentData())))
        self.run.resume_asked.connect(training.resume)
        self.run.result_asked.connect(lambda _: self.go_to(RESULT))
        self.result.model_opened.connect(lambda place: self.bundle_asked.emit(Path(place)))
        self.result.films_asked.connect(self._open_films)
        self.result.point_chosen.connect(self.point_chosen)

    def hide_names(self, *, hidden: bool) -> None:
        """Whether file names, which may be patients', are kept off what is said of films."""
        for page in (self.data.found, self.run, self.result):
            page.hide_names(hidden=hidden)

    @property
    def current(self) -> int:
        return self.pages.currentIndex()

    def go_to(self, step: int) -> None:
        """Show a page, where the steps before it allow it."""
        if 0 <= step < self.pages.count() and self._steps()[step].open:
            if step == RESULT and self.run.path is not None and self.result.path != self.run.path:
                self.result.show_result(self.run.path)
            self.pages.setCurrentIndex(step)
            self.refresh()

    def refresh(self) -> None:
        """Steps, heads and buttons of what is known now."""
        self.steps.show_steps(self._steps(), self.current)
        found = self.training.found if self.current < RUN else None  # a run may be one on other films
        self.about.setText(escape(f"{found.films:,} films of {found.patients:,} patients") if found else "")
        self.back.setVisible(self.current > DATA)
        self.forward.setVisible(self.current < RUN)
        self.runs.setVisible(self.current >= RUN and self.runs.count() > 1)
        self.forward.setText("Start training" if self.current == PLAN else "Next: the plan")
        allowed = self.data.is_ready if self.current == DATA else self.plan.is_ready
        self.forward.setEnabled(allowed)
        set_tone(self.foot, "amber" if self.current == PLAN and self.plan.is_troubled else "secondary")
        self.foot.setText(escape(self._foot()))

    def _steps(self) -> tuple[Step, ...]:
        ready = self.data.is_ready
        return (
            Step("Data", self.data.words, done=ready),
            Step("Plan", self.plan.words, done=ready and self.draft.plan == self._begun, open=ready),
            Step("Run", self.run.title, done=self.run.is_finished, open=self.run.path is not None),
            Step("Result", "what it is worth" if self.run.is_finished else "", open=self.run.is_finished),
        )

    def _foot(self) -> str:
        if self.current == DATA:
            return "Nothing leaves this computer."
        if self.current == PLAN:
            return self.plan.foot
        if self.current == RESULT:
            return "The model is one of your models already. What is measured here holds for films of this collection."
        return self.run.foot

    def _go_on(self) -> None:
        if self.current == DATA:
            self.go_to(PLAN)
            return
        plan = self.draft.plan
        if plan is not None and self.plan.is_ready:
            self.plan.hold()
            self._begun = plan
            self.training.start(plan, download=self.plan.download)

    def _run_started(self, run: Path) -> None:
        self.plan.let_go("")
        self._show_run(run)

    def _show_run(self, run: Path) -> None:
        self.run.show_run(run)
        self._name_run()
        self.go_to(RUN)

    def _not_started(self, sentence: str) -> None:
        self._begun = None
        self.plan.let_go(sentence)
        if self.current == RUN:
            self.run.show_trouble(sentence)

    def _runs_read(self, runs: tuple[Path, ...]) -> None:
        """Whoever comes back finds the newest run where it was left."""
        self.runs.clear()
        for run in runs:
            self.runs.addItem(run.name, str(run))
        if self.run.path is None and runs:
            self.run.show_run(runs[0])
        self._name_run()
        self.refresh()

    def _name_run(self) -> None:
        """The run that is shown, in the list of runs. By its name: two objects of one path are not the same to Qt."""
        self.runs.setCurrentIndex(self.runs.findData(str(self.run.path)))

    def _open_films(self, refs: Sequence[ImageRef]) -> None:
        """In the viewer, with the scores and heat maps of the very model that was judged."""
        shown = self.result.shown
        if shown is not None and shown.bundle:
            self.bundle_asked.emit(Path(shown.bundle))
        self.film_asked.emit(tuple(refs), refs[0])

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self.training.catalogue is None:
            QTimer.singleShot(0, self, self.training.get_ready)  # after the first paint

    def closeEvent(self, event: QCloseEvent) -> None:
        self.training.stop_inspecting()
        self.training.stop_estimating()
        self.data.rest()
        self.plan.rest()
        super().closeEvent(event)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if len(dropped_paths(event.mimeData())) == 1 and self.training.catalogue is not None:
            event.acceptProposedAction()
            self.data.source.field.set_held(True)

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        self.data.source.field.set_held(False)

    def dropEvent(self, event: QDropEvent) -> None:
        self.data.source.field.set_held(False)
        event.acceptProposedAction()
        self.go_to(DATA)
        self.data.take(dropped_paths(event.mimeData())[0])
