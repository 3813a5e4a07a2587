"""The Result page: what the run's model is worth on films that it did not learn from, and where to put its point."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from gui.jobs import Jobs
from gui.panels.box import label, set_tone
from gui.scores import RECOMMENDED_SENSITIVITY
from gui.wizard import report_work, result_work
from gui.wizard.against_card import AgainstCard
from gui.wizard.confusion import ConfusionMatrix
from gui.wizard.framed import Framed
from gui.wizard.latest import Latest
from gui.wizard.left_out_card import LeftOutCard
from gui.wizard.result_cards import GroupsCard, MistakesCard, PointCard, ReportCard, RunsCard, ShiftsCard
from gui.wizard.result_head import ResultHead
from gui.wizard.result_plots import PrecisionPlot, ReliabilityPlot
from gui.wizard.result_tiles import Tiles
from gui.wizard.scrolled import ScrolledColumn
from imaging.errors import NegatoscopeError
from imaging.study import ImageRef

if TYPE_CHECKING:
    from gui.wizard.result_work import Curves, Judgement, Shown
    from training.run_result import JudgedFilm, JudgedPart, Mistake
    from training.subgroups import Group

SETTLE_MS = 250  # after the last move of the point, what takes long is counted
PRIORITY = 4


class ResultPage(QWidget):
    """One run's result at a time: one part, one finding, one point."""

    model_opened = Signal(str)  # where the bundle lies
    films_asked = Signal(object)  # list[ImageRef]
    point_chosen = Signal(object)  # {model and weights: sensitivity}, as the viewer keeps it

    def __init__(self, jobs: Jobs, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("surface", "background")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._latest = Latest(jobs, self._failed, PRIORITY)
        self.shown: Shown | None = None
        self.judgement: Judgement | None = None
        self._stop = -1  # the chosen stop of the finding; -1 is the recommended point
        self._taken: tuple[str, int] | None = None  # the finding and stop that the viewer was told
        self._hidden = False
        self._groups: tuple[Group, ...] = ()
        self._mistakes: tuple[Mistake, ...] = ()  # as they are listed: those of a dragged point follow when it rests
        self.message = label(tone="secondary", wrap=True)
        self.head = ResultHead()
        self.tiles, self.point = Tiles(), PointCard()
        self.confusion, self.reliability, self.precision = ConfusionMatrix(), ReliabilityPlot(), PrecisionPlot()
        self.mistakes, self.groups, self.report = MistakesCard(), GroupsCard(), ReportCard()
        self.shifts, self.runs, self.against = ShiftsCard(), RunsCard(), AgainstCard()
        self.left_out = LeftOutCard()
        self._settled = QTimer(self, singleShot=True, interval=SETTLE_MS)
        self._lay_out()
        self._connect()
        self._say("No result is shown.")

    def _lay_out(self) -> None:
        scrolled = ScrolledColumn()
        column = scrolled.column
        column.addWidget(self.head)
        column.addWidget(self.tiles)
        column.addLayout(self._plots())
        below = QGridLayout()
        below.setSpacing(12)
        below.addWidget(_framed("Precision and recall", self.precision), 0, 0)
        below.addWidget(self.mistakes, 0, 1)
        below.setRowMinimumHeight(0, 236)
        below.setColumnStretch(0, 1)
        below.setColumnStretch(1, 1)
        column.addLayout(below)
        for card in (self.against, self.runs, self.report, self.groups, self.shifts, self.left_out):
            column.addWidget(card)
        column.addStretch(1)
        self.message.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.pages = QStackedWidget()
        self.pages.setStyleSheet("QStackedWidget { background: transparent; }")
        self.pages.addWidget(self.message)
        self.pages.addWidget(scrolled)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(self.pages)

    def _plots(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(8)
        self.confusion_card = _framed("Confusion, opens films", self.confusion)
        for widget, stretch in (
            (self.point, 5),
            (self.confusion_card, 4),
            (_framed("Reliability", self.reliability), 4),
        ):
            widget.setMinimumHeight(312)
            row.addWidget(widget, stretch)
        return row

    def _connect(self) -> None:
        self.head.part_chosen.connect(self._show_part)
        self.head.finding_chosen.connect(self._show_finding)
        self.head.open_asked.connect(self._open_model)
        self.head.report_asked.connect(self.save_report)
        self.left_out.films_asked.connect(self.films_asked)
        self.point.plot.stop_moved.connect(self._move_to)
        self.point.recommended_asked.connect(lambda: self._move_to(-1))
        self.point.point_taken.connect(self._take_point)
        self.confusion.cell_opened.connect(self._open_cell)
        self.tiles.missed_opened.connect(lambda: self._open_cell(True, False))
        self.mistakes.film_opened.connect(self._open_mistake)
        self.runs.baseline_picked.connect(lambda _: self._compare())
        self._settled.timeout.connect(self._judge)

    # What is shown

    def show_result(self, path: Path) -> None:
        """Read the result of a run's folder and show it."""
        self._rest()
        self.shown, self.judgement, self._stop, self._taken = None, None, -1, None
        self._say("Reading the result…")
        self._latest.submit("read", lambda token, progress: result_work.read_shown(path, token), self._read)

    @property
    def path(self) -> Path | None:
        """The run whose result is shown, once it is read."""
        return self.shown.path if self.shown is not None else None

    def hide_names(self, *, hidden: bool) -> None:
        """Whether file names, which may be patients', are kept off the page."""
        self._hidden = hidden
        self.mistakes.show_mistakes(self._mistakes, hide_names=hidden)
        self.left_out.show_films(self.shown.left_out if self.shown is not None else (), hide_names=hidden)

    def _say(self, sentence: str, tone: str = "secondary") -> None:
        self.message.setText(escape(sentence))
        set_tone(self.message, tone)
        self.pages.setCurrentIndex(0)

    def _rest(self) -> None:
        self._settled.stop()
        self._latest.drop()

    def _failed(self, error: NegatoscopeError) -> None:
        self._say(error.message, "red")

    def _read(self, shown: Shown) -> None:
        self.shown = shown
        self.head.show_result(shown)
        self.runs.show_runs(shown.rows, shown.trouble)
        self.against.show_against(shown.result.model, shown.result.against, is_kept_back=shown.is_kept_back)
        self.left_out.show_films(shown.left_out, hide_names=self._hidden)
        self.pages.setCurrentIndex(1)
        self._compare()
        self._show_finding()

    @property
    def part(self) -> JudgedPart | None:
        """The part of the films that is shown."""
        return self.shown.result.parts.get(self.head.part) if self.shown is not None else None

    @property
    def finding(self) -> str:
        return self.head.finding

    @property
    def stop(self) -> int:
        """The chosen stop of the slider, -1 for the recommended point."""
        return self._stop

    def _threshold(self) -> float:
        """The chosen point: it is one for all parts, and chosen on the validation part."""
        assert self.shown is not None
        stops = self.shown.stops[self.finding]
        recommended = self.shown.result.parts["validation"].points[self.finding]
        return stops[self._stop].threshold if 0 <= self._stop < len(stops) else recommended

    def _show_finding(self) -> None:
        self._stop = -1
        if self.shown is not None:
            self.shifts.setVisible(bool(self.shown.shifts.get(self.finding)))
            shifts = self.shown.shifts.get(self.finding, {})
            self.shifts.show_shifts(shifts, worst_counts=self.shown.worst_counts)
        self._show_part()

    def _show_part(self) -> None:
        shown, part, finding = self.shown, self.part, self.finding
        if shown is None or part is None:
            return
        self.head.show_part(shown.title, part)
        self.judgement, self._groups = None, ()
        self._show_point(result_work.judged_quickly(part, finding, self._threshold()))  # the rest follows
        self._latest.submit("curves", lambda token, progress: result_work.curves(part, finding), self._show_curves)
        self._judge()

    @property
    def _moves(self) -> bool:
        """Whether the point may be chosen on the films that are shown: never on the test part."""
        part = self.part
        return part is not None and part.name == "validation" and bool(self.shown and self.shown.stops[self.finding])

    def _show_curves(self, curves: Curves) -> None:
        assert self.shown is not None
        self.point.plot.show_curves(curves, self.shown.stops[self.finding] if self._moves else ())
        self.precision.show_curves(curves)
        self.reliability.show_curves(curves)
        if self.judgement is not None:
            self._show_point(self.judgement)

    def _judge(self) -> None:
        part, finding = self.part, self.finding
        if part is None:
            return
        point, known = self._threshold(), self._groups
        self._latest.submit(
            "judge",
            lambda token, progress: result_work.judged(part, finding, point, token, known),
            self._show_judgement,
        )

    def _show_judgement(self, judgement: Judgement) -> None:
        if judgement.point != self._threshold():
            return  # the point was moved on meanwhile
        self.judgement = judgement
        self._groups = judgement.groups
        self._show_point(judgement)
        self._mistakes = judgement.mistakes
        self.mistakes.show_mistakes(judgement.mistakes, hide_names=self._hidden)
        self.groups.show_groups(judgement.groups)
        self.report.show_report(judgement.report)

    def _show_point(self, judgement: Judgement) -> None:
        found, precision = judgement.measures["sensitivity"], judgement.measures["precision"]
        self.tiles.show_judgement(judgement)
        self.confusion.show_counts(judgement.counts)
        self.confusion_card.say("your point" if self._stop >= 0 else "")
        self.precision.show_point(found.value if found else None, precision.value if precision else None)
        taken = self._taken == (self.finding, self._stop)
        self.point.show_judgement(judgement, self._stop, moves=self._moves, taken=taken)

    def _compare(self) -> None:
        shown, baseline = self.shown, max(0, self.runs.baseline.currentIndex())
        if shown is None:
            return
        rows = shown.rows
        self.runs.show_finding(rows, self.finding, {})
        if len(rows) > 1:
            self._latest.submit(
                "compare",
                lambda token, progress: result_work.compared(rows, baseline),
                lambda found: self.runs.show_finding(rows, self.finding, found),
            )

    # What is done

    def _move_to(self, stop: int) -> None:
        """The point follows the hand at once; what takes long is counted when it rests."""
        part = self.part
        if not self._moves or part is None:
            return
        self._stop = stop
        self.judgement = result_work.judged_quickly(part, self.finding, self._threshold())
        self._show_point(self.judgement)
        self._settled.start()

    def _take_point(self) -> None:
        """Tell the viewer what share of ill films the point finds by the model's table: its slider holds that."""
        shown = self.shown
        if shown is None or self.judgement is None:
            return
        sensitivity = RECOMMENDED_SENSITIVITY
        if self._stop >= 0:
            sensitivity = shown.slider[self.finding][self._stop]
        self._taken = (self.finding, self._stop)
        self._show_point(self.judgement)
        self.point_chosen.emit({shown.identity: sensitivity})

    def save_report(self, place: Path, with_films: bool) -> None:
        """Write everything of this page to a file, with the finding on the page at its chosen point."""
        shown = self.shown
        if shown is None:
            return
        points = shown.result.parts["validation"].points | {self.finding: self._threshold()}
        self.head.tell("The report is being written…")
        self._latest.submit(
            "report",
            lambda token, progress: report_work.saved_report(shown, points, place, token, with_films=with_films),
            lambda saved: self.head.tell(f"The report was saved as {saved.name}."),
            lambda error: self.head.tell(error.message, "red"),
        )

    def _open_model(self) -> None:
        if self.shown is not None and self.shown.bundle:
            self.model_opened.emit(self.shown.bundle)

    def _open_cell(self, ill: bool, called: bool) -> None:
        from training.run_result import cell

        part = self.part
        if part is not None:
            films = cell(part, self.finding, self._threshold(), ill=ill, called=called)
            self._ask_for(films)

    def _open_mistake(self, place: int) -> None:
        if place < len(self._mistakes):
            self._ask_for([self._mistakes[place].film])

    def _ask_for(self, films: Sequence[JudgedFilm]) -> None:
        if films:
            self.films_asked.emit([ImageRef(film.path, film.frame) for film in films])


def _framed(heading: str, content: QWidget) -> Framed:
    card = Framed(heading)
    card.column.addWidget(content, 1)
    return card
