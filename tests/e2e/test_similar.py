"""The films most like the one that is looked at: those its model learnt from, and those open beside it."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom import dcmread
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from gui.films.entries import title
from gui.main_window import MainWindow
from gui.panels.similar import LEARNT_FROM, OPEN_HERE
from imaging.phantom import to_image
from imaging.phantom_teaching import is_ill, teaching_phantom
from imaging.progress import CancelToken
from imaging.study import ImageRef
from inference.bundles.bundle import ModelBundle
from inference.bundles.card import ReferenceSpec
from inference.engines.device import choose_engine
from inference.scoring.pipeline import Analyser
from inference.scoring.preprocess import network_grey, to_input
from tests.bundles import with_reference
from tests.e2e.window import PATIENCE_MS, OpenWindow, drop, film_paths, settle
from training.sealing.reference import reference_of

SEEDS = np.arange(100_000, 100_006)


@pytest.fixture(scope="session")
def learnt(tmp_path_factory: pytest.TempPathFactory, films: Path, trial: ModelBundle) -> ModelBundle:
    """A model that learnt from the first three films, and from three that nobody has."""
    analyser = Analyser(trial, choose_engine(trial, "onnx", "cpu"))
    embeddings = np.stack([analyser.analyse(ImageRef(path), CancelToken()).embedding for path in film_paths(films)])
    embeddings = np.concatenate([embeddings[:3], embeddings[2:] * 0.9 + 0.01])
    digests = [hashlib.sha256(path.read_bytes()).hexdigest() for path in film_paths(films)[:3]]
    labels = np.eye(2, dtype=np.uint8)[[0, 1, 0, 1, 1, 1]]
    spec, arrays = reference_of(embeddings, labels, [*digests, "11" * 32, "22" * 32, "33" * 32])
    return with_reference(trial, tmp_path_factory.mktemp("models") / "learnt@1", spec, arrays, name="learnt")


@pytest.fixture(scope="session")
def drawn(tmp_path_factory: pytest.TempPathFactory, trial: ModelBundle) -> ModelBundle:
    """A model that learnt from synthetic films."""
    spec = trial.card.preprocess
    grey = np.stack([network_grey(to_image(teaching_phantom(int(seed))), spec) for seed in SEEDS])
    embeddings = choose_engine(trial, "onnx", "cpu").run(to_input(grey)).embedding
    labels = np.eye(2, dtype=np.uint8)[[int(is_ill(int(seed))) for seed in SEEDS]]
    spec_of, arrays = reference_of(embeddings, labels, SEEDS)
    return with_reference(trial, tmp_path_factory.mktemp("models") / "drawn@1", spec_of, arrays, name="drawn")


def shown(window: MainWindow) -> list[str]:
    return [widget.tile.name if widget.tile is not None else "" for widget in window.similar.row.tiles]


def select(window: MainWindow, row: int, qtbot: Any) -> None:
    window.controller.review.select(row)
    settle(qtbot, window)


def test_the_films_a_model_learnt_from_stand_beside_the_film(
    open_window: OpenWindow, films: Path, learnt: ModelBundle, qtbot: Any
) -> None:
    window = open_window([films], model=str(learnt.location))
    settle(qtbot, window)
    found = window.controller.similar.found
    assert found is not None
    assert window.similar.kind == LEARNT_FROM
    assert len(found.learnt_from) == 5, "all but the film itself"
    similarities = [film.similarity for film in found.learnt_from]
    assert similarities == sorted(similarities, reverse=True)
    words = {film.labels[0].capitalize() for film in found.learnt_from[:4]}
    assert {widget.tile.word for widget in window.similar.row.tiles if widget.tile} == words
    ill = sum(film.labels == ("OPACITY",) for film in found.learnt_from)
    assert f"{ill} of the 5" in window.similar.sentence.text()
    assert "4 of all 6" in window.similar.sentence.text()


def test_a_film_the_model_learnt_from_that_is_open_here_has_its_picture_and_opens(
    open_window: OpenWindow, films: Path, learnt: ModelBundle, qtbot: Any
) -> None:
    window = open_window([films], model=str(learnt.location))
    settle(qtbot, window)
    review = window.controller.review
    own = [widget for widget in window.similar.row.tiles if widget.tile is not None and widget.tile.opens]
    others = [widget for widget in window.similar.row.tiles if widget.tile is not None and not widget.tile.opens]
    assert {widget.tile.opens for widget in own if widget.tile} <= {review.entries[row].key for row in (1, 2)}
    assert own
    assert others
    assert all(widget.tile is not None and widget.tile.image is not None for widget in own)
    assert all(widget.tile is not None and widget.tile.image is None for widget in others), "no pictures of others"
    assert not any(widget.focusPolicy() & Qt.FocusPolicy.TabFocus for widget in others)
    wanted = own[0].tile.opens if own[0].tile is not None else ""
    own[0].setFocus()
    QTest.keyClick(own[0], Qt.Key.Key_Space)
    assert review.selected_entry is not None
    assert review.selected_entry.key == wanted
    assert review.visibility.ai_visible, "Space pressed the tile"


def test_the_films_open_here_are_a_list_of_their_own(
    open_window: OpenWindow, films: Path, learnt: ModelBundle, qtbot: Any
) -> None:
    window = open_window([films], model=str(learnt.location))
    settle(qtbot, window)
    review, panel = window.controller.review, window.similar
    QTest.mouseClick(panel.chips[OPEN_HERE], Qt.MouseButton.LeftButton)
    settle(qtbot, window)
    opened = {widget.tile.opens for widget in panel.row.tiles if widget.tile is not None}
    assert opened == {entry.key for entry in review.entries[1:]}, "all four others, and not the film itself"
    assert all(widget.tile is not None and widget.tile.word.startswith("Score") for widget in panel.row.tiles)
    select(window, 1, qtbot)
    QTest.mouseClick(window.findings.cards["OPACITY"].agree, Qt.MouseButton.LeftButton)
    select(window, 0, qtbot)
    told = {widget.tile.opens: widget.tile.word for widget in panel.row.tiles if widget.tile is not None}
    assert told[review.entries[1].key] == "You agreed"
    review.visibility.set_patient_hidden(True)
    assert all(name.startswith("Film ") for name in shown(window))


def test_synthetic_films_are_drawn_again(open_window: OpenWindow, films: Path, drawn: ModelBundle, qtbot: Any) -> None:
    window = open_window([films], model=str(drawn.location))
    settle(qtbot, window)
    qtbot.waitUntil(lambda: window.settled, timeout=PATIENCE_MS)
    tiles = [widget.tile for widget in window.similar.row.tiles]
    assert all(tile is not None and tile.image is not None and not tile.opens for tile in tiles)


def test_without_a_score_or_with_the_ai_hidden_there_are_no_examples(
    open_window: OpenWindow, films: Path, learnt: ModelBundle, qtbot: Any
) -> None:
    window = open_window([], model=str(learnt.location))
    assert "appear here" in window.similar.sentence.text()
    drop(window, [films])
    settle(qtbot, window)
    height_px = window.similar.row.height()
    QTest.keyClick(window, Qt.Key.Key_Space)
    assert shown(window) == [""] * 4
    assert "Space shows it" in window.similar.sentence.text()
    assert window.similar.row.height() == height_px, "nothing moves"
    QTest.keyClick(window, Qt.Key.Key_Space)
    assert all(shown(window))


def test_a_model_without_references_shows_the_films_open_here(
    open_window: OpenWindow, films: Path, trial: ModelBundle, qtbot: Any
) -> None:
    window = open_window([films], model=str(trial.location))
    settle(qtbot, window)
    assert window.similar.kind == OPEN_HERE
    assert all(shown(window))
    QTest.mouseClick(window.similar.chips[LEARNT_FROM], Qt.MouseButton.LeftButton)
    assert shown(window) == [""] * 4
    assert "carries no films" in window.similar.sentence.text()


def test_the_same_picture_twice_is_told(open_window: OpenWindow, films: Path, learnt: ModelBundle, qtbot: Any) -> None:
    folder = films.parent / "twins"
    shutil.copytree(films, folder, dirs_exist_ok=True)
    shutil.copy(film_paths(films)[1], folder / "film-99.dcm")
    window = open_window([folder], model=str(learnt.location))
    settle(qtbot, window)
    similar, review = window.controller.similar, window.controller.review
    assert similar.twins() == ()
    select(window, 1, qtbot)
    assert similar.twins() == (review.entries[5].key,)
    QTest.mouseClick(window.similar.chips[OPEN_HERE], Qt.MouseButton.LeftButton)
    first = window.similar.row.tiles[0].tile
    assert first is not None
    assert (first.likeness, first.opens) == ("Same picture", review.entries[5].key)
    assert similar.was_trained_on(review.entries[5].key)
    assert not similar.was_trained_on(review.entries[4].key)
    select(window, 5, qtbot)
    said = window.findings.remarks.text()
    assert "The model was trained on this film." in said
    assert f"The same picture as {title(review.entries[1], 1, hide_patient=False)}, row 2 of the list." in said
    review.visibility.set_patient_hidden(True)
    assert "The same picture as Film 2, row 2" in window.findings.remarks.text()
    select(window, 4, qtbot)
    assert window.findings.remarks.isHidden()


def test_the_same_picture_in_another_file_is_told(
    open_window: OpenWindow, films: Path, trial: ModelBundle, tmp_path: Path, qtbot: Any
) -> None:
    shutil.copytree(films, tmp_path / "ward")
    film = dcmread(film_paths(films)[0])
    film.PatientID = "ANOTHER"
    film.save_as(tmp_path / "ward" / "film-99.dcm")
    window = open_window([tmp_path / "ward"], model=str(trial.location))
    settle(qtbot, window)
    assert "row 6 of the list" in window.findings.remarks.text()


def test_a_model_with_damaged_references_is_refused_in_words(
    open_window: OpenWindow, films: Path, trial: ModelBundle, tmp_path: Path, qtbot: Any
) -> None:
    spec = ReferenceSpec(2, "films it was trained on", "digest")
    hostile = with_reference(trial, tmp_path / "hostile@1", spec, {"embeddings": np.full((2, 96), np.nan, np.float16)})
    window = open_window([films], model=str(hostile.location))
    settle(qtbot, window)
    assert window.controller.review.model is None
    assert window.findings.detail.text() == "The model&#x27;s reference films do not fit its card."
    assert "Without a model" in window.similar.sentence.text()


def test_the_panel_closes_like_the_others(open_window: OpenWindow, qtbot: Any) -> None:
    window = open_window([])
    window.actions_by_name["show_similar"].trigger()
    assert window.similar.isHidden()
    window.actions_by_name["show_similar"].trigger()
    assert not window.similar.isHidden()
