"""The cards of the Result page, one a question: where to put the point, what went wrong, for whom, against what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QListWidget, QListWidgetItem, QPushButton, QWidget

from gui.panels.box import label
from gui.wizard.framed import Framed
from gui.wizard.result_plots import RocPlot
from gui.wizard.run_states import duration
from gui.wizard.tables import WordTable, number_or_dash, p_words, shift_rows
from gui.wizard.words import TRAITS, said

if TYPE_CHECKING:
    from gui.wizard.result_work import Judgement
    from training.judging.class_report import ClassRow
    from training.judging.compare import Versus
    from training.judging.run_result import Mistake
    from training.judging.run_table import RunRow
    from training.judging.subgroups import Group

ROW_PX = 26
TAKE, TAKEN = "Use in the viewer", "Used in the viewer"
MOST_LISTED = 200
FIXED = "It is chosen on the validation part alone."
NO_GROUPS = (
    "Sex, age, view and source of these films are not known, or are the same for all. A CSV with such columns, or "
    "DICOM files, would tell."
)


class PointCard(Framed):
    """ROC with its point, what the point means, and the word to take it."""

    recommended_asked = Signal()
    point_taken = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("ROC, drag the point", parent)
        self.plot = RocPlot()
        self.words = label(tone="secondary", wrap=True)
        self.words.setMinimumHeight(50)
        self.words.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.recommended = QPushButton("Recommended")
        self.take = QPushButton(TAKE)
        self.take.setToolTip("The Sensitivity slider of this model will stand at this point")
        self.recommended.clicked.connect(self.recommended_asked)
        self.take.clicked.connect(self.point_taken)
        self.take.setMinimumWidth(self.take.fontMetrics().horizontalAdvance(TAKEN) + 30)
        row = QHBoxLayout()
        row.setSpacing(8)
        for button in (self.take, self.recommended):
            row.addWidget(button)
        row.addStretch(1)
        self.column.addWidget(self.plot, 1)
        self.column.addWidget(self.words)
        self.column.addLayout(row)

    def show_judgement(self, judgement: Judgement, stop: int, *, moves: bool, taken: bool) -> None:
        """`moves`: the point may be dragged on these films; `taken`: the viewer was told this one."""
        found, spared = judgement.measures["sensitivity"], judgement.measures["specificity"]
        self.plot.show_point(found.value if found else None, spared.value if spared else None, stop)
        self.heading.setText("ROC, DRAG THE POINT" if moves else "ROC")
        which = "recommended point" if stop < 0 else "your point"
        lines = f"sensitivity {said(found)}<br>specificity {said(spared)}<br>threshold {judgement.point:.3f}, {which}"
        self.words.setText(lines if moves else f"{lines}<br>{FIXED}")
        self.recommended.setVisible(moves)
        self.take.setVisible(moves)
        self.recommended.setEnabled(stop >= 0)
        self.take.setEnabled(not taken)
        self.take.setText(TAKEN if taken else TAKE)


class MistakesCard(Framed):
    """The films on the wrong side of the point, the worst first."""

    film_opened = Signal(int)  # its place in the list

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Worst mistakes", parent)
        self.films = QListWidget()
        self.films.setAccessibleName("Worst mistakes")
        self.films.setFrameShape(QListWidget.Shape.NoFrame)
        self.films.setMinimumHeight(140)
        self.nothing = label("No film is on the wrong side of this point.", tone="secondary", wrap=True)
        self.column.addWidget(self.films, 1)
        self.column.addWidget(self.nothing)
        self.column.addStretch(0)  # without a list the words stay at the top
        self.films.itemClicked.connect(self._open)
        self.films.itemActivated.connect(self._open)

    def show_mistakes(self, mistakes: Sequence[Mistake], *, hide_names: bool) -> None:
        self.films.clear()
        for place, mistake in enumerate(mistakes[:MOST_LISTED]):
            kind = "Missed" if mistake.missed else "False alarm"
            name = f"Film {place + 1}" if hide_names else mistake.film.path.name
            item = QListWidgetItem(f"{kind}   {mistake.probability:.2f}   {name}")
            item.setSizeHint(QSize(0, ROW_PX))
            item.setToolTip("Opens the film in the viewer")
            self.films.addItem(item)
        self.films.setVisible(bool(mistakes))
        self.nothing.setVisible(not mistakes)
        self.say(f"{len(mistakes):,}" if mistakes else "")

    def _open(self, item: QListWidgetItem) -> None:
        self.film_opened.emit(self.films.row(item))


class GroupsCard(Framed):
    """Each group of films with its own measures."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("By group", parent)
        self.table = WordTable("By group", ("Group", "Films", "Patients", "AUC", "Sensitivity", "Specificity"))
        self.words = label(tone="secondary", wrap=True)
        self.column.addWidget(self.table)
        self.column.addWidget(self.words)
        self.column.addStretch(1)

    def show_groups(self, groups: Sequence[Group]) -> None:
        rows = [
            (
                f"{TRAITS[group.trait]}: {group.name}",
                f"{group.ill:,} ill, {group.healthy:,} healthy",
                f"{group.patients:,}",
                said(group.auc),
                said(group.sensitivity),
                said(group.specificity),
            )
            for group in groups
        ]
        few = [group for group in groups if group.is_small]
        self.table.show_rows(rows, ["secondary" if group.is_small else "" for group in groups])
        self.table.setVisible(bool(groups))
        if not groups:
            self.words.setText(NO_GROUPS)
        elif few:
            from training.judging.subgroups import FEW

            which = "Every group" if len(few) == len(groups) else f"Groups in grey ({len(few)} of {len(groups)})"
            has = "has" if len(few) == len(groups) else "have"
            self.words.setText(
                f"{which} {has} fewer than {FEW} ill or {FEW} healthy films: too few to tell a difference from chance."
            )
        self.words.setVisible(not groups or bool(few))


class ReportCard(Framed):
    """The class report."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Class report", parent)
        self.table = WordTable("Class report", ("Class", "Films", "Precision", "Sensitivity", "F1"))
        self.column.addWidget(self.table)
        self.column.addStretch(1)

    def show_report(self, report: Sequence[ClassRow]) -> None:
        self.table.show_rows(
            [(row.name, f"{row.films:,}", said(row.precision), said(row.sensitivity), said(row.f1)) for row in report]
        )


class ShiftsCard(Framed):
    """The validation part in its groups and under changes of the films, beside the ordinary figures."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("If films were taken differently", parent)
        self.table = WordTable("Changed films", ("Films", "AUC", "Sensitivity", "Specificity"))
        self.words = label(tone="secondary", wrap=True)
        self.column.addWidget(self.table)
        self.column.addWidget(self.words)
        self.column.addStretch(1)

    def show_shifts(self, shifts: Mapping[str, Mapping[str, float]], *, worst_counts: bool) -> None:
        """`worst_counts`: the recommended point was set so that it holds under the worst of them."""
        worst = worst_shift(shifts)
        lowest = {
            measure: min((measures.get(measure, 1.0) for measures in shifts.values()), default=1.0)
            for measure in ("sensitivity", "specificity")
        }
        finds, spares = (number_or_dash(lowest[measure]) for measure in ("sensitivity", "specificity"))
        self.words.setText(
            "The validation films as they are, and changed as another hospital's may be, at the recommended point"
            f"{', which is set by the worst of them' if worst_counts else ''}. At worst it finds "
            f"{finds} of the ill films, and leaves {spares} of the healthy ones alone."
            f"{' The worst row is in amber.' if worst else ''}"
        )
        self.table.show_rows(shift_rows(shifts), ["amber" if name == worst else "" for name in shifts])


def worst_shift(shifts: Mapping[str, Mapping[str, float]]) -> str:
    """The change of the lowest AUC, and among equal ones of the lowest sensitivity and specificity; '' where all are
    alike.
    """

    def worth(name: str) -> tuple[float, float]:
        measures = shifts[name]
        return measures.get("auc", 1.0), measures.get("sensitivity", 1.0) + measures.get("specificity", 1.0)

    worst = min(shifts, key=worth, default="")
    return worst if any(worth(name) > worth(worst) for name in shifts) else ""


class RunsCard(Framed):
    """Runs on the same films against a baseline."""

    baseline_picked = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Runs on the same films", parent)
        self.baseline = QComboBox()
        self.baseline.setAccessibleName("Baseline")
        self.table = WordTable(
            "Runs on the same films",
            (
                "Run",
                "Mode",
                "Augmented",
                "Kept by",
                "AUC",
                "Sensitivity",
                "Specificity",
                "Δ AUC",
                "DeLong",
                "McNemar",
                "Time",
            ),
        )
        self.table.explain(
            {
                7: "The run’s AUC less the baseline’s",
                8: "The chance of such a difference of the AUCs if there is none (DeLong)",
                9: "The chance of such different calls if both are right equally often (McNemar)",
            }
        )
        self.words = label(tone="secondary", wrap=True)
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(label("Against", tone="secondary"))
        row.addWidget(self.baseline)
        row.addStretch(1)
        self.against = QWidget()
        self.against.setLayout(row)
        row.setContentsMargins(0, 0, 0, 0)
        self.column.addWidget(self.against)
        self.column.addWidget(self.table)
        self.column.addWidget(self.words)
        self.baseline.activated.connect(self.baseline_picked)

    def show_runs(self, rows: Sequence[RunRow], trouble: str) -> None:
        chosen = self.baseline.currentIndex()
        self.baseline.clear()
        for row in rows:
            self.baseline.addItem(row.compared.name)
        self.baseline.setCurrentIndex(chosen if 0 <= chosen < len(rows) else 0)
        self.against.setVisible(len(rows) > 1)
        self.table.setVisible(bool(rows))
        alone = "No other run was judged on the very same films yet. Train again with the same split to compare."
        self.words.setText(escape(trouble) or alone)
        self.words.setVisible(len(rows) < 2)

    def show_finding(self, rows: Sequence[RunRow], label: str, found: Mapping[tuple[int, str], Versus]) -> None:
        """The rows for one finding; those of `found` are against the baseline."""
        cells = [_run_cells(row, label, found.get((place, label))) for place, row in enumerate(rows)]
        tips = ["This run" if place == 0 else row.folder.name for place, row in enumerate(rows)]
        self.table.show_rows(cells, tips=tips)
        self.table.selectRow(0)


def _run_cells(row: RunRow, label: str, versus: Versus | None) -> list[str]:
    measures = row.compared.measures.get(label)
    names = ("auc", "sensitivity", "specificity")
    values = [number_or_dash(measures[name]["value"]) if measures else "–" for name in names]
    against = ["·", "·", "·"]
    if versus is not None:
        against = [f"{versus.auc.value:+.3f}", p_words(versus.auc.p), p_words(versus.calls_p)]
    time = duration(row.seconds) if row.seconds is not None else "–"
    name = f"{row.compared.name.partition(' ')[0]}, {row.backbone}"
    return [name, row.mode, "yes" if row.augmented else "no", row.kept_by, *values, *against, time]
