"""Predictive values, once the reader has said how many films are ill; before that there is only the question."""

from __future__ import annotations

from html import escape

from PySide6.QtWidgets import QComboBox, QVBoxLayout, QWidget

from gui.films.entries import label_name
from gui.panels.box import label
from gui.panels.share_box import ShareBox
from gui.panels.wording import LINKS, link, per_hundred, predictive_words
from gui.review import Review
from gui.second_reader.prevalence import Prevalences

UNSET = "–"
METHOD = (
    "By Bayes’ rule. The intervals hold at least 95 %: each of sensitivity, specificity and a learnt share is taken "
    "at the ends of a Wilson interval, widened so that all hold together (Bonferroni). A typed share is taken as exact."
)
BIAS = "Where flagged films are decided more often than others, this share is too high."


class PredictiveRow(QWidget):
    """How many of 100 films are ill, typed or learnt, and what a flag means then. `box` stands beside other boxes."""

    def __init__(self, review: Review, prevalences: Prevalences, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._review = review
        self._prevalences = prevalences
        self.findings = QComboBox()
        self.findings.setAccessibleName("Finding whose prevalence is meant")
        self.box = ShareBox("Ill films of 100", UNSET)
        self.box.setToolTip(
            "How many of 100 films are ill where you work. 0: not said, and no predictive value is shown"
        )
        self.offer = label(tone="secondary", wrap=True)
        self.offer.setTextInteractionFlags(LINKS)
        self.words = label(tone="secondary", wrap=True)
        self.words.setToolTip(METHOD)
        self._lay_out()
        self.box.share_typed.connect(lambda share: prevalences.set_typed(self._label, share if 0 < share < 1 else None))
        self.offer.linkActivated.connect(lambda _: prevalences.learn(self._label))
        self.findings.activated.connect(lambda _: self.refresh())
        review.model_changed.connect(self._show_findings)
        review.operating_point_moved.connect(self.refresh)  # and after a check
        prevalences.changed.connect(self.refresh)
        self._show_findings()

    def _lay_out(self) -> None:
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 4, 0, 0)
        whole.setSpacing(4)
        whole.addWidget(self.findings)
        whole.addWidget(self.offer)
        whole.addWidget(self.words)

    @property
    def _label(self) -> str:
        return str(self.findings.currentData() or "")

    def _show_findings(self) -> None:
        model = self._review.model
        names = model.card.findings if model is not None else ()
        self.findings.clear()
        for name in names:
            self.findings.addItem(label_name(name), name)
        self.findings.setVisible(len(names) > 1)
        self.box.setEnabled(bool(names))
        self.refresh()

    def refresh(self) -> None:
        """Show what is known now. Cheap: it runs while the slider is dragged."""
        name, model = self._label, self._review.model
        evidence = model.evidence(name) if model is not None else None
        if evidence is None:
            self.box.show_share(0.0)
            self.setVisible(False)
            return
        self._show_offer(name)
        prevalence = self._prevalences.of(name)
        self.box.show_share(prevalence.share if prevalence is not None else 0.0)
        said = []
        if prevalence is not None:
            from inference.scoring.operating import OperatingTable

            point = OperatingTable(evidence.points).point_at(self._review.threshold(name))
            both = (predictive_words(point, prevalence, flagged=flagged) for flagged in (True, False))
            said = [words for words in both if words and point.is_counted]
        start = "Then, by your own films, " if evidence.own else "Then "
        self.words.setText(start + ", and ".join(said) + "." if said else "")
        self.words.setVisible(bool(said))
        # An empty row would still hold the panels apart.
        self.setHidden(all(part.isHidden() for part in (self.findings, self.offer, self.words)))

    def _show_offer(self, name: str) -> None:
        """Where enough films were decided, what they say: offered, or in force."""
        found, in_force = self._prevalences.learnable(name), self._prevalences.of(name)
        self.offer.setVisible(found is not None)
        if found is None:
            return
        films = f"the {found.films:,} films that you decided"
        if in_force is not None and in_force.is_learnt:
            self.offer.setText(escape(f"{per_hundred(found.share)} of 100, as in {films}."))
        else:
            self.offer.setText(link(f"Take {per_hundred(found.share)}, as in {films}", href="learn"))
        self.offer.setToolTip(BIAS)
