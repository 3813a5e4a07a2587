"""The cards of the Result page, one below the other, and what each of them shows of a result."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QWidget

from gui.wizard.against_card import AgainstCard
from gui.wizard.chosen_point import ChosenPoint
from gui.wizard.confusion import ConfusionMatrix
from gui.wizard.framed import Framed
from gui.wizard.left_out_card import LeftOutCard
from gui.wizard.result_cards import GroupsCard, MistakesCard, PointCard, ReportCard, RunsCard, ShiftsCard
from gui.wizard.result_head import ResultHead
from gui.wizard.result_plots import PrecisionPlot, ReliabilityPlot
from gui.wizard.result_tiles import Tiles
from gui.wizard.scrolled import ScrolledColumn

if TYPE_CHECKING:
    from gui.wizard.result_work import Curves, Judgement, Shown
    from training.judging.run_result import Mistake


class ResultColumn(ScrolledColumn):
    """It asks for nothing by itself: its cards tell what is wanted."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.head = ResultHead()
        self.tiles, self.point = Tiles(), PointCard()
        self.confusion, self.reliability, self.precision = ConfusionMatrix(), ReliabilityPlot(), PrecisionPlot()
        self.mistakes, self.groups, self.report = MistakesCard(), GroupsCard(), ReportCard()
        self.shifts, self.runs, self.against = ShiftsCard(), RunsCard(), AgainstCard()
        self.left_out = LeftOutCard()
        self.column.addWidget(self.head)
        self.column.addWidget(self.tiles)
        self.column.addLayout(self._plots())
        below = QGridLayout()
        below.setSpacing(12)
        below.addWidget(_framed("Precision and recall", self.precision), 0, 0)
        below.addWidget(self.mistakes, 0, 1)
        below.setRowMinimumHeight(0, 236)
        below.setColumnStretch(0, 1)
        below.setColumnStretch(1, 1)
        self.column.addLayout(below)
        for card in (self.against, self.runs, self.report, self.groups, self.shifts, self.left_out):
            self.column.addWidget(card)
        self.column.addStretch(1)

    def _plots(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(8)
        self._confusion_card = _framed("Confusion, opens films", self.confusion)
        for widget, stretch in (
            (self.point, 5),
            (self._confusion_card, 4),
            (_framed("Reliability", self.reliability), 4),
        ):
            widget.setMinimumHeight(312)
            row.addWidget(widget, stretch)
        return row

    def show_result(self, shown: Shown) -> None:
        """What is the same for all findings and parts; the films left out are for `show_left_out`."""
        self.head.show_result(shown)
        self.runs.show_runs(shown.rows, shown.trouble)
        self.against.show_against(shown.result.model, shown.result.against, is_kept_back=shown.is_kept_back)

    def show_left_out(self, shown: Shown | None, *, hide_names: bool) -> None:
        self.left_out.show_films(shown.left_out if shown is not None else (), hide_names=hide_names)

    def show_shifts(self, shown: Shown, finding: str) -> None:
        shifts = shown.shifts.get(finding, {})
        self.shifts.setVisible(bool(shifts))
        self.shifts.show_shifts(shifts, worst_counts=shown.worst_counts)

    def show_curves(self, curves: Curves, chosen: ChosenPoint) -> None:
        """What does not depend on the point."""
        self.point.plot.show_curves(curves, chosen.stops)
        self.precision.show_curves(curves)
        self.reliability.show_curves(curves)

    def show_point(self, judgement: Judgement, chosen: ChosenPoint, *, taken: bool) -> None:
        """What follows the point at once."""
        found, precision = judgement.measures["sensitivity"], judgement.measures["precision"]
        self.tiles.show_judgement(judgement)
        self.confusion.show_counts(judgement.counts)
        self._confusion_card.say("your point" if chosen.stop >= 0 else "")
        self.precision.show_point(found.value if found else None, precision.value if precision else None)
        self.point.show_judgement(judgement, chosen.stop, moves=bool(chosen.stops), taken=taken)

    def show_settled(self, judgement: Judgement, *, hide_names: bool) -> None:
        """What follows when the point rests."""
        self.show_mistakes(judgement.mistakes, hide_names=hide_names)
        self.groups.show_groups(judgement.groups)
        self.report.show_report(judgement.report)

    def show_mistakes(self, mistakes: Sequence[Mistake], *, hide_names: bool) -> None:
        self.mistakes.show_mistakes(mistakes, hide_names=hide_names)


def _framed(heading: str, content: QWidget) -> Framed:
    card = Framed(heading)
    card.column.addWidget(content, 1)
    return card
