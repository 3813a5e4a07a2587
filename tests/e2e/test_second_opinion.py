"""A second model beside the first: each at its own operating point, on the films that the reader asks for."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path
from typing import Any

import pytest
from pydicom import dcmread
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from gui.main_window import MainWindow
from gui.panels.second import ASK, SEND_AWAY, offer_words, pair_words
from gui.second_reader.second_offers import Offer
from gui.second_reader.second_opinion import Pair, Scope
from imaging.errors import Code, FilmError
from imaging.progress import CancelToken
from imaging.study import ImageRef
from inference.bundles.bundle import ModelBundle, read_bundle
from inference.engines.device import choose_engine
from inference.scoring.pipeline import Analyser
from inference.scoring.results import Finding
from tests.bundles import card_of, multi_label_card, with_open_gate, write_trial_bundle
from tests.e2e.window import PATIENCE_MS, OpenWindow, film_paths, settle


@pytest.fixture(scope="session")
def others(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of models: one with a finding of the same name, one without."""
    folder = tmp_path_factory.mktemp("others")
    points = dataclasses.replace(card_of().operating["OPACITY"], recommended=0.6)
    write_trial_bundle(folder / "other@1", card_of(name="other", operating={"OPACITY": points}), seed=5)
    card = multi_label_card()
    write_trial_bundle(folder / "many@1", dataclasses.replace(card, name="many"))
    return folder


@pytest.fixture
def installed(others: Path, user_data: Path) -> Path:
    """The user's folder of models, with these in it."""
    return shutil.copytree(others, user_data / "models")


@pytest.fixture
def window(open_window: OpenWindow, films: Path, trial: ModelBundle, installed: Path, qtbot: Any) -> MainWindow:
    made = open_window([films], model=str(trial.location))
    settle(qtbot, made)
    qtbot.waitUntil(lambda: bool(made.controller.second.offers), timeout=PATIENCE_MS)
    return made


def choose(window: MainWindow, model_id: str, qtbot: Any) -> None:
    """Take a model from the menu."""
    menu = window.second.menu()
    text = model_id.replace("@", " ")
    next(action for action in menu.actions() if action.text().startswith(text)).trigger()
    qtbot.waitUntil(lambda: not window.controller.second.message, timeout=PATIENCE_MS)
    settle(qtbot, window)


def test_the_second_model_speaks_at_its_own_operating_point(
    window: MainWindow, films: Path, others: Path, qtbot: Any
) -> None:
    review, second, box = window.controller.review, window.controller.second, window.second
    choose(window, "other@1", qtbot)
    entry = review.entries[0]
    (pair,) = second.pairs(entry.key)
    assert pair.second is not None
    assert (pair.first.operating_point, pair.second.operating_point) == (0.4, 0.6)
    bundle = read_bundle(others / "other@1")
    alone = Analyser(bundle, choose_engine(bundle, "onnx", "cpu")).analyse(
        ImageRef(film_paths(films)[0]), CancelToken()
    )
    assert abs(pair.second.probability - alone.findings[0].probability) < 1e-4
    assert pair.first.probability != pair.second.probability
    assert box.scores[0].score.text()
    assert "(0.40 and 0.60)" in box.sentence.text()
    review.set_sensitivity(0.7)
    (moved,) = second.pairs(entry.key)
    assert moved.second == pair.second, "the slider of one model moves no threshold of another"
    assert moved.first.operating_point == 0.6
    assert second.times is not None
    assert box.cost.text().startswith("Both take ")


def test_it_reads_the_films_that_are_looked_at_until_all_are_asked_for(window: MainWindow, qtbot: Any) -> None:
    review, second = window.controller.review, window.controller.second
    choose(window, "other@1", qtbot)

    def read() -> list[bool]:
        return [second.result(entry.key) is not None for entry in review.entries]

    assert read() == [True, False, False, False, False]
    review.select(3)
    settle(qtbot, window)
    assert read() == [True, False, False, True, False]
    QTest.mouseClick(window.second.chips[Scope.ALL], Qt.MouseButton.LeftButton)
    settle(qtbot, window)
    assert all(read())
    flagged = [review.rows.words(row).text for row in range(5)]
    window.controller.choose_model("other@1")
    settle(qtbot, window)
    assert second.model is None, "the first model is no second opinion on itself"
    assert flagged != [review.rows.words(row).text for row in range(5)]


def test_it_is_sent_away_and_comes_back_with_what_it_said(window: MainWindow, qtbot: Any) -> None:
    review, second, box = window.controller.review, window.controller.second, window.second
    assert box.ask.text() == ASK
    choose(window, "other@1", qtbot)
    said = second.pairs(review.entries[0].key)
    next(action for action in box.menu().actions() if action.text() == SEND_AWAY).trigger()
    assert second.model is None
    assert box.ask.text() == ASK
    assert not box.sentence.isVisibleTo(window)
    choose(window, "other@1", qtbot)
    assert second.pairs(review.entries[0].key) == said
    QTest.keyClick(window, Qt.Key.Key_Space)
    assert box.isHidden()


@pytest.mark.parametrize("everything", [True, False])
def test_a_film_that_is_back_is_read_by_the_second_model_too(
    window: MainWindow, films: Path, tmp_path: Path, qtbot: Any, everything: bool
) -> None:
    ward = shutil.copytree(films, tmp_path / "ward")
    window.controller.close_films()
    window.controller.opening.open_paths([ward])
    settle(qtbot, window)
    review, second = window.controller.review, window.controller.second
    gone = film_paths(ward)[1]
    gone.rename(tmp_path / "away")
    choose(window, "other@1", qtbot)
    second.read_all(everything)
    settle(qtbot, window)
    review.select(1)  # held ready: what is on screen needs no file
    settle(qtbot, window)
    key = review.entries[1].key
    assert second.failure(key)
    review.refuse(key, FilmError(Code.MISSING, "The file is not there any more."))
    (tmp_path / "away").rename(gone)
    review.readmit(key)
    settle(qtbot, window)
    assert (second.failure(key), second.result(key) is not None) == ("", True)


def test_a_model_without_the_finding_is_no_second_opinion(window: MainWindow, qtbot: Any) -> None:
    offers = {offer.id: offer for offer in window.controller.second.offers}
    assert offers["other@1"].shared == ("OPACITY",)
    assert offers["many@1"].shared == ()
    said = [action.text() for action in window.second.menu().actions()]
    other, heading, many = (
        next(place for place, text in enumerate(said) if text.startswith(start))
        for start in ("other 1", "Without a finding", "many 1")
    )
    assert other < heading < many
    assert said[other] == "other 1 · about 2.0 times the time per film", "the networks are the same"
    choose(window, "many@1", qtbot)
    assert "knows no finding of this name" in window.second.sentence.text()
    assert "mass 0." in window.second.sentence.text()
    assert not any(score.isVisibleTo(window) for score in window.second.scores)


def test_both_models_average_as_many_views(window: MainWindow, qtbot: Any) -> None:
    second = window.controller.second
    choose(window, "other@1", qtbot)
    second.read_all(True)
    window.actions_by_name["views"].trigger()
    settle(qtbot, window)
    qtbot.waitUntil(lambda: second.model is not None and second.model.engine.endswith("+5views"), timeout=PATIENCE_MS)
    settle(qtbot, window)
    results = [second.result(entry.key) for entry in window.controller.review.entries]
    assert all(result is not None and result.engine.endswith("+5views") for result in results), "all, as before"


def test_a_second_model_that_is_gone_is_told(window: MainWindow, installed: Path, qtbot: Any) -> None:
    shutil.rmtree(installed / "other@1")
    menu = window.second.menu()
    next(action for action in menu.actions() if action.text().startswith("other 1")).trigger()
    qtbot.waitUntil(lambda: "There is no model" in window.second.sentence.text(), timeout=PATIENCE_MS)
    assert window.controller.review.findings(window.controller.review.entries[0].key), "the first one is unharmed"


def test_the_gate_of_the_second_model_is_its_own(
    open_window: OpenWindow, films: Path, trial: ModelBundle, installed: Path, qtbot: Any
) -> None:
    with_open_gate(read_bundle(installed / "other@1"), installed / "gated@1", name="gated")
    knee = dcmread(film_paths(films)[0])
    knee.BodyPartExamined = "KNEE"
    knee.save_as(installed.parent / "knee.dcm")
    window = open_window([installed.parent / "knee.dcm"], model=str(trial.location))
    settle(qtbot, window)
    qtbot.waitUntil(lambda: len(window.controller.second.offers) >= 3, timeout=PATIENCE_MS)
    choose(window, "gated@1", qtbot)
    assert window.findings.cards, "the first one carries no gate"
    expected = "It gives no score. The file says that it shows another part: KNEE."
    assert window.second.sentence.text() == expected
    assert not any(score.isVisibleTo(window) for score in window.second.scores)


@pytest.mark.parametrize(
    ("times", "words"),
    [
        (2.04, "x 1 · about 2.0 times the time per film"),
        (1.02, "x 1 · hardly longer per film"),
        (None, "then measured"),
    ],
)
def test_the_cost_is_told_beforehand(times: float | None, words: str) -> None:
    assert words in offer_words(Offer("x@1", "X", ("OPACITY",), ("OPACITY",), times))


@pytest.mark.parametrize(
    ("scores", "said"),
    [
        ((0.9, 0.9), "Both flag it"),
        ((0.1, 0.1), "Neither flags it"),
        ((0.9, 0.1), "Only first 1 flags it"),
        ((0.1, 0.9), "Only second 1 flags it"),
    ],
)
def test_agreement_in_words(scores: tuple[float, float], said: str) -> None:
    pair = Pair(Finding("OPACITY", scores[0], 0.4), Finding("opacity", scores[1], 0.6))
    assert said in pair_words(pair, "first 1", "second 1", named=False)
    assert said.removesuffix("it") + "opacity" in pair_words(pair, "first 1", "second 1", named=True)
