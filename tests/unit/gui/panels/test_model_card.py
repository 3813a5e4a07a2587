from __future__ import annotations

from typing import Any

from gui.panels.model_card import ModelPanel
from gui.review import Review
from tests.answers import chosen_model


def test_the_foot_of_the_column_names_the_model_and_its_network(review: Review, qtbot: Any) -> None:
    panel = ModelPanel(review)
    qtbot.addWidget(panel)
    assert panel.text.text() == "No model is chosen."
    review.set_model(chosen_model())
    assert "trial 1" in panel.text.text()
    assert "Tiny CNN · trained on " in panel.text.text()
    assert ". <a href" in panel.text.text()
    with qtbot.waitSignal(panel.card_asked):
        panel.text.linkActivated.emit("card")
