"""The second opinion below the findings: whose it is, what it says at its own operating point, what it costs."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QHBoxLayout, QMenu, QPushButton, QVBoxLayout, QWidget

from gui.films.entries import label_name, point_figure, score_words
from gui.panels.box import label, one_of, rule, set_tone, strong
from gui.panels.score_bar import ScoreBar
from gui.panels.wording import finding_title
from gui.review import Review
from gui.second_reader.second_offers import Offer
from gui.second_reader.second_opinion import Pair, Scope, SecondOpinion
from gui.theme import font

if TYPE_CHECKING:
    from inference.scoring.results import Finding

ASK, CHANGE, SEND_AWAY = "Second opinion…", "Change…", "No second opinion"
NOTEWORTHY = 1.1  # times the time of one model
CHIPS = {Scope.LOOKED_AT: "Films I look at", Scope.ALL: "All films"}


class SecondScore(QWidget):
    """One finding by the second model."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.title = label()
        self.score = label(tone="strong")
        for text in (self.title, self.score):
            text.setFont(font("strong"))
            text.setTextFormat(Qt.TextFormat.PlainText)  # a card may call its findings anything
        self.bar = ScoreBar()
        self.bar.setAccessibleDescription("By the second model")
        head = QHBoxLayout()
        head.addWidget(self.title, 1)
        head.addWidget(self.score)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(4)
        whole.addLayout(head)
        whole.addWidget(self.bar)

    def show_finding(self, finding: Finding) -> None:
        self.title.setText(finding_title(finding))
        set_tone(self.title, "amber" if finding.flagged else "strong")
        self.score.setText(score_words(finding.probability))
        self.bar.set_score(finding.probability, finding.operating_point)


class SecondBox(QWidget):
    """A button while nobody is asked; else the second model's scores below the first's, never at its thresholds."""

    def __init__(self, review: Review, second: SecondOpinion, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._review = review
        self._second = second
        self.setAccessibleName("Second opinion")
        self.ask = QPushButton(ASK)
        self.ask.setProperty("kind", "chip")
        self.ask.setAccessibleDescription("Have another model read the films too")
        self.name = label(tone="secondary")
        self.chips = {scope: QPushButton(text) for scope, text in CHIPS.items()}
        self.scores: list[SecondScore] = []
        self.sentence, self.cost = (label(tone="secondary", wrap=True) for _ in range(2))
        self._answer, self._scores = QWidget(), QVBoxLayout()
        self._lay_out()
        self.ask.clicked.connect(self._open_menu)
        second.changed.connect(self.refresh)
        for changed in (review.film_selected, review.model_changed, review.operating_point_moved):
            changed.connect(self.refresh)
        review.film_changed.connect(lambda row: self.refresh() if row == review.selected else None)
        review.visibility.ai_toggled.connect(self.refresh)
        self.refresh()

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.addWidget(self.name, 1)
        head.addWidget(self.ask, 0, Qt.AlignmentFlag.AlignLeft)
        for scope, chip in self.chips.items():
            chip.clicked.connect(lambda _=False, scope=scope: self._second.read_all(scope is Scope.ALL))
        answer = QVBoxLayout(self._answer)
        answer.setContentsMargins(0, 0, 0, 0)
        answer.setSpacing(6)
        answer.addLayout(self._scores)
        for widget in (self.sentence, self.cost):
            answer.addWidget(widget)
        answer.addLayout(one_of(self.chips.values(), self))
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 4, 0, 0)
        whole.setSpacing(6)
        self._rule = rule()
        whole.addWidget(self._rule)
        whole.addLayout(head)
        whole.addWidget(self._answer)

    def refresh(self, *_: object) -> None:
        """Show what is known now of the selected film."""
        review, second = self._review, self._second
        entry = review.selected_film
        key = entry.key if entry is not None else ""
        is_asked = second.model is not None or bool(second.message)
        speaks = review.visibility.ai_visible and bool(review.findings(key))
        self.setVisible(speaks and (is_asked or bool(second.offers)))
        self._rule.setVisible(is_asked)
        self._answer.setVisible(is_asked)
        self.name.setVisible(second.model is not None)
        self.ask.setText(CHANGE if is_asked else ASK)
        if not is_asked or not speaks:
            return
        title = second.model.title if second.model is not None else ""
        self.name.setText(f"Second opinion: {strong(escape(title))}")
        pairs = second.pairs(key) if second.result(key) is not None else ()
        self._show_scores([pair.second for pair in pairs if pair.second is not None])
        self.sentence.setText(self._words(key, title, pairs))
        self.cost.setText(self._cost_words())
        self.cost.setVisible(bool(self.cost.text()))
        for scope, chip in self.chips.items():
            chip.setVisible(second.model is not None)
            chip.setChecked(second.scope is scope)

    def _show_scores(self, findings: list[Finding]) -> None:
        while len(self.scores) < len(findings):
            self.scores.append(SecondScore())
            self._scores.addWidget(self.scores[-1])
        for place, widget in enumerate(self.scores):
            widget.setVisible(place < len(findings))
            if place < len(findings):
                widget.show_finding(findings[place])

    def _words(self, key: str, title: str, pairs: tuple[Pair, ...]) -> str:
        """Rich text: whether the two agree, or why the second one has not spoken."""
        second, result = self._second, self._second.result(key)
        if second.message or second.failure(key):
            return escape(second.message or second.failure(key))
        if result is None:
            return "It reads the film after the first."
        if not result.findings:
            return escape(" ".join(("It gives no score.", *result.gate.words)))
        first = self._review.model.title if self._review.model is not None else ""
        lines = [pair_words(pair, first, title, named=len(pairs) > 1) for pair in pairs if pair.second is not None]
        others = second.others(key)
        if not lines:
            lines = [f"It knows no finding of this name; what it says of others is no second opinion: {_said(others)}."]
        return "<br>".join(lines)

    def _cost_words(self) -> str:
        second = self._second
        left = f" {second.left:,} films to go." if second.left else ""
        if second.times is None:
            return left.strip()
        cost = f"{second.times:.1f} times the time of one" if second.times >= NOTEWORTHY else "hardly longer than one"
        return f"Both take {cost}.{left}"

    def _open_menu(self) -> None:
        menu = self.menu()
        menu.popup(self.ask.mapToGlobal(QPoint(0, self.ask.height() + 4)))

    def menu(self) -> QMenu:
        """The models to choose from, each with what it costs."""
        menu = QMenu(self)
        menu.aboutToHide.connect(menu.deleteLater)
        with_finding = [offer for offer in self._second.offers if offer.shared]
        others = [offer for offer in self._second.offers if not offer.shared]
        for offer in with_finding:
            self._add(menu, offer)
        if others:
            menu.addSeparator()
            menu.addAction("Without a finding of the same name:").setEnabled(False)
        for offer in others:
            self._add(menu, offer)
        if self._second.model is not None or self._second.message:
            menu.addSeparator()
            menu.addAction(SEND_AWAY).triggered.connect(self._send_away)
        return menu

    def _send_away(self, _checked: bool = False) -> None:
        self._second.send_away()

    def _add(self, menu: QMenu, offer: Offer) -> None:
        action = menu.addAction(offer_words(offer))
        action.triggered.connect(lambda: self._second.choose(offer.id))


def offer_words(offer: Offer) -> str:
    """'pneumonia 2 · about 2.0 times the time per film'."""
    cost = "its time is then measured"
    if offer.times is not None:
        longer = f"about {offer.times:.1f} times the time" if offer.times >= NOTEWORTHY else "hardly longer"
        cost = f"{longer} per film"
    return f"{offer.id.replace('@', ' ')} · {cost}"


def pair_words(pair: Pair, first: str, second: str, *, named: bool) -> str:
    """'Both flag it, each at its own operating point (0.94 and 0.41).' Rich text."""
    assert pair.second is not None
    what = label_name(pair.first.label).lower() if named else "it"
    flags = (pair.first.flagged, pair.second.flagged)
    said = {
        (True, True): f"Both flag {what}",
        (False, False): f"Neither flags {what}",
        (True, False): f"Only {first} flags {what}",
        (False, True): f"Only {second} flags {what}",
    }[flags]
    points = f"{point_figure(pair.first.operating_point)} and {point_figure(pair.second.operating_point)}"
    return f"{strong(escape(said))}, each at its own operating point ({points})."


def _said(findings: tuple[Finding, ...]) -> str:
    """'opacity 0.43, not flagged'."""
    said = [
        f"{label_name(item.label).lower()} {score_words(item.probability)}, {'' if item.flagged else 'not '}flagged"
        for item in findings
    ]
    return escape("; ".join(said))
