from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from gui.films.entries import Entry, Stage
from gui.panels.findings import FindingsPanel
from gui.panels.model_card import ModelPanel
from gui.review import Review
from gui.second_reader.deciding import Deciding
from gui.second_reader.scores import RECOMMENDED_SENSITIVITY
from imaging.study import ImageRef
from inference.bundles.card import Calibration
from tests.answers import chosen_model, store
from tests.bundles import card_of, many_label_card, multi_label_card


def test_a_flagged_finding_reads_as_suspected(review: Review, findings: FindingsPanel) -> None:
    review.set_model(chosen_model())
    store(review, 0.5)
    card = findings.cards["OPACITY"]
    assert (card.title.text(), card.score.text()) == ("Opacity suspected", "0.50")
    said = "Above the operating point of 0.40, which flags 95 of 100 ill and 20 of 100 healthy films."
    assert said in card.sentence.text()
    assert "are ill" not in card.sentence.text(), "no predictive value without a prevalence"
    assert "Not checked at your site." in card.sentence.text()
    review.set_sensitivity(0.7)
    assert card.title.text() == "No opacity flagged"
    assert "Below the operating point of 0.60, which" in card.sentence.text()


@pytest.mark.parametrize(
    ("stage", "headline"),
    [(Stage.WAITING, "Waiting"), (Stage.ANALYSING, "Analysing…"), (Stage.STOPPED, "Stopped")],
)
def test_every_state_without_a_score_says_so(
    review: Review, findings: FindingsPanel, stage: Stage, headline: str
) -> None:
    review.set_model(chosen_model())
    review.set_stage("a.png", stage)
    assert findings.headline.text() == headline
    assert not findings.cards


def test_a_missing_model_is_told_in_its_own_words(review: Review, deciding: Deciding, qtbot: Any) -> None:
    panel, foot = FindingsPanel(review, deciding), ModelPanel(review)
    for widget in (panel, foot):
        qtbot.addWidget(widget)
    review.set_model(None, "The model card was changed after it was written.")
    assert panel.detail.text() == "The model card was changed after it was written."
    assert "changed after it was written" in foot._message.text()


def test_hidden_ai_leaves_no_score_in_the_panel(review: Review, findings: FindingsPanel) -> None:
    review.set_model(chosen_model())
    store(review, 0.5)
    review.visibility.set_ai_visible(False)
    assert not findings.cards
    assert findings.word.text() == "AI hidden"


def test_words_from_elsewhere_are_no_markup(review: Review, findings: FindingsPanel) -> None:
    review.set_model(None, "There is no model <b>x</b>.")
    assert findings.detail.text() == "There is no model &lt;b&gt;x&lt;/b&gt;."


def test_of_many_findings_those_without_a_flag_are_folded(
    review: Review, findings: FindingsPanel, deciding: Deciding, qtbot: Any
) -> None:
    findings.show()
    card = many_label_card(0.4, 0.4, 0.6, 0.6)
    review.set_model(chosen_model(card))
    store(review, 0.5, 0.3, 0.5, 0.3)

    def open_cards() -> list[bool]:
        return [shown.agree.isVisibleTo(findings) for shown in findings.cards.values()]

    qtbot.waitUntil(lambda: open_cards() == [True, False, False, False])
    assert all(shown.score.isVisibleTo(findings) for shown in findings.cards.values())
    last = findings.cards["FINDING_3"]
    QTest.mouseClick(last.more, Qt.MouseButton.LeftButton)
    review.set_sensitivity(1.0)
    assert open_cards() == [True, False, False, True], "nothing opens or closes under a slider that is dragged"
    QTest.mouseClick(last.disagree, Qt.MouseButton.LeftButton)
    review.add([Entry(Path("b.png"), ImageRef(Path("b.png")))])
    store(review, 0.3, 0.3, 0.3, 0.3, key="b.png")
    review.set_sensitivity(RECOMMENDED_SENSITIVITY)
    review.select(1)
    assert open_cards() == [False] * 4
    review.select(0)
    assert open_cards() == [True, False, False, True], "what was decided is in sight"
    earlier = deciding.decision("a.png", "FINDING_3")
    assert earlier is not None
    deciding._recalled_of("a.png", (replace(earlier, label="FINDING_2"),))
    assert open_cards() == [True, False, True, True], "what was decided in an earlier session comes a moment later"
    QTest.mouseClick(last.more, Qt.MouseButton.LeftButton)
    findings.refresh()
    assert open_cards() == [True, False, True, False]


def test_three_findings_are_all_open(review: Review, findings: FindingsPanel, qtbot: Any) -> None:
    findings.show()
    review.set_model(chosen_model(multi_label_card()))
    store(review, 0.1, 0.1, 0.1)
    qtbot.waitUntil(lambda: all(card.agree.isVisibleTo(findings) for card in findings.cards.values()))
    assert all(card.more.isHidden() for card in findings.cards.values())


def test_a_finding_that_is_called_like_markup_is_shown_as_it_is_called(review: Review, findings: FindingsPanel) -> None:
    name = "<h1>large"
    points = card_of().operating["OPACITY"]
    card = replace(
        card_of(labels=("NORMAL", name)),
        calibration={name: Calibration()},
        operating={name: points},
        heat_scale={name: 0.02},
    )
    review.set_model(chosen_model(card))
    store(review, 0.5)
    title = findings.cards[name].title
    assert (title.text(), title.textFormat()) == ("<h1>large suspected", Qt.TextFormat.PlainText)
