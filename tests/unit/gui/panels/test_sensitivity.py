from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from PySide6.QtCore import QEvent, QPoint, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from gui.panels.sensitivity import SensitivityPanel, SensitivityTrack
from gui.panels.wording import finding_sentence
from gui.review import Review
from gui.second_reader.chosen_model import Evidence
from inference.bundles.card import OperatingPoints, OperatingRow
from inference.scoring.operating import OperatingTable
from inference.scoring.results import Finding
from tests.answers import chosen_model
from tests.bundles import card_of, many_label_card


def test_the_slider_moves_the_operating_point_by_mouse_and_by_keys(review: Review, qtbot: Any) -> None:
    panel = SensitivityPanel(review)
    qtbot.addWidget(panel)
    panel.resize(330, 200)
    panel.show()
    review.set_model(chosen_model())
    track = panel.track
    assert panel.word.text() == "95 %"
    y_px = round(track.groove_px().center().y())
    QTest.mouseClick(track, Qt.MouseButton.LeftButton, pos=QPoint(round(track.x_of(700)), y_px))
    assert review.sensitivity == pytest.approx(0.70, abs=0.02)
    QTest.keyClick(track, Qt.Key.Key_End)
    assert review.sensitivity == 1.0
    assert panel.word.text() == "100 %"
    QTest.keyClick(track, Qt.Key.Key_Left)
    assert review.sensitivity == pytest.approx(0.995)
    QTest.mouseDClick(track, Qt.MouseButton.LeftButton, pos=QPoint(10, y_px))
    assert review.sensitivity == 0.95


def test_without_a_model_there_is_no_specificity(review: Review, qtbot: Any) -> None:
    panel = SensitivityPanel(review)
    qtbot.addWidget(panel)
    assert panel.specificity.text() == "–"
    review.set_model(chosen_model())
    panel.specificity.show_share(0.0)
    assert panel.specificity.text() == "0 %", "which a model can have"


@pytest.mark.parametrize("value", range(500, 1001, 5))
def test_every_value_of_the_track_comes_back_from_its_place(themed: QApplication, qtbot: Any, value: int) -> None:
    track = SensitivityTrack()
    qtbot.addWidget(track)
    assert track.value_at(track.share_of(value)) == value


@pytest.mark.parametrize(
    ("keys", "taken"),
    [
        (Qt.KeyboardModifier.NoModifier, True),
        (Qt.KeyboardModifier.KeypadModifier, True),  # every arrow key of macOS
        (Qt.KeyboardModifier.AltModifier, False),
    ],
)
def test_a_slider_keeps_its_keys_from_the_windows_shortcuts(
    themed: QApplication, qtbot: Any, keys: Qt.KeyboardModifier, taken: bool
) -> None:
    track = SensitivityTrack()
    qtbot.addWidget(track)
    event = QKeyEvent(QEvent.Type.ShortcutOverride, Qt.Key.Key_Left, keys)
    event.ignore()
    track.event(event)
    assert event.isAccepted() is taken


def test_the_sentence_names_its_films(review: Review, qtbot: Any) -> None:
    panel = SensitivityPanel(review)
    qtbot.addWidget(panel)
    review.set_model(chosen_model())
    words = panel._sentence.text()
    assert words.startswith("On 50 validation films of the same hospital it finds 95 of 100 and calls 20 of 100")
    assert words.endswith("on films from elsewhere often more.")
    assert panel._intervals.text() == "95 % intervals: 76–99 and 9–38 of 100"
    review.set_model(None, "No model was found.")
    assert panel._intervals.isHidden()


def test_many_findings_share_a_sentence_below_the_slider(review: Review, qtbot: Any) -> None:
    panel = SensitivityPanel(review)
    qtbot.addWidget(panel)
    card = many_label_card(0.4, 0.4, 0.6, 0.6)
    review.set_model(chosen_model(card))
    lines = panel._sentence.text().split("<br>")
    assert lines[0].startswith("On 50 validation films of the same hospital")
    assert lines[1] == "Finding 0 95 (76–99) and 20 (9–38)"
    assert lines[4] == "Finding 3 75 (53–89) and 3 (1–17)"
    assert "elsewhere" in lines[5]
    own = replace(card.operating["FINDING_0"], films=60)
    card = replace(card, operating={**card.operating, "FINDING_0": own})
    review.set_model(chosen_model(card))
    assert "On 60 validation films" in panel._sentence.text(), "each is said of its own films"


def test_films_that_are_described_like_markup_are_shown_as_they_are_described(review: Review, qtbot: Any) -> None:
    panel = SensitivityPanel(review)
    qtbot.addWidget(panel)
    card = card_of()
    points = {name: replace(at, described="<i>films</i>") for name, at in card.operating.items()}
    review.set_model(chosen_model(replace(card, operating=points)))
    assert "&lt;i&gt;films&lt;/i&gt;" in panel._sentence.text()


def test_the_finding_and_the_slider_say_the_same_of_a_point() -> None:
    rows = (OperatingRow(0.5, 285, 1),)
    points = OperatingPoints(0.5, films=600, patients=600, described="films", ill=300, healthy=300, rows=rows)
    said = finding_sentence(Finding("OPACITY", 0.9, 0.5), Evidence(points, own=False))
    assert "flags 95 of 100 ill and fewer than 1 of 100 healthy films" in said
    assert "finds 95 of 100 and calls fewer than 1 of 100 healthy films" in OperatingTable(points).sentence_at(0.5)
