"""The findings of the selected film: score against operating point, what that has meant, and the reader's verdict."""

from __future__ import annotations

from html import escape

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from gui.films.entries import Stage
from gui.panels.box import PanelBox, label
from gui.panels.finding_card import FindingCard
from gui.panels.gate_notice import GateNotice
from gui.panels.remarks import RemarkLines
from gui.panels.wording import MANY
from gui.review import Review
from gui.second_reader.deciding import Deciding
from gui.second_reader.prevalence import Prevalences
from gui.second_reader.similar import Similar
from gui.theme import font

CARDS_GAP_PX = 10  # on top of the column's own spacing


class FindingsPanel(PanelBox):
    """Reads the review and the decisions; says what is the case in every state."""

    check_asked = Signal()  # the way to checking the model on the reader's own films

    def __init__(
        self,
        review: Review,
        deciding: Deciding,
        prevalences: Prevalences | None = None,
        similar: Similar | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__("Findings", parent)
        self._review = review
        self._prevalences = prevalences
        self._deciding = deciding
        self.cards: dict[str, FindingCard] = {}
        self.headline = label()
        self.headline.setFont(font("strong"))
        self.detail = label(tone="secondary", wrap=True)
        self.column.addWidget(self.headline)
        self.gate = GateNotice(review)
        self.column.addWidget(self.detail)
        self.column.addWidget(self.gate)
        self.remarks = RemarkLines(review, similar)
        self.column.addWidget(self.remarks)
        self.column.setSpacing(6)
        for changed in (review.model_changed, review.operating_point_moved, review.stages_changed):
            changed.connect(self.refresh)
        if prevalences is not None:
            prevalences.changed.connect(self.refresh)
        review.film_selected.connect(self.refresh)
        review.visibility.ai_toggled.connect(self.refresh)
        review.film_changed.connect(self._row_changed)
        deciding.decision_changed.connect(self._decision_changed)
        self.refresh()

    def _row_changed(self, row: int) -> None:
        if row == self._review.selected:
            self.refresh()

    def _decision_changed(self, key: str, _label: str) -> None:
        entry = self._review.selected_entry
        if entry is not None and entry.key == key:
            self.refresh()

    def refresh(self) -> None:
        """Show what is known now. Cheap: it runs while the slider is dragged."""
        entry = self._review.selected_film
        shown = self._review.visibility.ai_visible
        findings = self._review.findings(entry.key) if entry is not None and shown else ()
        self.word.setText("AI shown" if shown else "AI hidden")
        self._fit_cards(tuple(item.label for item in findings))
        headline, detail = self._words() if not findings else ("", "")
        self.headline.setText(headline)
        self.headline.setVisible(bool(headline))
        self.detail.setText(escape(detail).replace("\n", "<br>"))  # it may quote a path or a card
        self.detail.setVisible(bool(detail))
        self.gate.refresh()
        self.remarks.refresh()
        model = self._review.model
        for item in findings:
            card = self.cards[item.label]
            card.show_film(entry.key if entry is not None else "")
            prevalence = self._prevalences.of(item.label) if self._prevalences is not None else None
            card.show_finding(item, model.evidence(item.label) if model is not None else None, model, prevalence)
            decision = self._deciding.decision(entry.key, item.label) if entry is not None else None
            card.show_decision(decision)
            card.fold(many=len(findings) > MANY, quiet=not item.flagged and decision is None)

    def _fit_cards(self, labels: tuple[str, ...]) -> None:
        if tuple(self.cards) == labels:
            return
        for card in self.cards.values():
            card.show_film("")
            self.column.removeWidget(card)
            card.hide()  # until it is deleted, it would be painted over what takes its place
            card.deleteLater()
        self.cards = {name: FindingCard(name) for name in labels}
        for place, card in enumerate(self.cards.values()):
            card.setContentsMargins(0, CARDS_GAP_PX if place else 0, 0, 0)
            card.verdict_given.connect(self._deciding.decide)
            card.note_written.connect(self._deciding.write_note)
            card.check_asked.connect(self.check_asked)
            self.column.insertWidget(self.column.indexOf(self.remarks), card)

    def _words(self) -> tuple[str, str]:
        """The headline and the sentence of every state without a score."""
        review = self._review
        entry = review.selected_entry
        if entry is None:
            return "", "Findings appear here once a film is open."
        if entry.refusal:
            return "No score", "A file that could not be read has no score."
        if not review.visibility.ai_visible:
            return "", "Read first; Space shows what the model says."
        if review.model is None and not review.model_reading:
            return "No score", review.model_message
        row, result = review.row_of(entry.key), review.result(entry.key)
        if review.stage(entry.key) is Stage.FAILED or result is not None:
            sentences = result.gate.words if result is not None else ()
            return "No score", "\n".join(sentences) or _as_sentence(review.rows.words(row).text)
        return _stage_words(review.stage(entry.key), review.model_message)


def _as_sentence(text: str) -> str:
    """'No score: not a frontal chest film' as 'Not a frontal chest film.'."""
    reason = text.removeprefix("No score").removeprefix(": ")
    return reason[:1].upper() + reason[1:] + ("" if reason.endswith(".") or not reason else ".")


def _stage_words(stage: Stage, message: str) -> tuple[str, str]:
    match stage:
        case Stage.ANALYSING:
            return "Analysing…", "The score follows in a moment."
        case Stage.WAITING:
            return "Waiting", message or "Its turn comes next."
        case Stage.STOPPED:
            return "Stopped", "Analysing was stopped before this film's turn. “Go on” below takes it up again."
        case _:
            return "Not analysed", message or "“Analyse” below begins with this film."
