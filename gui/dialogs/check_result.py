"""What a check has shown: the reader's films beside the card's promise, what went wrong, and the choice of a point."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import (
    QButtonGroup,
    QComboBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QRadioButton,
    QVBoxLayout,
    QWidget,
)

from gui.dialogs import check_words
from gui.dialogs.plots import IntervalBar, ReliabilityPlot
from gui.films.entries import label_name, point_figure
from gui.panels.box import label, set_tone
from gui.second_reader.chosen_model import ChosenModel
from gui.theme import font

if TYPE_CHECKING:
    from gui.second_reader.check_work import Outcome, WrongFilm
    from inference.bundles.card import Measure
    from inference.scoring.local_table import LocalFinding, LocalTable

ROW_PX = 28
TONES = {"worse": "amber", "too large": "amber", "better": "green"}
THREE_DIGITS = ("auc", "calibration_error")  # with two, a good AUC reads 1.00
CAUTION = "A point chosen on these films looks a little better on them than it will on the next ones."
PLOTTED = (
    "On the dashed line a score of 0.7 means that 7 of 10 such films are ill. Each dot stands for about a dozen films, "
    "with its 95 % interval."
)
NOT_LISTED = "Which films went wrong is not kept. Check again to see them."


class ResultPage(QWidget):
    """One finding at a time."""

    film_asked = Signal(object, object)  # tuple[ImageRef, ...] of all wrong films, and the one to show
    own_points_asked = Signal(bool)
    keep_asked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model: ChosenModel | None = None
        self._table: LocalTable | None = None
        self._outcome: Outcome | None = None
        self._hidden = False
        self._is_kept = True
        self._trouble = ""
        self._wrong: list[WrongFilm] = []
        self.films = label(tone="secondary", wrap=True)
        self.warnings = label(tone="amber", wrap=True)
        self.findings = QComboBox()
        self.findings.setAccessibleName("Finding")
        self.measures = MeasureTable()
        self.plot = ReliabilityPlot()
        self.card_point, self.own_point = QRadioButton(), QRadioButton()
        self.card_words, self.own_words = label(tone="secondary", wrap=True), label(tone="secondary", wrap=True)
        self.caution = label(CAUTION, tone="secondary", wrap=True)
        self.keep_words = label(tone="amber", wrap=True)
        self.keep = QPushButton("Keep this check instead")
        self.wrong = QListWidget()
        self.wrong.setAccessibleName("Films that went wrong")
        self.wrong.setMinimumHeight(120)
        self.wrong_head = _heading("")
        self.wrong_words = label(tone="secondary", wrap=True)
        self._lay_out()
        group = QButtonGroup(self)
        for button in (self.card_point, self.own_point):
            group.addButton(button)
        self.own_point.clicked.connect(lambda: self.own_points_asked.emit(True))
        self.card_point.clicked.connect(lambda: self.own_points_asked.emit(False))
        self.keep.clicked.connect(self.keep_asked)
        self.findings.activated.connect(lambda _: self._show())
        self.wrong.itemClicked.connect(self._open)
        self.wrong.itemActivated.connect(self._open)  # by Enter

    def _lay_out(self) -> None:
        left, right = QVBoxLayout(), QVBoxLayout()
        for column in (left, right):
            column.setSpacing(8)
        left.addWidget(_heading("Measured at the card’s point"))
        left.addWidget(self.measures)
        left.addSpacing(12)
        left.addWidget(_heading("Operating point"))
        for button, words in ((self.card_point, self.card_words), (self.own_point, self.own_words)):
            left.addWidget(button)
            left.addLayout(_indented(words))
        left.addWidget(self.caution)
        left.addWidget(self.keep_words)
        left.addWidget(self.keep, 0, Qt.AlignmentFlag.AlignLeft)
        left.addStretch(1)
        right.addWidget(_heading("Do scores mean what they say?"))
        plotted = QHBoxLayout()
        plotted.setSpacing(16)
        plotted.addWidget(self.plot)
        plotted.addWidget(label(PLOTTED, tone="secondary", wrap=True), 1, Qt.AlignmentFlag.AlignTop)
        right.addLayout(plotted)
        right.addWidget(self.wrong_head)
        right.addWidget(self.wrong_words)
        right.addWidget(self.wrong, 1)
        columns = QHBoxLayout()
        columns.setSpacing(32)
        columns.addLayout(left, 6)
        columns.addLayout(right, 5)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 16, 0)  # the scroll bar comes and goes over the margin
        whole.setSpacing(8)
        for widget in (self.films, self.warnings, self.findings):
            whole.addWidget(widget)
        whole.addSpacing(4)
        whole.addLayout(columns, 1)

    def show_check(
        self,
        model: ChosenModel,
        table: LocalTable,
        outcome: Outcome | None,
        *,
        is_kept: bool,
        trouble: str,
        hide_names: bool,
    ) -> None:
        """`outcome` is None for a check of an earlier session; `trouble` says why this one could not be kept."""
        self._model, self._table, self._outcome = model, table, outcome
        self._is_kept, self._trouble, self._hidden = is_kept, trouble, hide_names
        chosen = self.findings.currentData()
        self.findings.clear()
        for name in table.findings:
            self.findings.addItem(label_name(name), name)
        self.findings.setCurrentIndex(max(0, self.findings.findData(chosen)))
        self.findings.setVisible(len(table.findings) > 1)
        self._show()

    def _show(self) -> None:
        model, table, name = self._model, self._table, self.findings.currentData()
        if model is None or table is None or name not in table.findings:
            return
        found = table.findings[name]
        self.films.setText(escape(check_words.films_words(table)))
        said = ([self._trouble] if self._trouble else []) + check_words.warnings(table, self._outcome, name)
        self.warnings.setText("<br>".join(escape(text) for text in said))
        self.warnings.setVisible(bool(said))
        self.measures.show_measures(found, check_words.promised(model, name))
        self.plot.show_bins(found.reliability)
        self._show_points(model, table, name)
        self._show_wrong(name)

    def _show_points(self, model: ChosenModel, table: LocalTable, name: str) -> None:
        found, card = table.findings[name], model.card.operating[name].recommended
        own = found.operating
        chosen = model.check is not None and model.check.in_use
        self.card_point.setText(f"The card’s point, {point_figure(card)}")
        self.card_words.setText(check_words.point_words(found, card))
        self.own_point.setText(check_words.own_point(own) if own is not None else "No point of your films")
        self.own_words.setText(check_words.point_words(found, own.recommended) if own is not None else "")
        for button in (self.card_point, self.own_point):
            button.setEnabled(self._is_kept and own is not None)
        (self.own_point if chosen and self._is_kept else self.card_point).setChecked(True)
        for words in (self.card_words, self.own_words, self.caution):
            words.setVisible(own is not None)
        waits = not self._is_kept and own is not None
        self.keep.setVisible(waits)
        self.keep_words.setVisible(waits and model.check is not None)
        if waits and model.check is not None:
            force = "Its point is in force. " if chosen else ""
            self.keep_words.setText(f"An earlier check on {model.check.films:,} films is kept. {force}This one is not.")
        self.keep.setText("Keep this check instead" if model.check is not None else "Keep this check")

    def _show_wrong(self, name: str) -> None:
        outcome = self._outcome
        self._wrong = [film for film in outcome.wrong if film.label == name] if outcome is not None else []
        self.wrong_head.setText("WENT WRONG" + (f"  {len(self._wrong)}" if self._wrong else ""))
        self.wrong.clear()
        for row, film in enumerate(self._wrong):
            shown = f"Film {row + 1}" if self._hidden else film.ref.path.name
            item = QListWidgetItem(check_words.wrong_words(film, shown))
            item.setSizeHint(QSize(0, ROW_PX))
            item.setToolTip("Opens the film, and lists the others that went wrong")
            self.wrong.addItem(item)
        self.wrong.setVisible(bool(self._wrong))
        self.wrong_words.setText(NOT_LISTED if outcome is None else "No film went wrong." if not self._wrong else "")
        self.wrong_words.setVisible(not self._wrong)

    def _open(self, item: QListWidgetItem) -> None:
        films: Sequence[WrongFilm] = self._wrong
        self.film_asked.emit(tuple(film.ref for film in films), films[self.wrong.row(item)].ref)


class MeasureTable(QWidget):
    """Rows of measures: the reader's films, the card's promise, both painted, and the difference in a word."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(14)
        grid.setVerticalSpacing(4)
        for column, text in enumerate(("", "Your films", "Card", "", "")):
            grid.addWidget(label(text, tone="secondary"), 0, column)
        self.rows = {}
        for row, (name, title) in enumerate(check_words.MEASURES, start=1):
            own, card, bar, word = label(tone="strong"), label(tone="secondary"), IntervalBar(), label()
            for column, widget in enumerate((label(title), own, card, bar, word)):
                grid.addWidget(widget, row, column)
            self.rows[name] = (own, card, bar, word)
        grid.setColumnStretch(3, 1)

    def show_measures(self, found: LocalFinding, promised: dict[str, Measure | None]) -> None:
        for name, (own_text, card_text, bar, word) in self.rows.items():
            own: Measure | None = getattr(found, name)
            digits = 3 if name in THREE_DIGITS else 2
            own_text.setText(check_words.measure_words(own, digits))
            card_text.setText(check_words.measure_words(promised[name], digits, nothing="not said"))
            bar.show_measures(own, promised[name])
            said = check_words.verdict_words(name, found, promised[name])
            word.setText(said)
            set_tone(word, TONES.get(said, "secondary"))


def _heading(text: str) -> QLabel:
    made = label(text.upper(), tone="secondary")
    made.setFont(font("heading"))
    return made


def _indented(widget: QWidget) -> QHBoxLayout:
    row = QHBoxLayout()
    row.setContentsMargins(26, 0, 0, 0)
    row.addWidget(widget)
    return row
