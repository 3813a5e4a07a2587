"""The findings of the selected film: score against operating point, what that has meant, and the reader's verdict."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QPlainTextEdit, QPushButton, QVBoxLayout, QWidget

from gui.deciding import Deciding
from gui.decision import Decision, Verdict
from gui.entries import Stage, label_name, score_words
from gui.panels.box import PanelBox, label, set_tone
from gui.panels.gate_notice import GateNotice
from gui.panels.remarks import RemarkLines
from gui.panels.score_bar import ScoreBar
from gui.panels.wording import LINKS, finding_sentence, finding_title, site_sentence, site_words
from gui.prevalence import Prevalences
from gui.review import Review
from gui.scores import ChosenModel, Evidence
from gui.similar import Similar
from gui.theme import font

if TYPE_CHECKING:
    from inference.predictive import Prevalence
    from inference.results import Finding

NOTE_PX = 64
MANY = 3  # more findings than these are folded where they carry no flag
CARDS_GAP_PX = 10  # on top of the column's own spacing


class NoteEdit(QPlainTextEdit):
    """A short note; it is stored when the focus leaves it, or on Ctrl+Enter."""

    note_written = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setPlaceholderText("Note for this finding")
        self.setAccessibleName("Note")
        self.setTabChangesFocus(True)
        self.setFixedHeight(NOTE_PX)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.note_written.emit(self.toPlainText().strip())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        confirmed = event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
        if confirmed and event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.clearFocus()
            return
        super().keyPressEvent(event)


class FindingCard(QWidget):
    """One label."""

    verdict_given = Signal(str, object)  # label, Verdict
    note_written = Signal(str, str, str)  # film key, label, note
    check_asked = Signal()

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.label = name
        self._key = ""
        self._is_new = True  # of the film: whether it is folded is still to be said
        self.title = label()
        self.title.setFont(font("strong"))
        self.more = QPushButton("More")
        self.more.setProperty("kind", "chip")
        self.more.hide()
        self.score = label()
        self.score.setFont(font("strong"))
        self.bar = ScoreBar()
        self.sentence = label(tone="secondary", wrap=True)
        self.sentence.setTextInteractionFlags(LINKS)
        self.sentence.linkActivated.connect(lambda _: self.check_asked.emit())
        self.agree, self.disagree, self.note = QPushButton("Agree"), QPushButton("Disagree"), QPushButton("Note")
        self.edit = NoteEdit()
        self.edit.hide()
        self._body = QWidget()
        for widget in (self.agree, self.disagree, self.note, self.edit, self.more):
            widget.setAccessibleDescription(label_name(name))  # the same words stand in the card of each finding
        self._lay_out()
        self.agree.clicked.connect(lambda: self.verdict_given.emit(self.label, Verdict.AGREE))
        self.disagree.clicked.connect(lambda: self.verdict_given.emit(self.label, Verdict.DISAGREE))
        self.note.clicked.connect(self._open_note)
        self.more.clicked.connect(lambda: self._unfold(self._body.isHidden()))
        self.edit.note_written.connect(lambda text: self.note_written.emit(self._key, self.label, text))

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.addWidget(self.title, 1)
        head.addWidget(self.more)
        head.addWidget(self.score)
        buttons = QGridLayout()
        buttons.setSpacing(8)
        for column, button in enumerate((self.agree, self.disagree, self.note)):
            button.setCheckable(True)
            button.setMinimumWidth(0)
            buttons.addWidget(button, 0, column)
            buttons.setColumnStretch(column, 1)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(6)
        whole.addLayout(head)
        whole.addWidget(self.bar)
        whole.addWidget(self._body)
        body = QVBoxLayout(self._body)
        body.setContentsMargins(0, 0, 0, 0)
        body.setSpacing(6)
        body.addWidget(self.sentence)
        body.addSpacing(2)
        body.addLayout(buttons)
        body.addWidget(self.edit)

    def show_finding(
        self,
        finding: Finding,
        evidence: Evidence | None,
        model: ChosenModel | None = None,
        prevalence: Prevalence | None = None,
    ) -> None:
        self.title.setText(finding_title(finding))
        set_tone(self.title, "amber" if finding.flagged else "strong")
        self.score.setText(score_words(finding.probability))
        set_tone(self.score, "strong")
        self.bar.set_score(finding.probability, finding.operating_point)
        words = finding_sentence(finding, evidence, prevalence) if evidence is not None else ""
        self.sentence.setText(f"{words} {_site(model, self.label)}")
        self.sentence.setToolTip(site_sentence(model.check, self.label) if model is not None else "")

    def fold(self, *, many: bool, quiet: bool) -> None:
        """Among many findings a `quiet` one, without a flag and undecided, shows its score alone. Said once a film: a
        card that opened and closed while the slider is dragged would move the slider away.
        """
        if self._is_new:
            self._is_new = False
            self.more.setVisible(many)
            self._unfold(not (many and quiet))

    def _unfold(self, unfolded: bool) -> None:
        self._body.setVisible(unfolded)
        self.more.setText("Less" if unfolded else "More")

    def show_film(self, key: str) -> None:
        """Another film: what is being written belongs to the one before."""
        if key != self._key and self.edit.hasFocus():
            self.edit.clearFocus()
        self._is_new = self._is_new or key != self._key
        self._key = key

    def show_decision(self, decision: Decision | None) -> None:
        verdict = decision.verdict if decision is not None else Verdict.NONE
        note = decision.note if decision is not None else ""
        self.agree.setChecked(verdict is Verdict.AGREE)
        self.disagree.setChecked(verdict is Verdict.DISAGREE)
        if not self.edit.hasFocus():
            self.edit.setPlainText(note)
            self.edit.setVisible(bool(note))
        self.note.setChecked(bool(note) or self.edit.isVisible())

    def _open_note(self) -> None:
        """Open the note; pressed again, close an empty one."""
        closing = self.edit.isVisible() and not self.edit.toPlainText().strip()
        self.edit.setVisible(not closing)
        self.note.setChecked(not closing)
        if not closing:
            self.edit.setFocus()


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
        review.ai_visibility_changed.connect(self.refresh)
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
        shown = self._review.ai_visible
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
            card.show_finding(item, self._review.scores.evidence(item.label), model, prevalence)
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
        if not review.ai_visible:
            return "", "Read first; Space shows what the model says."
        if review.model is None and not review.model_reading:
            return "No score", review.model_message
        row, result = review.row_of(entry.key), review.result(entry.key)
        if review.stage(entry.key) is Stage.FAILED or result is not None:
            sentences = result.gate.words if result is not None else ()
            return "No score", "\n".join(sentences) or _as_sentence(review.words(row).text)
        return _stage_words(review.stage(entry.key), review.model_message)


def _site(model: ChosenModel | None, name: str) -> str:
    return site_words(model.check, name, model.card.operating.get(name)) if model is not None else ""


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
