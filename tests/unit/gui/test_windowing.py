"""The windows that a film offers: by name in a menu, by digit on the keyboard."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu, QVBoxLayout, QWidget

from gui.frame.windowing import Windowing, offers
from gui.viewport.film_view import FilmView
from gui.viewport.prepared import prepare
from imaging.image import DecodedImage
from imaging.read.decode import decode
from imaging.show.window import PRESETS, automatic_window, full_range
from imaging.study import ImageRef
from tests import dicom_files as make


@pytest.fixture
def image(tmp_path: Path) -> DecodedImage:
    """A film with a LUT and two windows of its own, each with its explanation."""
    tables = make.sequence(make.lut(list(range(256)), bits=8, explanation="BONE"))
    windows = make.window([600, 900], [1200, 400], explanation=["WIDE", "NARROW"])
    path = make.write_dicom(tmp_path / "film.dcm", make.film(60, 80), bits_stored=12, VOILUTSequence=tables, **windows)
    return decode(ImageRef(path))


@pytest.fixture
def windowing(themed: QApplication, qtbot: Any, image: DecodedImage) -> Iterator[Windowing]:
    """A view of the film in a window that has the keyboard."""
    window = QWidget()
    qtbot.addWidget(window)
    view = FilmView()
    QVBoxLayout(window).addWidget(view)
    made = Windowing(view, window, QMenu(window))
    window.show()
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    view.show_film(prepare(image))
    view.setFocus()
    yield made
    window.close()


def test_the_films_own_come_by_their_explanation_luts_first(image: DecodedImage) -> None:
    made = offers(image)
    names = ["Automatic", "BONE", "C 600 W 1200 · WIDE", "C 900 W 400 · NARROW", *(preset.name for preset in PRESETS)]
    assert [offer.name for offer in made] == [*names, "Off: all stored values"]
    assert [offer.key for offer in made] == [*"0123456789", "", ""]
    assert made[0].voi == automatic_window(image)
    assert [offer.voi for offer in made[1:4]] == list(image.voi)
    assert made[-1].voi == full_range(image)


def test_a_film_with_none_of_its_own_offers_the_rest(image: DecodedImage) -> None:
    made = offers(replace(image, voi=()))
    assert [offer.name for offer in made[:2]] == ["Automatic", PRESETS[0].name]
    assert len(made) == len(PRESETS) + 2


def test_digits_choose_them(windowing: Windowing, image: DecodedImage) -> None:
    view = windowing._view
    assert view.voi is image.voi[0], "it opens with its LUT"
    for digit, offer in zip("0123", offers(image), strict=False):
        QTest.keyClick(view, Qt.Key(ord(digit)))
        assert view.voi == offer.voi


def test_the_menu_lists_them_and_marks_the_one_in_force(windowing: Windowing, image: DecodedImage) -> None:
    view, menu = windowing._view, windowing.menu
    menu.aboutToShow.emit()
    assert [action.text().split("\t")[0] for action in menu.actions()] == [offer.name for offer in offers(image)]
    assert [action.isChecked() for action in menu.actions()].index(True) == 1
    menu.actions()[-1].trigger()
    assert view.voi == full_range(image)
    menu.aboutToShow.emit()
    assert [number for number, action in enumerate(menu.actions()) if action.isChecked()] == [len(menu.actions()) - 1]


def test_without_a_film_there_is_nothing_to_choose(windowing: Windowing) -> None:
    windowing._view.show_film(None)
    windowing.choose("1")
    windowing.menu.aboutToShow.emit()
    assert windowing.menu.actions() == []


def test_a_colour_film_has_one_way_to_be_shown(tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (20, 30, 3)).astype(np.uint8)
    path = make.write_dicom(tmp_path / "film.dcm", pixels, photometric="RGB")
    assert offers(decode(ImageRef(path)))[0].voi == full_range(decode(ImageRef(path)))
