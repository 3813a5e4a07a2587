"""The Result page: what the run's model is worth on films that it did not learn from, and where to put its point."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QStackedWidget, QVBoxLayout, QWidget

from gui.jobs import Jobs
from gui.panels.box import label, set_tone
from gui.wizard import report_work, result_work
from gui.wizard.chosen_point import RECOMMENDED, ChosenPoint
from gui.wizard.latest import Latest
from gui.wizard.result_column import ResultColumn
from imaging.errors import NegatoscopeError
from imaging.study import ImageRef

if TYPE_CHECKING:
    from gui.wizard.result_work import Curves, Judgement, Shown
    from training.judging.run_result import JudgedFilm, Mistake
    from training.judging.subgroups import Group

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
        self.chosen: ChosenPoint | None = None
        self._taken: ChosenPoint | None = None  # what the viewer was told
        self._hidden = False
        self._groups: tuple[Group, ...] = ()
        self._mistakes: tuple[Mistake, ...] = ()  # as they are listed: those of a dragged point follow when it rests
        self.message = label(tone="secondary", wrap=True)
        self.cards = ResultColumn()
        self._settled = QTimer(self, singleShot=True, interval=SETTLE_MS)
        self._lay_out()
        self._connect()
        self._say("No result is shown.")

    def _lay_out(self) -> None:
        self.message.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.pages = QStackedWidget()
        self.pages.setStyleSheet("QStackedWidget { background: transparent; }")
        self.pages.addWidget(self.message)
        self.pages.addWidget(self.cards)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(self.pages)

    def _connect(self) -> None:
        cards = self.cards
        cards.head.part_chosen.connect(self._show_part)
        cards.head.finding_chosen.connect(self._show_finding)
        cards.head.open_asked.connect(self._open_model)
        cards.head.report_asked.connect(self.save_report)
        cards.left_out.films_asked.connect(self.films_asked)
        cards.point.plot.stop_moved.connect(self._move_to)
        cards.point.recommended_asked.connect(lambda: self._move_to(RECOMMENDED))
        cards.point.point_taken.connect(self._take_point)
        cards.confusion.cell_opened.connect(self._open_cell)
        cards.tiles.missed_opened.connect(lambda: self._open_cell(True, False))
        cards.mistakes.film_opened.connect(self._open_mistake)
        cards.runs.baseline_picked.connect(lambda _: self._compare())
        self._settled.timeout.connect(self._judge)

    # What is shown

    def show_result(self, path: Path) -> None:
        """Read the result of a run's folder and show it."""
        self._rest()
        self.shown, self.judgement, self.chosen, self._taken = None, None, None, None
        self._say("Reading the result…")
        self._latest.submit("read", lambda token, progress: result_work.read_shown(path, token), self._read)

    @property
    def path(self) -> Path | None:
        """The run whose result is shown, once it is read."""
        return self.shown.path if self.shown is not None else None

    def hide_names(self, *, hidden: bool) -> None:
        """Whether file names, which may be patients', are kept off the page."""
        self._hidden = hidden
        self.cards.show_mistakes(self._mistakes, hide_names=hidden)
        self.cards.show_left_out(self.shown, hide_names=hidden)

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
        self.cards.show_result(shown)
        self.cards.show_left_out(shown, hide_names=self._hidden)
        self.pages.setCurrentIndex(1)
        self._compare()
        self._show_finding()

    def _show_finding(self) -> None:
        """At its recommended point."""
        self.chosen = None
        if self.shown is not None:
            self.cards.show_shifts(self.shown, self.cards.head.finding)
        self._show_part()

    def _show_part(self) -> None:
        shown, head = self.shown, self.cards.head
        part = shown.result.parts.get(head.part) if shown is not None else None
        if shown is None or part is None:
            return
        stop = self.chosen.stop if self.chosen is not None else RECOMMENDED
        chosen = self.chosen = ChosenPoint(shown, part, head.finding, stop)
        head.show_part(shown.title, part)
        self.judgement, self._groups = None, ()
        self._show_point(result_work.judged_quickly(part, chosen.finding, chosen.threshold))  # the rest follows
        self._latest.submit(
            "curves", lambda token, progress: result_work.curves(part, chosen.finding), self._show_curves
        )
        self._judge()

    def _show_curves(self, curves: Curves) -> None:
        if self.chosen is not None:
            self.cards.show_curves(curves, self.chosen)
        if self.judgement is not None:
            self._show_point(self.judgement)

    def _judge(self) -> None:
        chosen, known = self.chosen, self._groups
        if chosen is None:
            return
        self._latest.submit(
            "judge",
            lambda token, progress: result_work.judged(chosen.part, chosen.finding, chosen.threshold, token, known),
            self._show_judgement,
        )

    def _show_judgement(self, judgement: Judgement) -> None:
        if self.chosen is None or judgement.point != self.chosen.threshold:
            return  # the point was moved on meanwhile
        self.judgement, self._groups, self._mistakes = judgement, judgement.groups, judgement.mistakes
        self._show_point(judgement)
        self.cards.show_settled(judgement, hide_names=self._hidden)

    def _show_point(self, judgement: Judgement) -> None:
        chosen, taken = self.chosen, self._taken
        if chosen is not None:
            is_taken = taken is not None and (taken.finding, taken.stop) == (chosen.finding, chosen.stop)
            self.cards.show_point(judgement, chosen, taken=is_taken)

    def _compare(self) -> None:
        shown, runs = self.shown, self.cards.runs
        baseline, finding = max(0, runs.baseline.currentIndex()), self.cards.head.finding
        if shown is None:
            return
        runs.show_finding(shown.rows, finding, {})
        if len(shown.rows) > 1:
            self._latest.submit(
                "compare",
                lambda token, progress: result_work.compared(shown.rows, baseline),
                lambda found: runs.show_finding(shown.rows, self.cards.head.finding, found),
            )

    # What is done

    def _move_to(self, stop: int) -> None:
        """The point follows the hand at once; what takes long is counted when it rests."""
        if self.chosen is None or not self.chosen.stops:
            return
        chosen = self.chosen = replace(self.chosen, stop=stop)
        self.judgement = result_work.judged_quickly(chosen.part, chosen.finding, chosen.threshold)
        self._show_point(self.judgement)
        self._settled.start()

    def _take_point(self) -> None:
        """Tell the viewer, whose slider holds the point."""
        if self.chosen is None or self.judgement is None:
            return
        self._taken = self.chosen
        self._show_point(self.judgement)
        self.point_chosen.emit({self.chosen.shown.identity: self.chosen.sensitivity})

    def save_report(self, place: Path, with_films: bool) -> None:
        """Write everything of this page to a file, with the finding on the page at its chosen point."""
        chosen = self.chosen
        if chosen is None:
            return
        shown, points, head = chosen.shown, chosen.thresholds, self.cards.head
        head.tell("The report is being written…")
        self._latest.submit(
            "report",
            lambda token, progress: report_work.saved_report(shown, points, place, token, with_films=with_films),
            lambda saved: head.tell(f"The report was saved as {saved.name}."),
            lambda error: head.tell(error.message, "red"),
        )

    def _open_model(self) -> None:
        if self.shown is not None and self.shown.bundle:
            self.model_opened.emit(self.shown.bundle)

    def _open_cell(self, ill: bool, called: bool) -> None:
        from training.judging.run_result import cell

        chosen = self.chosen
        if chosen is not None:
            self._ask_for(cell(chosen.part, chosen.finding, chosen.threshold, ill=ill, called=called))

    def _open_mistake(self, place: int) -> None:
        if place < len(self._mistakes):
            self._ask_for([self._mistakes[place].film])

    def _ask_for(self, films: Sequence[JudgedFilm]) -> None:
        if films:
            self.films_asked.emit([ImageRef(film.path, film.frame) for film in films])
