from __future__ import annotations

from typing import Any

from gui.deciding import Deciding
from gui.panels.findings import FindingsPanel
from gui.review import Review
from inference.results import Finding, GateVerdict
from tests.answers import answer, chosen_model


def gated(review: Review, *, insisted: bool = False) -> None:
    """A film outside the gate, as the analyser hands it over."""
    words = ("It looks like a chest film upside down.", "It is unlike <the> films that the model was trained on.")
    gate = GateVerdict(False, ("not_frontal_chest", "unlike_training"), words, insisted)
    findings = (Finding("OPACITY", 0.9, 0.4),) if insisted else ()
    review.store("a.png", answer("a.png", findings, gate=gate))


def test_a_film_outside_the_gate_has_its_reasons_and_a_way_to_insist(
    review: Review, deciding: Deciding, qtbot: Any
) -> None:
    panel = FindingsPanel(review, deciding)
    qtbot.addWidget(panel)
    review.set_model(chosen_model())
    gated(review)
    assert panel.headline.text() == "No score"
    said = panel.detail.text()
    assert said.split("<br>")[0] == "It looks like a chest film upside down."
    assert "&lt;the&gt; films" in said
    assert panel.gate.insist.isVisibleTo(panel)
    assert not panel.gate.take_back.isVisibleTo(panel)
    with qtbot.waitSignal(panel.gate.insist_asked) as asked:
        panel.gate.insist.click()
    assert asked.args == ["a.png"]


def test_an_insisted_score_stands_below_an_amber_line(review: Review, deciding: Deciding, qtbot: Any) -> None:
    panel = FindingsPanel(review, deciding)
    qtbot.addWidget(panel)
    review.set_model(chosen_model())
    gated(review)
    gated(review, insisted=True)
    expected = (
        "Outside what the model knows: not a frontal chest film, unlike the films it was trained on. "
        "Scored because you insisted."
    )
    assert panel.gate.line.text() == expected
    assert panel.gate.line.property("tone") == "amber"
    assert not panel.gate.insist.isVisibleTo(panel)
    assert panel.column.indexOf(panel.gate) < panel.column.indexOf(panel.cards["OPACITY"])
    review.visibility.set_ai_visible(False)
    assert not panel.gate.isVisibleTo(panel)
    review.visibility.set_ai_visible(True)
    with qtbot.waitSignal(panel.gate.take_back_asked) as asked:
        panel.gate.take_back.click()
    review.take_back(*asked.args)
    assert panel.headline.text() == "No score"
    assert not panel.cards
