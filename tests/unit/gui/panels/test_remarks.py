from __future__ import annotations

from gui.panels.remarks import remarks
from gui.review import Review
from inference.scoring.results import Finding, GateVerdict
from tests.answers import answer, chosen_model


def test_a_film_without_a_score_has_no_mean_of_one(review: Review) -> None:
    engine = "onnx-cpu+5views"
    review.set_model(chosen_model(engine=engine))
    for findings, said in (((Finding("OPACITY", 0.5, 0.4),), 1), ((), 0)):
        gate = GateVerdict(bool(findings), () if findings else ("quality",))
        review.store("a.png", answer("a.png", findings, gate=gate, engine=engine))
        assert len(remarks(review, None, "a.png")) == said
