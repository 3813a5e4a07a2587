from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from gui.analysis_queue import QueueProgress
from gui.deciding import Deciding
from gui.decision import Verdict
from gui.entries import Entry, Stage
from gui.explaining import Explaining
from gui.jobs import Jobs
from gui.memory import Memory
from gui.panels.findings import FindingsPanel
from gui.panels.heat_map import HeatMapPanel
from gui.panels.model_card import ModelPanel
from gui.panels.remarks import remarks
from gui.panels.sensitivity import SensitivityPanel, SensitivityTrack
from gui.panels.status_bar import StatusBar
from gui.panels.wording import finding_sentence
from gui.review import Review
from gui.scores import RECOMMENDED_SENSITIVITY, ChosenModel, Evidence
from imaging.heatmap import Heatmap
from imaging.release import Release
from imaging.study import ImageRef
from inference.card import Calibration, ModelCard, OperatingPoints, OperatingRow
from inference.operating import OperatingTable
from inference.results import Finding, GateVerdict, ImageResult
from tests.bundles import card_of, multi_label_card

WHY = "ONNX Runtime on the CPU (no GPU found)"


@pytest.fixture
def review(themed: QApplication) -> Review:
    made = Review()
    made.add([Entry(Path("a.png"), ImageRef(Path("a.png")))])
    return made


@pytest.fixture
def deciding(review: Review, jobs: Jobs) -> Iterator[Deciding]:
    memory = Memory(jobs, Path(":memory:"))
    yield Deciding(review, memory)
    jobs.shutdown()
    memory._desk.close()


def chosen(review: Review, *, multi: bool = False) -> None:
    card = multi_label_card() if multi else card_of()
    review.set_model(ChosenModel(card.id, card, "0" * 64, "onnx-cpu", WHY))


def store(review: Review, *probabilities: float, raw: float = 0.01, key: str = "a.png") -> None:
    model = review.model
    assert model is not None
    labels = model.card.findings
    heat = np.full((2, 2), raw, np.float32)
    findings = tuple(Finding(name, value, 0.4) for name, value in zip(labels, probabilities, strict=True))
    heatmaps = tuple(Heatmap(name, heat, model.card.heat_scale[name]) for name in labels)
    ref, embedding = ImageRef(Path(key)), np.zeros(4, np.float32)
    review.store(
        key, ImageResult(ref, model.id, "0" * 64, findings, heatmaps, GateVerdict(), 0.1, "onnx-cpu", embedding)
    )


def test_a_flagged_finding_reads_as_suspected(review: Review, deciding: Deciding, qtbot: Any) -> None:
    panel = FindingsPanel(review, deciding)
    qtbot.addWidget(panel)
    chosen(review)
    store(review, 0.5)
    card = panel.cards["OPACITY"]
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
    review: Review, deciding: Deciding, qtbot: Any, stage: Stage, headline: str
) -> None:
    panel = FindingsPanel(review, deciding)
    qtbot.addWidget(panel)
    chosen(review)
    review.set_stage("a.png", stage)
    assert panel.headline.text() == headline
    assert not panel.cards


def test_a_missing_model_is_told_in_its_own_words(review: Review, deciding: Deciding, qtbot: Any) -> None:
    panel, foot = FindingsPanel(review, deciding), ModelPanel(review)
    for widget in (panel, foot):
        qtbot.addWidget(widget)
    review.set_model(None, "The model card was changed after it was written.")
    assert panel.detail.text() == "The model card was changed after it was written."
    assert "changed after it was written" in foot._message.text()


def test_hidden_ai_leaves_no_score_in_the_panel(review: Review, deciding: Deciding, qtbot: Any) -> None:
    panel = FindingsPanel(review, deciding)
    qtbot.addWidget(panel)
    chosen(review)
    store(review, 0.5)
    review.visibility.set_ai_visible(False)
    assert not panel.cards
    assert panel.word.text() == "AI hidden"


def test_what_is_taken_back_comes_into_sight(review: Review, deciding: Deciding) -> None:
    review.add([Entry(Path("b.png"), ImageRef(Path("b.png")))])
    chosen(review)
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


def test_a_verdict_is_pressed_taken_back_and_undone(review: Review, deciding: Deciding, qtbot: Any) -> None:
    panel = FindingsPanel(review, deciding)
    qtbot.addWidget(panel)
    panel.show()
    chosen(review)
    store(review, 0.5)
    card = panel.cards["OPACITY"]
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


def test_a_note_is_kept_beside_the_verdict(review: Review, deciding: Deciding, qtbot: Any) -> None:
    panel = FindingsPanel(review, deciding)
    qtbot.addWidget(panel)
    panel.show()
    chosen(review)
    store(review, 0.5)
    card = panel.cards["OPACITY"]
    QTest.mouseClick(card.agree, Qt.MouseButton.LeftButton)
    QTest.mouseClick(card.note, Qt.MouseButton.LeftButton)
    card.edit.setPlainText("Right lower lobe")
    card.edit.note_written.emit("Right lower lobe")
    decision = deciding.decision("a.png", "OPACITY")
    assert decision is not None
    assert (decision.verdict, decision.note, decision.operating_point) == (Verdict.AGREE, "Right lower lobe", 0.4)
    assert (decision.model, decision.weights_sha256, decision.probability) == ("trial@1", "0" * 64, 0.5)


def test_a_note_stays_with_the_film_it_was_written_for(review: Review, deciding: Deciding, qtbot: Any) -> None:
    review.add([Entry(Path("b.png"), ImageRef(Path("b.png")))])
    panel = FindingsPanel(review, deciding)
    qtbot.addWidget(panel)
    panel.show()
    panel.activateWindow()
    chosen(review)
    store(review, 0.5)
    store(review, 0.5, key="b.png")
    card = panel.cards["OPACITY"]
    QTest.mouseClick(card.note, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(card.edit.hasFocus)
    QTest.keyClicks(card.edit, "Seen on a")
    review.select(1)
    assert card.edit.toPlainText() == ""
    first, second = deciding.decision("a.png", "OPACITY"), deciding.decision("b.png", "OPACITY")
    assert first is not None
    assert first.note == "Seen on a"
    assert second is None


def test_the_slider_moves_the_operating_point_by_mouse_and_by_keys(review: Review, qtbot: Any) -> None:
    panel = SensitivityPanel(review)
    qtbot.addWidget(panel)
    panel.resize(330, 200)
    panel.show()
    chosen(review)
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


def test_the_sentence_names_its_films(review: Review, qtbot: Any) -> None:
    panel = SensitivityPanel(review)
    qtbot.addWidget(panel)
    chosen(review)
    words = panel._sentence.text()
    assert words.startswith("On 50 validation films of the same hospital it finds 95 of 100 and calls 20 of 100")
    assert words.endswith("on films from elsewhere often more.")
    assert panel._intervals.text() == "95 % intervals: 76–99 and 9–38 of 100"
    review.set_model(None, "No model was found.")
    assert panel._intervals.isHidden()


@pytest.mark.parametrize("value", range(500, 1001, 5))
def test_every_value_of_the_track_comes_back_from_its_place(themed: QApplication, qtbot: Any, value: int) -> None:
    track = SensitivityTrack()
    qtbot.addWidget(track)
    assert track.value_at(track.share_of(value)) == value


def test_the_heat_map_panel_edits_the_overlay(review: Review, jobs: Jobs, qtbot: Any) -> None:
    panel = HeatMapPanel(review, Explaining(review, jobs))
    qtbot.addWidget(panel)
    panel.resize(330, 240)
    panel.show()
    chosen(review, multi=True)
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


def test_the_status_bar_counts_and_offers_to_stop_and_to_go_on(review: Review, qtbot: Any) -> None:
    bar = StatusBar(review)
    qtbot.addWidget(bar)
    bar.resize(1280, 32)
    bar.show()
    chosen(review)
    assert bar.engine.text() == WHY
    bar.show_queue(QueueProgress(24, 40, active=True))
    assert bar.queue.text() == "Analysing 25 of 40"
    with qtbot.waitSignal(bar.cancel_asked):
        QTest.mouseClick(bar.button, Qt.MouseButton.LeftButton)
    bar.show_queue(QueueProgress(0, 0, stopped=True))
    with qtbot.waitSignal(bar.resume_asked):
        QTest.mouseClick(bar.button, Qt.MouseButton.LeftButton)
    assert bar.button.text() == "Go on"
    bar.show_queue(QueueProgress(0, 0, stopped=True, held=True))
    assert (bar.queue.text(), bar.button.text()) == ("Not analysed yet", "Analyse")
    bar.show_queue(QueueProgress())
    assert not bar.button.isVisible()


def test_the_status_bar_of_a_frozen_program_says_its_flavour(review: Review, qtbot: Any) -> None:
    bar = StatusBar(review)
    qtbot.addWidget(bar)
    chosen(review)
    bar.show_release(Release("source"))
    assert bar.engine.text() == WHY
    bar.show_release(Release("viewer"))
    assert bar.engine.text() == f"viewer flavour: {WHY}"


def test_the_foot_of_the_column_names_the_model_and_its_network(review: Review, qtbot: Any) -> None:
    panel = ModelPanel(review)
    qtbot.addWidget(panel)
    assert panel.text.text() == "No model is chosen."
    chosen(review)
    assert "trial 1" in panel.text.text()
    assert "Tiny CNN · trained on " in panel.text.text()
    assert ". <a href" in panel.text.text()
    with qtbot.waitSignal(panel.card_asked):
        panel.text.linkActivated.emit("card")


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


def test_words_from_elsewhere_are_no_markup(review: Review, deciding: Deciding, qtbot: Any) -> None:
    panel = FindingsPanel(review, deciding)
    qtbot.addWidget(panel)
    review.set_model(None, "There is no model <b>x</b>.")
    assert panel.detail.text() == "There is no model &lt;b&gt;x&lt;/b&gt;."
    card = card_of()
    points = {name: replace(at, described="<i>films</i>") for name, at in card.operating.items()}
    slider = SensitivityPanel(review)
    qtbot.addWidget(slider)
    review.set_model(ChosenModel(card.id, replace(card, operating=points), "0" * 64, "onnx-cpu", WHY))
    assert "&lt;i&gt;films&lt;/i&gt;" in slider._sentence.text()


def gated(review: Review, *, insisted: bool = False) -> None:
    """A film outside the gate, as the analyser hands it over."""
    model = review.model
    assert model is not None
    words = ("It looks like a chest film upside down.", "It is unlike <the> films that the model was trained on.")
    gate = GateVerdict(False, ("not_frontal_chest", "unlike_training"), words, insisted)
    findings = (Finding("OPACITY", 0.9, 0.4),) if insisted else ()
    ref, embedding = ImageRef(Path("a.png")), np.zeros(4, np.float32)
    review.store("a.png", ImageResult(ref, model.id, "0" * 64, findings, (), gate, 0.1, "onnx-cpu", embedding))


def test_a_film_outside_the_gate_has_its_reasons_and_a_way_to_insist(
    review: Review, deciding: Deciding, qtbot: Any
) -> None:
    panel = FindingsPanel(review, deciding)
    qtbot.addWidget(panel)
    chosen(review)
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
    chosen(review)
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


def many_card(*recommended: float) -> ModelCard:
    """A card of as many findings, each with its own recommended point."""
    labels = tuple(f"FINDING_{number}" for number in range(len(recommended)))
    points = card_of().operating["OPACITY"]
    return replace(
        multi_label_card(),
        labels=labels,
        calibration=dict.fromkeys(labels, Calibration()),
        operating={name: replace(points, recommended=at) for name, at in zip(labels, recommended, strict=True)},
        heat_scale=dict.fromkeys(labels, 0.02),
    )


def test_of_many_findings_those_without_a_flag_are_folded(review: Review, deciding: Deciding, qtbot: Any) -> None:
    panel = FindingsPanel(review, deciding)
    qtbot.addWidget(panel)
    panel.show()
    card = many_card(0.4, 0.4, 0.6, 0.6)
    review.set_model(ChosenModel(card.id, card, "0" * 64, "onnx-cpu", WHY))
    store(review, 0.5, 0.3, 0.5, 0.3)

    def open_cards() -> list[bool]:
        return [shown.agree.isVisibleTo(panel) for shown in panel.cards.values()]

    qtbot.waitUntil(lambda: open_cards() == [True, False, False, False])
    assert all(shown.score.isVisibleTo(panel) for shown in panel.cards.values())
    last = panel.cards["FINDING_3"]
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
    panel.refresh()
    assert open_cards() == [True, False, True, False]


def test_a_finding_that_is_called_like_markup_is_shown_as_it_is_called(
    review: Review, deciding: Deciding, qtbot: Any
) -> None:
    panel = FindingsPanel(review, deciding)
    qtbot.addWidget(panel)
    name = "<h1>large"
    points = card_of().operating["OPACITY"]
    card = replace(
        card_of(labels=("NORMAL", name)),
        calibration={name: Calibration()},
        operating={name: points},
        heat_scale={name: 0.02},
    )
    review.set_model(ChosenModel(card.id, card, "0" * 64, "onnx-cpu", WHY))
    store(review, 0.5)
    title = panel.cards[name].title
    assert (title.text(), title.textFormat()) == ("<h1>large suspected", Qt.TextFormat.PlainText)


def test_three_findings_are_all_open(review: Review, deciding: Deciding, qtbot: Any) -> None:
    panel = FindingsPanel(review, deciding)
    qtbot.addWidget(panel)
    panel.show()
    chosen(review, multi=True)
    store(review, 0.1, 0.1, 0.1)
    qtbot.waitUntil(lambda: all(card.agree.isVisibleTo(panel) for card in panel.cards.values()))
    assert all(card.more.isHidden() for card in panel.cards.values())


def test_many_findings_share_a_sentence_below_the_slider(review: Review, qtbot: Any) -> None:
    panel = SensitivityPanel(review)
    qtbot.addWidget(panel)
    card = many_card(0.4, 0.4, 0.6, 0.6)
    review.set_model(ChosenModel(card.id, card, "0" * 64, "onnx-cpu", WHY))
    lines = panel._sentence.text().split("<br>")
    assert lines[0].startswith("On 50 validation films of the same hospital")
    assert lines[1] == "Finding 0 95 (76–99) and 20 (9–38)"
    assert lines[4] == "Finding 3 75 (53–89) and 3 (1–17)"
    assert "elsewhere" in lines[5]
    own = replace(card.operating["FINDING_0"], films=60)
    card = replace(card, operating={**card.operating, "FINDING_0": own})
    review.set_model(ChosenModel(card.id, card, "0" * 64, "onnx-cpu", WHY))
    assert "On 60 validation films" in panel._sentence.text(), "each is said of its own films"


def test_the_finding_and_the_slider_say_the_same_of_a_point() -> None:
    rows = (OperatingRow(0.5, 285, 1),)
    points = OperatingPoints(0.5, films=600, patients=600, described="films", ill=300, healthy=300, rows=rows)
    said = finding_sentence(Finding("OPACITY", 0.9, 0.5), Evidence(points, own=False))
    assert "flags 95 of 100 ill and fewer than 1 of 100 healthy films" in said
    assert "finds 95 of 100 and calls fewer than 1 of 100 healthy films" in OperatingTable(points).sentence_at(0.5)


def test_a_long_message_ends_in_an_ellipsis_and_widens_nothing(review: Review, qtbot: Any) -> None:
    bar = StatusBar(review)
    qtbot.addWidget(bar)
    bar.resize(900, 32)
    bar.show()
    bar.show_message("These folders are named after the model’s labels. " * 8)
    assert bar.minimumSizeHint().width() < 900
    qtbot.waitUntil(lambda: 0 < bar.message.width() < 900)
    assert bar.message.shown.endswith("…")
    assert "labels. These" in bar.message.toolTip()


def test_a_film_without_a_score_has_no_mean_of_one(review: Review) -> None:
    chosen(review)
    model = review.model
    assert model is not None
    ref, embedding, engine = ImageRef(Path("a.png")), np.zeros(4, np.float32), "onnx-cpu+5views"
    review.set_model(replace(model, engine=engine))
    for findings, said in (((Finding("OPACITY", 0.5, 0.4),), 1), ((), 0)):
        gate = GateVerdict(bool(findings), () if findings else ("quality",))
        review.store("a.png", ImageResult(ref, model.id, "0" * 64, findings, (), gate, 0.1, engine, embedding))
        assert len(remarks(review, None, "a.png")) == said
