"""Agree, Disagree and Note, as the findings panel takes them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from gui.films.entries import Entry
from gui.panels.findings import FindingsPanel
from gui.review import Review
from gui.second_reader.deciding import Deciding
from gui.second_reader.decision import Verdict
from imaging.study import ImageRef
from tests.answers import WEIGHTS, chosen_model, store


def test_a_verdict_is_pressed_taken_back_and_undone(
    review: Review, findings: FindingsPanel, deciding: Deciding
) -> None:
    findings.show()
    review.set_model(chosen_model())
    store(review, 0.5)
    card = findings.cards["OPACITY"]
    QTest.mouseClick(card.disagree, Qt.MouseButton.LeftButton)
    assert (card.agree.isChecked(), card.disagree.isChecked()) == (False, True)
    QTest.mouseClick(card.agree, Qt.MouseButton.LeftButton)
    assert (card.agree.isChecked(), card.disagree.isChecked()) == (True, False)
    deciding.undo_stack.undo()
    assert card.disagree.isChecked()
    deciding.undo_stack.undo()
    assert not card.agree.isChecked()
    assert not card.disagree.isChecked()
    decision = deciding.decision("a.png", "OPACITY")
    assert decision is not None
    assert decision.verdict is Verdict.NONE


def test_what_is_taken_back_comes_into_sight(review: Review, deciding: Deciding) -> None:
    review.add([Entry(Path("b.png"), ImageRef(Path("b.png")))])
    review.set_model(chosen_model())
    store(review, 0.9)
    review.select(0)
    deciding.decide("OPACITY", Verdict.AGREE)
    for step, verdict in ((deciding.undo, Verdict.NONE), (deciding.redo, Verdict.AGREE)):
        review.select(1)
        step()
        assert review.selected == 0
        decision = deciding.decision("a.png", "OPACITY")
        assert decision is not None
        assert decision.verdict is verdict
    review.select(1)
    deciding.redo()
    assert review.selected == 1, "nothing was left to decide again"


def test_a_note_is_kept_beside_the_verdict(review: Review, findings: FindingsPanel, deciding: Deciding) -> None:
    findings.show()
    review.set_model(chosen_model())
    store(review, 0.5)
    card = findings.cards["OPACITY"]
    QTest.mouseClick(card.agree, Qt.MouseButton.LeftButton)
    QTest.mouseClick(card.note, Qt.MouseButton.LeftButton)
    card.edit.setPlainText("Right lower lobe")
    card.edit.note_written.emit("Right lower lobe")
    decision = deciding.decision("a.png", "OPACITY")
    assert decision is not None
    assert (decision.verdict, decision.note, decision.operating_point) == (Verdict.AGREE, "Right lower lobe", 0.4)
    assert (decision.model, decision.weights_sha256, decision.probability) == ("trial@1", WEIGHTS, 0.5)


def test_a_note_stays_with_the_film_it_was_written_for(
    review: Review, findings: FindingsPanel, deciding: Deciding, qtbot: Any
) -> None:
    review.add([Entry(Path("b.png"), ImageRef(Path("b.png")))])
    findings.show()
    findings.activateWindow()
    review.set_model(chosen_model())
    store(review, 0.5)
    store(review, 0.5, key="b.png")
    card = findings.cards["OPACITY"]
    QTest.mouseClick(card.note, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(card.edit.hasFocus)
    QTest.keyClicks(card.edit, "Seen on a")
    review.select(1)
    assert card.edit.toPlainText() == ""
    first, second = deciding.decision("a.png", "OPACITY"), deciding.decision("b.png", "OPACITY")
    assert first is not None
    assert first.note == "Seen on a"
    assert second is None
