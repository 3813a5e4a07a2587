"""What was found: the classes and their parts, the patients, and every check with its films and its way out."""

from __future__ import annotations

import dataclasses
from html import escape
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QComboBox,
    QGridLayout,
    QHBoxLayout,
    QProgressBar,
    QPushButton,
    QWidget,
)

from gui.jobs import Lane
from gui.panels.box import label, set_tone
from gui.training import Training
from gui.training_work import Inspected, pictures_of
from gui.wizard.card import Card
from gui.wizard.check_rows import SHOWN, CheckRows
from gui.wizard.class_table import ClassTable
from gui.wizard.patients import PatientCard
from gui.wizard.scrolled import ScrolledColumn
from gui.wizard.source_page import show_share

if TYPE_CHECKING:
    from training.checks.inspection import Check
    from training.plan import DataPlan, TrainingPlan

PICTURE_PX = 136
BY_ITSELF = "as the names say"


class FoundPage(ScrolledColumn):
    """Asks for changes of the plan's data; whoever owns the draft inspects the films anew."""

    data_changed = Signal(object)  # DataPlan
    fix_asked = Signal(object)  # Check
    other_asked = Signal()
    stop_asked = Signal()
    film_asked = Signal(object, object)  # tuple[ImageRef, ...], ImageRef

    def __init__(self, training: Training, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._training = training
        self._found: Inspected | None = None
        self._pictured: Check | None = None
        self._hidden = False
        self.source, self.sizes = label(tone="strong"), label(tone="secondary")
        self.other, self.stop = QPushButton("Choose other films…"), QPushButton("Stop")
        self.put_back = QPushButton("Put them back")
        self.busy = label(tone="secondary")
        self.bar = QProgressBar()
        self.table = ClassTable()
        self.normal = QComboBox()
        self.parts = QPushButton("Split anew by patient")
        self.patients = PatientCard(training.jobs)
        self.checks = CheckRows()
        self.left_out = label(tone="secondary")
        self.provenance, self.note = label(tone="amber", wrap=True), label(tone="secondary", wrap=True)
        self._checked = Card("What was checked")
        self._lay_out()
        self._connect()

    def _lay_out(self) -> None:
        self.bar.setTextVisible(False)
        self.bar.setFixedWidth(180)
        self.bar.setAccessibleName("Films read")
        self.normal.setAccessibleName("Which class is healthy")
        self.normal.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self.parts.setProperty("kind", "chip")
        self.put_back.setProperty("kind", "chip")
        self._checked.head.addWidget(self.left_out)
        self._checked.head.addWidget(self.put_back)
        self._checked.column.addWidget(self.checks)
        grid = QGridLayout()
        grid.setSpacing(16)
        grid.setColumnStretch(0, 3)
        grid.setColumnStretch(1, 2)
        grid.addWidget(self._classes(), 0, 0)
        grid.addWidget(self.patients, 0, 1)
        grid.addWidget(self._checked, 1, 0, 1, 2)
        self.column.addLayout(self._head())
        for words in (self.provenance, self.note):
            words.hide()
            self.column.addWidget(words)
        self.column.addLayout(grid)
        self.column.addStretch(1)

    def _head(self) -> QHBoxLayout:
        """Which films these are, and how far they are read."""
        head = QHBoxLayout()
        head.setSpacing(12)
        head.addWidget(self.source)
        head.addWidget(self.sizes)
        head.addStretch(1)
        for widget in (self.busy, self.bar, self.stop, self.other):
            head.addWidget(widget)
        return head

    def _classes(self) -> Card:
        """How many films each class has, and which of them is the healthy one."""
        classes = Card("Classes")
        classes.column.addWidget(self.table)
        line = QHBoxLayout()
        line.setSpacing(8)
        line.addWidget(label("Healthy films:", tone="secondary"))
        line.addWidget(self.normal)
        line.addStretch(1)
        line.addWidget(self.parts)
        classes.column.addLayout(line)
        classes.column.addStretch(1)
        return classes

    def _connect(self) -> None:
        self.other.clicked.connect(self.other_asked)
        self.stop.clicked.connect(self.stop_asked)
        self.put_back.clicked.connect(lambda: self._change_data(leave_out=()))
        self.parts.clicked.connect(lambda: self._change_data(keep_parts=not self._data().keep_parts))
        self.normal.activated.connect(self._choose_normal)
        self.patients.pattern_chosen.connect(lambda pattern: self._change_data(patient_pattern=pattern))
        self.checks.fix_asked.connect(self.fix_asked)
        self.checks.films_asked.connect(self._ask_for_pictures)
        self.checks.film_picked.connect(self._open_film)
        self.checks.lost_picked.connect(lambda refs: self.film_asked.emit(tuple(refs), refs[0]))

    def show_note(self, sentence: str) -> None:
        """How these films were come by, where they were looked for; '' for nothing to say."""
        self.note.setText(escape(sentence))
        self.note.setVisible(bool(sentence))

    def show_found(self, found: Inspected) -> None:
        """Everything that is known of these films."""
        self._found = found
        plan, manifest = found.plan, found.inspection.manifest
        self.source.setText(escape(plan.name))
        self.sizes.setText(self._size_words(found))
        set_tone(self.sizes, "red" if found.trouble else "secondary")
        self.provenance.setText(escape(found.provenance))
        self.provenance.setVisible(bool(found.provenance))
        self.table.show_found(found)
        self.normal.clear()
        own = manifest.normal_label
        self.normal.addItem(f"{own or 'none'} ({BY_ITSELF})" if not plan.data.normal_label else BY_ITSELF, "")
        for name in sorted(manifest.labels):
            self.normal.addItem(name, name)
        self.normal.setCurrentIndex(max(0, self.normal.findData(plan.data.normal_label)))
        named = any(film.part for film in manifest.films)
        self.parts.setVisible(named)
        self.parts.setText("Split anew by patient" if plan.data.keep_parts else "Keep the folders’ own parts")
        self.patients.show_names(found.names, plan.data.patient_pattern, found.patients)
        out = len(plan.data.leave_out)
        self.left_out.setText(f"{out:,} {'picture' if out == 1 else 'pictures'} left out" if out else "")
        for widget in (self.left_out, self.put_back):
            widget.setVisible(bool(out))
        self.checks.show_checks(found.checks, hide_names=self._hidden)
        levels = [check.level.value for check in found.checks]
        self._checked.word.setText(f"{levels.count('red') or 'nothing'} to mend, {levels.count('amber')} to look at")
        self.show_busy("")

    def hide_names(self, *, hidden: bool) -> None:
        """Whether file names, which may be patients', are kept off the page."""
        if hidden == self._hidden:
            return
        self._hidden = hidden
        self.patients.hide_names(hidden=hidden)
        if self._found is not None:
            self.checks.show_checks(self._found.checks, hide_names=hidden)

    def show_busy(self, words: str) -> None:
        """Films are inspected anew; what is shown stays until they were."""
        self.busy.setText(words)
        for widget in (self.busy, self.bar, self.stop):
            widget.setVisible(bool(words))
        self.other.setVisible(not words)
        show_share(self.bar, words)
        self.checks.set_busy(bool(words))

    def _size_words(self, found: Inspected) -> str:
        sizes = found.parts
        if found.trouble:
            return escape(found.trouble)
        test = f", {sizes.test:,} in the test part" if sizes.test else ""
        left = f", {sizes.left_out:,} left out" if sizes.left_out else ""
        return f"{sizes.train:,} films to learn from, {sizes.validation:,} to judge by{test}{left}"

    def _data(self) -> DataPlan:
        assert self._found is not None
        return self._found.plan.data

    def _change_data(self, **changes: object) -> None:
        if self._found is not None:
            self.data_changed.emit(dataclasses.replace(self._data(), **changes))  # type: ignore[arg-type]

    def _choose_normal(self, _row: int) -> None:
        self._change_data(normal_label=self.normal.currentData())

    def _ask_for_pictures(self, check: Check) -> None:
        found = self._found
        if found is None:
            return
        step = max(1, len(check.films) // SHOWN)
        chosen = check.films[::step][:SHOWN]
        films = [found.inspection.films[at] for at in chosen]
        names = [f"Film {place + 1}" if self._hidden else film.path.name for place, film in enumerate(films)]
        words = [(", ".join(film.labels), name, str(at)) for film, name, at in zip(films, names, chosen, strict=True)]
        self._training.jobs.submit(
            Lane.IO,
            lambda token, progress: pictures_of(found.inspection, chosen, PICTURE_PX),
            done=lambda pictures: self.checks.show_pictures(check, words, pictures),
        )
        self._pictured = check

    def _open_film(self, key: str) -> None:
        from imaging.study import ImageRef

        if self._found is None or self._pictured is None:
            return
        films = self._found.inspection.films
        refs = {str(at): ImageRef(films[at].path, films[at].frame) for at in self._pictured.films}
        if key in refs:
            self.film_asked.emit(tuple(refs.values()), refs[key])


def merged(plan: TrainingPlan, before: TrainingPlan, fixed: TrainingPlan) -> TrainingPlan:
    """A plan with what a fix changes of the plan that was inspected, and nothing else."""
    learning = plan.learning
    if fixed.learning.balance != before.learning.balance:
        learning = dataclasses.replace(learning, balance=fixed.learning.balance)
    return dataclasses.replace(plan, data=fixed.data, learning=learning)
