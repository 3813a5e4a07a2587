"""Predictive values at a stated prevalence: typed and remembered, or learnt from what was decided."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from gui.second_reader.decision import Decision, Verdict, utc_now
from gui.session import open_store
from inference.bundles.bundle import ModelBundle
from tests.e2e.window import OpenWindow, settle


def test_a_typed_prevalence_is_there_the_next_time(
    open_window: OpenWindow, films: Path, parted: ModelBundle, qtbot: Any
) -> None:
    first = open_window([films], model=str(parted.location))
    settle(qtbot, first)
    row = first.sensitivity.predictive
    assert row is not None
    row.box.setFocus()
    row.box.selectAll()
    QTest.keyClicks(row.box, "12.5")
    QTest.keyClick(row.box, Qt.Key.Key_Return)
    assert "of 100" in row.words.text()
    assert first.controller.review.selected == 0, "digits that are typed change no window and no film"
    first.close()
    second = open_window([films], model=str(parted.location))
    settle(qtbot, second)
    assert second.sensitivity.predictive is not None
    assert second.sensitivity.predictive.box.value() == 12.5
    assert "If 12.5 of 100 films are ill" in second.findings.cards["OPACITY"].sentence.text()


def test_a_prevalence_is_learnt_from_stored_decisions(
    open_window: OpenWindow, films: Path, parted: ModelBundle, qtbot: Any
) -> None:
    store = open_store().store
    for number in range(20):
        verdict = Verdict.AGREE if number < 5 else Verdict.DISAGREE  # with a flag: 5 ill, 15 healthy
        store.add_decision(
            Decision(f"{number:064d}", 0, "OPACITY", verdict, "", "old@1", "0" * 64, 0.4, 0.9, utc_now())
        )
    store.close()
    window = open_window([films], model=str(parted.location))
    settle(qtbot, window)
    row = window.sensitivity.predictive
    assert row is not None
    assert "Take 25, as in the 20 films that you decided" in row.offer.text()
    assert row.words.isHidden()
    row.offer.linkActivated.emit("learn")
    said = "If 25 of 100 films are ill, as in the 20 that you decided"
    assert said in window.findings.cards["OPACITY"].sentence.text()
    QTest.mouseClick(window.findings.cards["OPACITY"].agree, Qt.MouseButton.LeftButton)
    settle(qtbot, window)
    assert "the 21 films that you decided" in row.offer.text(), "it follows what is decided"
