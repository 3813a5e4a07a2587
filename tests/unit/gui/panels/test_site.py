"""What the panels say of the reader's own site: its films, and how many of them are ill."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from gui.memory import Memory
from gui.panels.findings import FindingsPanel
from gui.panels.sensitivity import SensitivityPanel
from gui.review import Review
from gui.second_reader.deciding import Deciding
from gui.second_reader.prevalence import LEARNT, Prevalences
from inference.bundles.card import Measure, OperatingRow
from inference.scoring.local_table import LocalTable
from tests.answers import OWN_POINTS, check_of, chosen_model, store
from tests.bundles import multi_label_card


@pytest.fixture
def review(review: Review) -> Review:
    """One film, which the model of `card_of` has flagged."""
    choose(review)
    return review


@pytest.fixture
def prevalences(review: Review, deciding: Deciding, memory: Memory) -> Prevalences:
    return Prevalences(review, deciding, memory)


def choose(review: Review, check: LocalTable | None = None) -> None:
    review.set_model(chosen_model(check=check))
    store(review, 0.5)


def test_a_check_is_said_in_place_of_the_warning(
    review: Review, deciding: Deciding, prevalences: Prevalences, qtbot: Any
) -> None:
    panel = FindingsPanel(review, deciding, prevalences)
    qtbot.addWidget(panel)
    assert "Not checked at your site." in panel.cards["OPACITY"].sentence.text()
    review.set_check(check_of())
    assert "Checked at your site on 120 films." in panel.cards["OPACITY"].sentence.text()
    with qtbot.waitSignal(panel.check_asked):
        panel.cards["OPACITY"].sentence.linkActivated.emit("check")
    check = check_of()
    worse = replace(check.findings["OPACITY"], specificity=Measure(0.6, 0.5, 0.7))  # the card says 0.8
    review.set_check(replace(check, findings={"OPACITY": worse}))
    assert "on 120 films: it did worse than its card says." in panel.cards["OPACITY"].sentence.text()
    few = replace(OWN_POINTS, films=20, ill=10, healthy=10, rows=(OperatingRow(0.4, 9, 5),))
    review.set_check(check_of(few))
    assert "Checked at your site on only 20 films." in panel.cards["OPACITY"].sentence.text()


def test_points_of_ones_own_films_move_flags_only_once_they_are_taken(review: Review, qtbot: Any) -> None:
    panel = SensitivityPanel(review)
    qtbot.addWidget(panel)
    review.set_check(check_of())
    assert review.rows.is_flagged(0)
    assert panel._sentence.text().startswith("On 50 validation films")
    # At the card's 0.4, the own table's row of 0.4: all 40 found, 32 of 80 called.
    assert "On 120 films of your own it finds 100 of 100 (91–100) and calls 40 of 100" in panel._own.text()
    with qtbot.waitSignal(panel.own_points_asked) as asked:
        panel._own.linkActivated.emit("own")
    assert asked.args == [True]
    review.set_check(check_of(in_use=True))
    assert review.threshold("OPACITY") == 0.7
    assert not review.rows.is_flagged(0)
    assert (
        panel._sentence.text() == "On 120 films of your own it finds 95 of 100 and calls 10 of 100 healthy films ill."
    )
    assert "Back to the card" in panel._own.text()
    review.set_sensitivity(1.0)
    assert review.threshold("OPACITY") == 0.4


def test_a_wanted_specificity_moves_the_point(review: Review, qtbot: Any) -> None:
    panel = SensitivityPanel(review)
    qtbot.addWidget(panel)
    panel.show()
    panel.activateWindow()
    box = panel.specificity
    assert box.text() == "80 %"
    box.setFocus()
    box.selectAll()
    QTest.keyClicks(box, "96")
    QTest.keyClick(box, Qt.Key.Key_Return)
    assert review.sensitivity == 0.75
    assert review.threshold("OPACITY") == 0.6
    assert box.text() == "96.7 %"
    assert panel.word.text() == "75 %"


def test_of_several_findings_the_least_specific_is_shown(themed: QApplication, qtbot: Any) -> None:
    review = Review()
    panel = SensitivityPanel(review)
    qtbot.addWidget(panel)
    card = multi_label_card()
    worse = replace(card.operating["MASS"], rows=(OperatingRow(0.4, 19, 15), OperatingRow(0.6, 10, 1)))
    card = replace(card, operating=card.operating | {"MASS": worse})
    review.set_model(chosen_model(card))
    assert panel.specificity.text() == "50 %"
    panel._specificity_typed(0.9)
    assert review.sensitivity == 0.5
    assert panel.specificity.value() >= 90


def test_predictive_values_come_with_a_typed_prevalence_and_go_with_it(
    review: Review, deciding: Deciding, prevalences: Prevalences, qtbot: Any
) -> None:
    panel = SensitivityPanel(review, prevalences)
    findings = FindingsPanel(review, deciding, prevalences)
    for widget in (panel, findings):
        qtbot.addWidget(widget)
    row = panel.predictive
    assert row is not None
    panel.show()
    panel.activateWindow()
    assert row.words.isHidden()
    assert row.box.text() == "–"
    row.box.setFocus()
    row.box.selectAll()
    QTest.keyClicks(row.box, "30")
    QTest.keyClick(row.box, Qt.Key.Key_Return)
    # 19 of 20 ill and 6 of 30 healthy films are called: 0.3 * 0.95 / (0.3 * 0.95 + 0.7 * 0.2) = 0.67
    assert "67 of 100" in row.words.text()
    assert "97 of 100" in row.words.text()
    said = findings.cards["OPACITY"].sentence.text()
    assert "If 30 of 100 films are ill" in said
    assert "67 of 100" in said
    review.set_check(check_of())
    # On the own films 40 of 40 ill and 32 of 80 healthy ones are called: 0.3 / (0.3 + 0.7 * 0.4) = 0.52
    assert "Then, by your own films, " in row.words.text()
    assert "52 of 100" in row.words.text()
    assert "52 of 100" in findings.cards["OPACITY"].sentence.text()
    row.box.selectAll()
    QTest.keyClicks(row.box, "0")
    QTest.keyClick(row.box, Qt.Key.Key_Return)
    assert row.words.isHidden()
    assert "If" not in findings.cards["OPACITY"].sentence.text()


def test_a_prevalence_is_learnt_from_enough_decisions_when_the_reader_takes_it(
    review: Review, prevalences: Prevalences, qtbot: Any
) -> None:
    panel = SensitivityPanel(review, prevalences)
    qtbot.addWidget(panel)
    row = panel.predictive
    assert row is not None
    prevalences._counted("OPACITY", (5, 14))
    assert row.offer.isHidden()
    prevalences._counted("OPACITY", (5, 20))
    assert "Take 20, as in the 25 films that you decided" in row.offer.text()
    assert row.words.isHidden(), "nothing is assumed unasked"
    row.offer.linkActivated.emit("learn")
    assert "of 100" in row.words.text()
    assert row.box.value() == 20.0
    prevalences._counted("OPACITY", (10, 20))
    assert row.box.value() == pytest.approx(33.3)
    assert prevalences.state() == {"OPACITY": LEARNT}


def test_what_was_said_of_the_prevalence_is_remembered_if_it_is_one(prevalences: Prevalences) -> None:
    prevalences.set_typed("OPACITY", 0.2)
    prevalences.recall({"OPACITY": 0.5, "MASS": 0.1, "NODULE": 7.0, "EFFUSION": "much", "EDEMA": LEARNT})
    assert prevalences.state() == {"OPACITY": 0.2, "MASS": 0.1, "EDEMA": LEARNT}
    prevalences.recall("nonsense")


def test_the_choice_of_a_finding_keeps_the_keyboard(review: Review, prevalences: Prevalences, qtbot: Any) -> None:
    card = multi_label_card()
    review.set_model(chosen_model(card))
    panel = SensitivityPanel(review, prevalences)
    qtbot.addWidget(panel)
    row = panel.predictive
    assert row is not None
    with qtbot.waitActive(panel):
        panel.show()
        panel.activateWindow()
    row.findings.setFocus()
    assert row.findings.hasFocus()
    QTest.keyClick(row.findings, Qt.Key.Key_Down)
    assert row.findings.currentIndex() == 1
    assert row.findings.hasFocus()
