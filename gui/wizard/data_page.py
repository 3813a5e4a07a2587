"""First step: which films, how they are parted, and what is wrong with them."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QStackedWidget, QWidget

from gui.training import Training
from gui.training_work import Catalogue, Inspected
from gui.wizard.draft import Draft
from gui.wizard.found_page import FoundPage, merged
from gui.wizard.source_page import ReadingPage, SourcePage

if TYPE_CHECKING:
    from training.checks.inspection import Check
    from training.plan import DataPlan

SETTLE_MS = 300  # while a field is typed in, films are not inspected for each digit


class DataPage(QStackedWidget):
    """Turns between choosing, reading and what was found. A changed plan of the data inspects the films anew."""

    film_asked = Signal(object, object)  # tuple[ImageRef, ...], ImageRef

    def __init__(self, training: Training, draft: Draft, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._training = training
        self._draft = draft
        self._message = ""
        self._asked: DataPlan | None = None  # of the inspection that runs, or ran last
        self.source, self.reading, self.found = SourcePage(), ReadingPage(), FoundPage(training)
        for page in (self.source, self.reading, self.found):
            self.addWidget(page)
        self._soon = QTimer(self, singleShot=True, interval=SETTLE_MS)
        self._soon.timeout.connect(self._inspect)
        self._connect()

    def _connect(self) -> None:
        training = self._training
        training.catalogue_read.connect(self._ready)
        training.inspecting.connect(self._show_progress)
        training.inspected.connect(self._show_found)
        training.inspection_failed.connect(self._show_failure)
        training.inspection_stopped.connect(self._stopped)
        self._draft.changed.connect(self._follow_draft)
        self.source.chosen.connect(self.take)
        self.source.decisions.asked.connect(training.list_decisions)
        training.decisions_read.connect(self.source.decisions.show_sets)
        training.decisions_listed.connect(self._take_decisions)
        self.source.practice_asked.connect(training.practise)
        training.practice_made.connect(self.take)
        self.reading.stop_asked.connect(training.stop_inspecting)
        self.found.stop_asked.connect(training.stop_inspecting)
        self.found.other_asked.connect(lambda: self._choose(""))
        self.found.data_changed.connect(self._change_data)
        self.found.fix_asked.connect(self._fix)
        self.found.film_asked.connect(self.film_asked)

    @property
    def is_ready(self) -> bool:
        """The plan's films were found and can be parted, and nothing is being looked for any more."""
        found, plan = self._training.found, self._draft.plan
        if found is None or plan is None or found.trouble or self._training.is_inspecting:
            return False
        return plan.data == found.plan.data

    @property
    def words(self) -> str:
        """Where the step stands, for the column of steps."""
        found = self._training.found
        if self._training.is_inspecting:
            return "being read"
        if found is None:
            return "choose films"
        levels = [check.level.value for check in found.checks]
        red, amber = levels.count("red"), levels.count("amber")
        return f"{red or 'nothing'} to mend, {amber} to look at" if red or amber else "nothing to mend"

    def take(self, source: Path) -> None:
        """Inspect these films."""
        catalogue = self._training.catalogue
        if catalogue is None:
            return
        self._training.found = None
        self._asked = None
        self.found.show_note("")
        self._draft.begin(source, catalogue.cores)
        self._inspect()

    def _take_decisions(self, listed: Path, sentence: str) -> None:
        self.take(listed)
        self.found.show_note(sentence)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self.currentWidget() is self.source and self._training.catalogue is not None:
            self._training.look_for_decisions()  # there may be more of them by now

    def rest(self) -> None:
        """Nothing more is begun by itself."""
        self._soon.stop()

    def _inspect(self) -> None:
        plan = self._draft.plan
        if plan is not None and plan.data != self._asked:
            self._asked = plan.data
            self._training.inspect(plan)

    def _follow_draft(self) -> None:
        plan = self._draft.plan
        if plan is not None and self._asked is not None and plan.data != self._asked:
            self._soon.start()

    def _ready(self, _: Catalogue) -> None:
        self.source.show_state(self._message, ready=True)
        self._training.look_for_decisions()

    def _choose(self, message: str) -> None:
        self._message = message
        if self._training.catalogue is not None:
            self._training.look_for_decisions()
        self.source.show_state(message, ready=self._training.catalogue is not None)
        self.setCurrentWidget(self.source)

    def _show_progress(self, words: str) -> None:
        if self._training.found is not None:
            self.found.show_busy(words)
            return
        self.reading.show_words(words)
        self.setCurrentWidget(self.reading)

    def _show_found(self, found: Inspected) -> None:
        self.found.show_found(found)
        self.setCurrentWidget(self.found)

    def _show_failure(self, sentence: str) -> None:
        self._asked = None
        self._choose(sentence)

    def _stopped(self) -> None:
        """What was found before stays, with the plan that it was found by."""
        found, plan = self._training.found, self._draft.plan
        if found is None or plan is None:
            self._asked = None
            self._choose("")
            return
        self._asked = found.plan.data
        self._draft.set(dataclasses.replace(plan, data=found.plan.data))
        self.found.show_busy("")

    def _change_data(self, data: DataPlan) -> None:
        plan = self._draft.plan
        if plan is not None:
            self._draft.set(dataclasses.replace(plan, data=data))
            self._inspect()

    def _fix(self, check: Check) -> None:
        plan, found = self._draft.plan, self._training.found
        if plan is None or found is None or check.fix is None:
            return
        self._draft.set(merged(plan, found.plan, check.fix.plan))
        self._asked = None  # a fix of the balance leaves the films as they are, and the checks change all the same
        self._inspect()
