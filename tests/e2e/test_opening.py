"""Opening films: dropped, named, broken, many."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from gui.films.rows import Filter
from gui.second_reader.visibility import OverlaySettings
from imaging.read.decode import decode
from imaging.show.render import display_pixels
from imaging.study import ImageRef
from inference.bundles.bundle import ModelBundle
from tests.e2e.window import PATIENCE_MS, OpenWindow, drop, film_paths, pixel, settle, words


def test_an_empty_window_invites(open_window: OpenWindow, qtbot: Any) -> None:
    window = open_window()
    settle(qtbot, window)
    assert window.empty.isVisible()
    assert window.windowTitle() == "Negatoscope"


def test_a_dropped_folder_is_listed_and_its_first_film_painted(
    open_window: OpenWindow, films: Path, trial: ModelBundle, qtbot: Any
) -> None:
    window = open_window(model=str(trial.location))
    drop(window, [films])
    settle(qtbot, window)
    assert [entry.path for entry in window.controller.review.entries] == film_paths(films)
    assert not window.empty.isVisible()
    shown = display_pixels(decode(ImageRef(film_paths(films)[0])))
    for x_px, y_px in ((128, 128), (70, 100), (190, 180)):
        expected = shown[y_px - 1 : y_px + 2, x_px - 1 : x_px + 2]
        red = pixel(window, (x_px + 0.5, y_px + 0.5)).red()
        assert int(expected.min()) - 8 <= red <= int(expected.max()) + 8


def test_a_broken_film_and_a_text_file_are_rows_with_their_reason(
    open_window: OpenWindow, films: Path, trial: ModelBundle, tmp_path: Path, qtbot: Any
) -> None:
    folder = tmp_path / "mixed"
    folder.mkdir()
    good = film_paths(films)
    shutil.copy(good[0], folder / "1.dcm")
    (folder / "2.png").write_bytes(next(p for p in good if p.suffix == ".png").read_bytes()[:60])
    (folder / "3.dcm").write_text("This is no film.", encoding="utf-8")
    window = open_window([folder], model=str(trial.location))
    settle(qtbot, window)
    said = words(window)
    assert len(said) == 3
    assert said[0].startswith(("Opacity", "No flag"))
    assert said[1].startswith("Refused: ")
    assert said[2].startswith("Refused: ")
    review = window.controller.review
    assert review.rows.count(Filter.REFUSED) == 2
    window.actions_by_name["film_next"].trigger()
    assert review.selected == 1
    settle(qtbot, window)
    assert window.view.film is None
    assert window.view.accessibleDescription().startswith("This can't be shown. ")


def test_an_empty_folder_says_so(open_window: OpenWindow, trial: ModelBundle, tmp_path: Path, qtbot: Any) -> None:
    window = open_window([tmp_path], model=str(trial.location))
    settle(qtbot, window)
    assert words(window) == ["Refused: There are no films in this folder."]


def test_a_drop_does_not_take_the_film_away(
    open_window: OpenWindow, films: Path, trial: ModelBundle, tmp_path: Path, qtbot: Any
) -> None:
    paths = film_paths(films)
    window = open_window([paths[0]], model=str(trial.location))
    settle(qtbot, window)
    film = window.view.film
    shutil.copy(paths[1], tmp_path / "later.dcm")
    drop(window, [tmp_path])
    settle(qtbot, window)
    assert len(window.controller.review.entries) == 2
    assert window.controller.review.selected == 0
    assert window.view.film is film


def test_keys_step_through_the_films(open_window: OpenWindow, films: Path, trial: ModelBundle, qtbot: Any) -> None:
    window = open_window([films], model=str(trial.location))
    settle(qtbot, window)
    review = window.controller.review
    QTest.keyClick(window, Qt.Key.Key_Down)
    assert review.selected == 1
    QTest.keyClick(window, Qt.Key.Key_Left)
    assert review.selected == 0
    QTest.keyClick(window, Qt.Key.Key_Up)
    assert review.selected == 0
    assert window.study_list.view.currentIndex().row() == 0


def test_names_beyond_ascii_open(
    open_window: OpenWindow, films: Path, trial: ModelBundle, tmp_path: Path, qtbot: Any
) -> None:
    folder = tmp_path / "снимки 🩻"
    folder.mkdir()
    shutil.copy(film_paths(films)[0], folder / "лёгкие 🫁.dcm")
    window = open_window([folder], model=str(trial.location))
    settle(qtbot, window)
    assert window.view.film is not None
    assert window.study_list._name.text() == folder.name


@pytest.mark.skipif(sys.platform != "linux", reason="names are text there")
def test_films_whose_names_differ_in_stray_bytes_are_not_mixed_up(
    open_window: OpenWindow, films: Path, trial: ModelBundle, tmp_path: Path, qtbot: Any
) -> None:
    one, other = film_paths(films)[:2]
    shutil.copy(one, tmp_path / "film.dcm")
    shutil.copy(other, tmp_path / os.fsdecode(b"film\xff.dcm"))
    window = open_window([tmp_path], model=str(trial.location))
    settle(qtbot, window)
    review = window.controller.review
    review.visibility.set_overlay(OverlaySettings(shown=True))
    for row, entry in enumerate(review.entries):
        review.select(row)
        settle(qtbot, window)
        assert window.view.overlay is not None
        assert window.view.overlay.heatmap is review.heatmap(entry.key)
    assert len({id(review.heatmap(entry.key)) for entry in review.entries}) == 2


def test_a_file_that_was_still_being_copied_is_read_when_it_is_dropped_again(
    open_window: OpenWindow, films: Path, trial: ModelBundle, tmp_path: Path, qtbot: Any
) -> None:
    whole = film_paths(films)[0]
    empty, cut = tmp_path / "a.dcm", tmp_path / "b.dcm"
    empty.touch()
    cut.write_bytes(whole.read_bytes()[:300])
    window = open_window([tmp_path], model=str(trial.location))
    settle(qtbot, window)
    review = window.controller.review
    assert review.refused == 2
    for path in (empty, cut):
        shutil.copy(whole, path)
    drop(window, [tmp_path])
    settle(qtbot, window)
    assert (review.refused, len(review.entries)) == (0, 2)
    assert all(review.findings(entry.key) for entry in review.entries)
    assert window.view.film is not None


def test_practice_films_are_drawn_into_the_users_folder(open_window: OpenWindow, user_data: Path, qtbot: Any) -> None:
    window = open_window()
    QTest.mouseClick(window.empty.buttons["practice"], Qt.MouseButton.LeftButton)
    assert window.controller.review.scanning
    settle(qtbot, window)
    assert len(window.controller.review.entries) == 12
    assert window.view.film is not None
    assert (user_data / "practice films" / "truth.json").is_file()
    assert window.controller.models.current == "practice"
    assert window.view.hasFocus()
    QTest.keyClick(window.focusWidget(), Qt.Key.Key_Down)
    assert window.controller.review.selected == 1, "the next film, and no slider"


def test_closing_all_films_brings_the_invitation_back(
    open_window: OpenWindow, films: Path, trial: ModelBundle, qtbot: Any
) -> None:
    window = open_window([films], model=str(trial.location))
    settle(qtbot, window)
    window.actions_by_name["close_films"].trigger()
    assert window.empty.isVisible()
    assert window.view.film is None
    drop(window, [films])
    settle(qtbot, window)
    assert window.view.film is not None


def test_films_that_come_under_an_old_name_open_with_their_own_window(
    open_window: OpenWindow, films: Path, trial: ModelBundle, qtbot: Any
) -> None:
    window = open_window([films], model=str(trial.location))
    settle(qtbot, window)
    window.actions_by_name["invert"].trigger()
    assert window.view.inverted
    window.actions_by_name["close_films"].trigger()
    drop(window, [films])
    settle(qtbot, window)
    assert window.view.film is not None
    assert not window.view.inverted


def test_a_film_that_fails_for_a_reason_not_its_own_says_so_and_is_tried_again(
    open_window: OpenWindow, films: Path, trial: ModelBundle, monkeypatch: pytest.MonkeyPatch, qtbot: Any
) -> None:
    def no_memory(_image: object) -> None:
        raise MemoryError

    with monkeypatch.context() as short_of_memory:
        short_of_memory.setattr("gui.viewport.prepared.prepare", no_memory)
        window = open_window([films], model=str(trial.location))
        settle(qtbot, window)
    assert window.view.film is None
    assert window.view.accessibleDescription().startswith("This can't be shown now. There is not enough memory")
    assert not any(said.startswith("Refused") for said in words(window))
    QTest.keyClick(window, Qt.Key.Key_Down)
    QTest.keyClick(window, Qt.Key.Key_Up)
    qtbot.waitUntil(lambda: window.view.film is not None, timeout=PATIENCE_MS)


def test_a_scan_can_be_stopped_from_the_menu(
    open_window: OpenWindow, trial: ModelBundle, tmp_path: Path, qtbot: Any
) -> None:
    window = open_window(model=str(trial.location))
    settle(qtbot, window)
    stop = window.actions_by_name["cancel"]
    assert not stop.isEnabled()
    window.controller.opening.open_paths([tmp_path])
    assert stop.isEnabled()
    stop.trigger()
    assert not window.controller.review.scanning
    assert not stop.isEnabled()
