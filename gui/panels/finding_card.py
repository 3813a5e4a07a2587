"""One finding of the selected film: its score, what its operating point has meant, the reader's verdict and note."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QPlainTextEdit, QPushButton, QVBoxLayout, QWidget

from gui.films.entries import label_name, score_words
from gui.frame.plain import plain_tip
from gui.panels.box import label, set_tone
from gui.panels.score_bar import ScoreBar
from gui.panels.wording import LINKS, finding_sentence, finding_title, site_sentence, site_words
from gui.second_reader.chosen_model import ChosenModel, Evidence
from gui.second_reader.decision import Decision, Verdict
from gui.theme import font

if TYPE_CHECKING:
    from inference.scoring.predictive import Prevalence
    from inference.scoring.results import Finding

NOTE_PX = 64


class NoteEdit(QPlainTextEdit):
    """A short note; it is stored when the focus leaves it, or on Ctrl+Enter and Esc."""

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

    def event(self, event: QEvent) -> bool:
        # Esc leaves the note; it must not reset the film besides.
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent) and _is_escape(event):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        confirmed = event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
        if _is_escape(event) or (confirmed and event.modifiers() & Qt.KeyboardModifier.ControlModifier):
            self.clearFocus()
            return
        super().keyPressEvent(event)


def _is_escape(event: QKeyEvent) -> bool:
    return event.key() == Qt.Key.Key_Escape


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
        self._decision: Decision | None = None  # that is shown
        self.title = label()
        self.title.setFont(font("strong"))
        self.title.setTextFormat(Qt.TextFormat.PlainText)  # a card may call its findings anything
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
        self.sentence.setToolTip(plain_tip(site_sentence(model.check, self.label)) if model is not None else "")

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
        if key != self._key:
            self._is_new, self._decision = True, None
        self._key = key

    def show_decision(self, decision: Decision | None) -> None:
        if decision is not None and decision != self._decision:
            self._unfold(True)  # those of earlier sessions come in a moment later
        self._decision = decision
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


def _site(model: ChosenModel | None, name: str) -> str:
    return site_words(model.check, name, model.card.operating.get(name)) if model is not None else ""
