"""The operating point of the chosen model, and in words what it has meant on known films."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QColor, QFont, QPainter
from PySide6.QtWidgets import QHBoxLayout, QWidget

from gui.films.entries import label_name
from gui.panels.beside import BesideBox
from gui.panels.box import PanelBox, label
from gui.panels.predictive import PredictiveRow
from gui.panels.share_box import ShareBox
from gui.panels.track import Track
from gui.panels.wording import LINKS, MANY, many_points_words, own_films_words
from gui.review import Review
from gui.second_reader.changing import Changing
from gui.second_reader.prevalence import Prevalences
from gui.second_reader.scores import RECOMMENDED_SENSITIVITY
from gui.theme import PALETTE, font

if TYPE_CHECKING:
    from inference.scoring.operating import OperatingTable

LOW, HIGH, MIDDLE = 500, 1000, round(1000 * RECOMMENDED_SENSITIVITY)  # sensitivity in thousandths
MIDDLE_SHARE = 0.72  # where the recommended point lies: the range above it is the one in which every step counts
STEP = 5
MARK_PX = 22
MARK_WORD = "Recommended"


class SensitivityTrack(Track):
    """More specific to the left, more sensitive to the right, 'Recommended' marked in green above the track."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(LOW, HIGH, MIDDLE, parent)
        self.setSingleStep(STEP)
        self.setPageStep(4 * STEP)
        self.setAccessibleName("Sensitivity")
        self.setAccessibleDescription("The share of ill films that are flagged; double click: recommended")
        self.setFixedHeight(self.sizeHint().height() + MARK_PX)

    def share_of(self, value: int) -> float:
        if value <= MIDDLE:
            return MIDDLE_SHARE * (value - LOW) / (MIDDLE - LOW)
        return MIDDLE_SHARE + (1 - MIDDLE_SHARE) * (value - MIDDLE) / (HIGH - MIDDLE)

    def value_at(self, share: float) -> int:
        if share <= MIDDLE_SHARE:
            value = LOW + share / MIDDLE_SHARE * (MIDDLE - LOW)
        else:
            value = MIDDLE + (share - MIDDLE_SHARE) / (1 - MIDDLE_SHARE) * (HIGH - MIDDLE)
        return round(value / STEP) * STEP

    def groove_px(self) -> QRectF:
        return super().groove_px().translated(0, MARK_PX / 2)

    def paint_marks(self, painter: QPainter) -> None:
        x_px = self.x_of(self.usual)
        groove = self.groove_px()
        painter.setBrush(QColor(PALETTE.green))
        painter.drawRoundedRect(QRectF(x_px - 1, MARK_PX - 4, 2, groove.bottom() - MARK_PX + 12), 1, 1)
        face = QFont(self.font())
        face.setPixelSize(12)
        painter.setFont(face)
        painter.setPen(QColor(PALETTE.green))
        width = painter.fontMetrics().horizontalAdvance(MARK_WORD)
        left = min(self.width() - width, max(0.0, x_px - width / 2))
        painter.drawText(QRectF(left, 0, width + 2, 16), Qt.AlignmentFlag.AlignCenter, MARK_WORD)
        painter.setPen(Qt.PenStyle.NoPen)


class SensitivityPanel(PanelBox):
    """Moves the operating point; every stored score is read again at once, none is computed."""

    own_points_asked = Signal(bool)  # take the points of the reader's own films, or go back to the card's
    check_asked = Signal()

    def __init__(
        self,
        review: Review,
        prevalences: Prevalences | None = None,
        changing: Changing | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__("Sensitivity", parent)
        self._review = review
        self.word.setFont(font("strong"))
        self.track = SensitivityTrack()
        self.specificity = ShareBox("Specificity")
        self.specificity.setSuffix(" %")
        self.specificity.setToolTip(
            "Type a wanted specificity: the point moves to the most sensitive one that keeps it"
        )
        self._sentence = label(tone="secondary", wrap=True)
        self._intervals = label(tone="secondary", wrap=True)
        self._intervals.setFont(font("small"))
        self._intervals.setToolTip("Wilson's intervals: how far chance alone moves the numbers on so many films")
        self._own = label(tone="secondary", wrap=True)
        self._own.setTextInteractionFlags(LINKS)
        self.beside = BesideBox(review, changing) if changing is not None else None
        self.predictive = PredictiveRow(review, prevalences) if prevalences is not None else None
        self._lay_out()
        self.track.value_moved.connect(lambda value: review.set_sensitivity(value / 1000))
        self.specificity.share_typed.connect(self._specificity_typed)
        self._own.linkActivated.connect(self._link_followed)
        review.model_changed.connect(self._show)
        review.operating_point_moved.connect(self._show)
        self._show()

    def _lay_out(self) -> None:
        ends = QHBoxLayout()
        ends.addWidget(label("More specific", tone="secondary"))
        ends.addStretch(1)
        ends.addWidget(label("More sensitive", tone="secondary"))
        wanted = QHBoxLayout()
        wanted.addWidget(label("Specificity", tone="secondary"))
        wanted.addWidget(self.specificity)
        wanted.addStretch(1)
        if self.predictive is not None:
            wanted.addWidget(label("Ill of 100", tone="secondary"))
            wanted.addWidget(self.predictive.box)
        self.column.setSpacing(4)
        if self.beside is not None:
            self.column.addWidget(self.beside)
        self.column.addWidget(self.track)
        self.column.addLayout(ends)
        self.column.addSpacing(4)
        for text in (self._sentence, self._intervals, self._own):
            self.column.addWidget(text)
        self.column.addSpacing(4)
        self.column.addLayout(wanted)
        if self.predictive is not None:
            self.column.addWidget(self.predictive)

    def _show(self) -> None:
        model = self._review.model
        for widget in (self.track, self.specificity):
            widget.setEnabled(model is not None)
        self.specificity.setSpecialValueText("–" if model is None else "")
        if model is None:
            self.word.setText("")
            self._sentence.setText("Without a model there is no operating point.")
            for text in (self._intervals, self._own):
                text.setVisible(False)
            self.specificity.show_share(0.0)
            return
        sensitivity = self._review.sensitivity
        self.track.setValue(round(1000 * sensitivity))
        self.word.setText(f"{100 * sensitivity:.3g} %")
        tables = self._tables()
        points = {name: self._review.threshold(name) for name in tables}
        sentence = many_points_words(tables, points) if len(tables) > MANY else ""
        intervals = (
            "" if sentence else _lines({name: table.intervals_at(points[name]) for name, table in tables.items()})
        )
        self._sentence.setText(
            sentence or _lines({name: table.sentence_at(points[name]) for name, table in tables.items()})
        )
        self._intervals.setText(intervals)
        self._intervals.setVisible(bool(intervals))
        self._own.setText(own_films_words(model.check, points))
        self._own.setVisible(bool(self._own.text()))
        # Of several findings the least specific one: none does worse than what is said here.
        self.specificity.show_share(min(table.specificity(points[name]).value for name, table in tables.items()))

    def _tables(self) -> dict[str, OperatingTable]:
        from inference.scoring.operating import OperatingTable

        model = self._review.model
        if model is None:
            return {}
        return {name: OperatingTable(points, own=name in model.own_points) for name, points in model.tables.items()}

    def _specificity_typed(self, specificity: float) -> None:
        """Every finding is to be that specific at least."""
        if tables := self._tables():
            self._review.set_sensitivity(min(table.sensitivity_for(specificity) for table in tables.values()))
            self._show()

    def _link_followed(self, link: str) -> None:
        if link == "check":
            self.check_asked.emit()
        else:
            self.own_points_asked.emit(link == "own")


def _lines(texts: dict[str, str]) -> str:
    """One line a finding, named where there are several. Rich text; the words of the card stay words."""
    if len(texts) == 1:
        return escape(next(iter(texts.values())))
    return "<br>".join(escape(f"{label_name(name)}: {text}") for name, text in texts.items() if text)
