"""A film that the model may not speak about: its reasons, insisting on a score, and taking it back."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from pydicom import dcmread
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from gui.films.rows import Filter
from gui.frame.showing import OUTSIDE
from gui.main_window import MainWindow
from gui.panels.gate_notice import INSIST
from gui.session import film_digest, open_store
from imaging.study import ImageRef
from inference.bundles.bundle import ModelBundle
from tests.bundles import with_open_gate
from tests.e2e.window import OpenWindow, film_paths, settle, words

KNEE = 1  # the row of the film that its file calls a knee


@pytest.fixture(scope="session")
def gated(tmp_path_factory: pytest.TempPathFactory, parted: ModelBundle) -> ModelBundle:
    return with_open_gate(parted, tmp_path_factory.mktemp("models") / "gated@1", name="gated")


@pytest.fixture
def ward(films: Path, tmp_path: Path) -> Path:
    """Five films, one of which its file calls a knee, and a file that is none."""
    folder = shutil.copytree(films, tmp_path / "ward")
    knee = dcmread(film_paths(folder)[KNEE])
    knee.BodyPartExamined = "KNEE"
    knee.save_as(film_paths(folder)[KNEE])
    (folder / "notes.dcm").write_text("no film")
    return folder


@pytest.fixture
def window(open_window: OpenWindow, ward: Path, gated: ModelBundle, qtbot: Any) -> MainWindow:
    made = open_window([ward], model=str(gated.location))
    settle(qtbot, made)
    made.controller.review.select(KNEE)
    settle(qtbot, made)
    return made


def test_a_film_outside_the_gate_has_its_reason_and_no_score(window: MainWindow) -> None:
    review = window.controller.review
    assert words(window)[KNEE] == "No score: not a frontal chest film"
    assert window.findings.headline.text() == "No score"
    assert window.findings.detail.text() == "The file says that it shows another part: KNEE."
    assert review.rows.count(Filter.REFUSED) == 2
    assert window.study_list.chips[Filter.REFUSED].text() == "No score 2"
    assert window.similar.sentence.text() == "No examples for a film without a score."
    assert window.view.corner_text.model == "", "nothing of the model shows"
    QTest.mouseClick(window.study_list.chips[Filter.REFUSED], Qt.MouseButton.LeftButton)
    assert window.study_list.view.model().rowCount() == 2


def test_an_insisted_score_is_marked_everywhere_and_taken_back(window: MainWindow, ward: Path, qtbot: Any) -> None:
    review, notice = window.controller.review, window.findings.gate
    before = words(window)
    notice.insist.setFocus()
    QTest.keyClick(notice.insist, Qt.Key.Key_Space)
    settle(qtbot, window)
    assert review.visibility.ai_visible, "Space pressed the button"
    assert words(window)[KNEE].startswith("Insisted · ")
    assert [*words(window)[:KNEE], *words(window)[KNEE + 1 :]] == [*before[:KNEE], *before[KNEE + 1 :]]
    assert notice.line.text().startswith("Outside what the model knows: not a frontal chest film. Scored because")
    assert window.view.corner_text.model.startswith("gated 1")
    assert window.view.corner_text.caution == OUTSIDE
    assert window.study_list.chips[Filter.REFUSED].text() == "Refused 1"
    QTest.mouseClick(window.findings.cards["OPACITY"].agree, Qt.MouseButton.LeftButton)
    settle(qtbot, window)
    (stored,) = open_store().store.latest(film_digest(ImageRef(film_paths(ward)[KNEE])))
    assert stored.insisted
    notice.take_back.click()
    settle(qtbot, window)
    assert words(window) == before
    assert not window.findings.cards
    assert window.view.corner_text.caution == ""


def test_insisting_is_forgotten_with_the_films(window: MainWindow, ward: Path, qtbot: Any) -> None:
    window.findings.gate.insist.click()
    settle(qtbot, window)
    window.controller.close_films()
    window.controller.opening.open_paths([ward])
    settle(qtbot, window)
    assert words(window)[KNEE] == "No score: not a frontal chest film"


def test_a_film_that_is_gone_when_the_reader_insists_is_told(window: MainWindow, ward: Path, qtbot: Any) -> None:
    film_paths(ward)[KNEE].unlink()
    window.findings.gate.insist.click()
    settle(qtbot, window)
    assert window.status.message.text()
    assert words(window)[KNEE].startswith("No score")
    assert window.findings.gate.insist.isEnabled(), "to be tried again"
    assert window.findings.gate.insist.text() == INSIST


def test_the_other_models_are_asked_for_themselves(window: MainWindow, parted: ModelBundle, qtbot: Any) -> None:
    window.findings.gate.insist.click()
    settle(qtbot, window)
    window.controller.choose_model(str(parted.location))
    settle(qtbot, window)
    assert not window.controller.review.is_insisted(window.controller.review.entries[KNEE].key)
    assert window.findings.gate.isHidden(), "that model carries no gate"
