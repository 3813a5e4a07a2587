from __future__ import annotations

from typing import Any

from gui.panels.findings import FindingsPanel
from gui.review import Review
from inference.scoring.results import Finding, GateVerdict
from tests.answers import answer, chosen_model


def gated(review: Review, *, insisted: bool = False) -> None:
    """A film outside the gate, as the analyser hands it over."""
    words = ("It looks like a chest film upside down.", "It is unlike <the> films that the model was trained on.")
    gate = GateVerdict(False, ("not_frontal_chest", "unlike_training"), words, insisted)
    findings = (Finding("OPACITY", 0.9, 0.4),) if insisted else ()
    review.store("a.png", answer("a.png", findings, gate=gate))


def test_a_film_outside_the_gate_has_its_reasons_and_a_way_to_insist(
    review: Review, findings: FindingsPanel, qtbot: Any
) -> None:
    review.set_model(chosen_model())
    gated(review)
    assert findings.headline.text() == "No score"
    said = findings.detail.text()
    assert said.split("<br>")[0] == "It looks like a chest film upside down."
    assert "&lt;the&gt; films" in said
    assert findings.gate.insist.isVisibleTo(findings)
    assert not findings.gate.take_back.isVisibleTo(findings)
    with qtbot.waitSignal(findings.gate.insist_asked) as asked:
        findings.gate.insist.click()
    assert asked.args == ["a.png"]


def test_an_insisted_score_stands_below_an_amber_line(review: Review, findings: FindingsPanel, qtbot: Any) -> None:
    review.set_model(chosen_model())
    gated(review)
    gated(review, insisted=True)
    expected = (
        "Outside what the model knows: not a frontal chest film, unlike the films it was trained on. "
        "Scored because you insisted."
    )
    assert findings.gate.line.text() == expected
    assert findings.gate.line.property("tone") == "amber"
    assert not findings.gate.insist.isVisibleTo(findings)
    assert findings.column.indexOf(findings.gate) < findings.column.indexOf(findings.cards["OPACITY"])
    review.visibility.set_ai_visible(False)
    assert not findings.gate.isVisibleTo(findings)
    review.visibility.set_ai_visible(True)
    with qtbot.waitSignal(findings.gate.take_back_asked) as asked:
        findings.gate.take_back.click()
    review.take_back(*asked.args)
    assert findings.headline.text() == "No score"
    assert not findings.cards
