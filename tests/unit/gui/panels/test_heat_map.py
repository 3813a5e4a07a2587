from __future__ import annotations

from typing import Any

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from gui.jobs import Jobs
from gui.panels.heat_map import HeatMapPanel
from gui.review import Review
from gui.second_reader.explaining import Explaining
from tests.answers import chosen_model, store
from tests.bundles import multi_label_card


def test_the_heat_map_panel_edits_the_overlay(review: Review, jobs: Jobs, qtbot: Any) -> None:
    panel = HeatMapPanel(review, Explaining(review, jobs))
    qtbot.addWidget(panel)
    panel.resize(330, 240)
    panel.show()
    review.set_model(chosen_model(multi_label_card()))
    store(review, 0.5, 0.6, 0.7)
    assert [panel.labels.itemText(row) for row in range(panel.labels.count())] == ["Effusion", "Mass", "Nodule"]
    panel.labels.setCurrentIndex(2)
    panel.labels.activated.emit(2)
    assert review.visibility.overlay.label == "NODULE"
    y_px = panel.bar.height() // 2
    QTest.mouseClick(panel.bar, Qt.MouseButton.LeftButton, pos=QPoint(round(panel.bar.x_of(70)), y_px))
    assert review.visibility.overlay.threshold == pytest.approx(0.7, abs=0.01)
    QTest.keyClick(panel.opacity, Qt.Key.Key_Home)
    assert review.visibility.overlay.opacity == 0.0
    assert "Hottest point 0.25" in panel._sentence.text()
    assert "Nothing reaches the threshold." in panel._sentence.text()
