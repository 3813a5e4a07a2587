"""Films that vanish, come back or change on the disk while they are open: the session goes on and mixes nothing up."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from gui.main_window import MainWindow
from gui.memory import digest_of
from gui.session import StoreError
from imaging.errors import FilmError
from imaging.read.decode import decode
from inference.bundles.bundle import ModelBundle
from tests.e2e.window import OpenWindow, drop, film_paths, settle, words

GONE, CHANGED = "The file is not there any more", "The file has changed since it was opened"


@pytest.fixture
def ward(films: Path, tmp_path: Path) -> Path:
    """The five films, in a folder that the test may do with as it likes."""
    shutil.copytree(films, tmp_path / "ward")
    return tmp_path / "ward"


def opened(open_window: OpenWindow, ward: Path, trial: ModelBundle, qtbot: Any) -> MainWindow:
    window = open_window([ward], model=str(trial.location))
    settle(qtbot, window)
    assert all_scored(window)
    return window


def all_scored(window: MainWindow) -> bool:
    review = window.controller.review
    return all(entry.is_film and review.findings(entry.key) for entry in review.entries)


def select(window: MainWindow, row: int, qtbot: Any) -> None:
    """Choose a film as if so many had been looked at since that none is held ready any more."""
    window.controller.reading._cache.clear()
    window.controller.review.select(row)
    settle(qtbot, window)


def test_a_film_that_vanished_says_so_and_is_there_again_when_its_file_is(
    open_window: OpenWindow, ward: Path, trial: ModelBundle, tmp_path: Path, qtbot: Any
) -> None:
    window = opened(open_window, ward, trial, qtbot)
    seen = window.controller.seen
    seen.watch(True)
    last = film_paths(ward)[4]
    score = words(window)[4]
    last.rename(tmp_path / "away")
    select(window, 4, qtbot)
    assert window.view.film is None
    assert GONE in window.view.accessibleDescription()
    assert words(window)[4].startswith(f"Refused: {GONE}")
    assert seen.message.startswith(GONE)
    QTest.keyClick(window.view, Qt.Key.Key_Up)
    settle(qtbot, window)
    assert window.view.film is not None, "the others are read as before"
    (tmp_path / "away").rename(last)
    ref = window.controller.review.entries[4].ref
    assert ref is not None
    QTest.keyClick(window.view, Qt.Key.Key_Down)
    settle(qtbot, window)
    assert window.view.film is not None
    assert words(window)[4] == score
    qtbot.waitUntil(lambda: seen.settled)
    assert seen.film is not None
    assert seen.film.key == ref.key
    qtbot.waitUntil(lambda: window.controller.thumbnails.get(ref) is not None)


def test_a_drive_that_comes_back_is_taken_up_again_by_opening_its_folder(
    open_window: OpenWindow, ward: Path, trial: ModelBundle, tmp_path: Path, qtbot: Any
) -> None:
    window = open_window([], model=str(trial.location))
    window.actions_by_name["analyse_on_opening"].trigger()
    drop(window, [ward])
    settle(qtbot, window)
    ward.rename(tmp_path / "unplugged")
    window.actions_by_name["resume"].trigger()
    settle(qtbot, window)
    assert all(GONE in said for said in words(window))
    (tmp_path / "unplugged").rename(ward)
    window.actions_by_name["analyse_on_opening"].trigger()
    drop(window, [ward])
    settle(qtbot, window)
    assert len(words(window)) == 5, "no row is added and none is lost"
    assert all_scored(window)


@pytest.mark.parametrize("how", ["another picture", "cut short"])
def test_what_is_known_of_a_film_is_never_shown_beside_another_picture(
    open_window: OpenWindow, ward: Path, trial: ModelBundle, how: str, qtbot: Any
) -> None:
    window = opened(open_window, ward, trial, qtbot)
    review = window.controller.review
    path = film_paths(ward)[3]
    content = film_paths(ward)[0].read_bytes() if how == "another picture" else path.read_bytes()[:5000]
    path.write_bytes(content)
    select(window, 3, qtbot)
    assert window.view.film is None
    assert CHANGED in window.view.accessibleDescription()
    assert words(window)[3].startswith(f"Refused: {CHANGED}")
    assert review.selected_film is None
    drop(window, [ward])
    settle(qtbot, window)
    assert words(window)[3].startswith(f"Refused: {CHANGED}"), "until the films were closed"
    window.actions_by_name["close_films"].trigger()
    drop(window, [ward])
    settle(qtbot, window)
    assert not any(CHANGED in said for said in words(window))


def test_a_film_on_screen_stays_when_its_file_goes(
    open_window: OpenWindow, ward: Path, trial: ModelBundle, qtbot: Any
) -> None:
    window = opened(open_window, ward, trial, qtbot)
    shutil.rmtree(ward)
    window.view.zoom_by(2.0)
    assert window.view.film is not None
    QTest.mouseClick(next(iter(window.findings.cards.values())).agree, Qt.MouseButton.LeftButton)
    settle(qtbot, window)
    assert window.status.message.text() == "", "the decision is stored: the film's hash was known"
    select(window, 4, qtbot)
    assert GONE in window.view.accessibleDescription()


def test_a_listed_film_in_an_archive_is_the_archives(
    open_window: OpenWindow, ward: Path, trial: ModelBundle, tmp_path: Path, qtbot: Any
) -> None:
    archive = Path(shutil.make_archive(str(tmp_path / "films"), "zip", ward))
    window = open_window([archive], model=str(trial.location))
    settle(qtbot, window)
    ref = window.controller.review.entries[0].ref
    assert ref is not None
    decode(ref)
    shutil.make_archive(str(tmp_path / "films"), "zip", tmp_path)
    with pytest.raises(FilmError, match=CHANGED):
        decode(ref)
    with pytest.raises(StoreError, match="has changed"):
        digest_of(ref)
