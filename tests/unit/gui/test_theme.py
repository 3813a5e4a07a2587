from __future__ import annotations

import re
from dataclasses import asdict

import pytest
from PySide6.QtCore import QSize
from PySide6.QtGui import QColor, QFontInfo, QFontMetricsF, QPalette
from PySide6.QtWidgets import QApplication, QComboBox, QLineEdit, QPushButton
from pytestqt.qtbot import QtBot

from gui.frame.icons import icon, icon_names, pixmap
from gui.theme import CONTROL_HEIGHT_PX, PALETTE, contrast, font, stylesheet
from imaging.paths import resource_path

SURFACES = ("background", "panel", "raised")
TEXTS = ("text", "strong", "secondary", "accent", "amber", "green", "red")


def test_contrast_is_that_of_wcag() -> None:
    assert contrast("#ffffff", "#000000") == pytest.approx(21.0)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("surface", SURFACES)
@pytest.mark.parametrize("text", TEXTS)
def test_text_is_legible_on_every_surface(text: str, surface: str) -> None:
    colours = asdict(PALETTE)
    assert contrast(colours[text], colours[surface]) >= 4.5


@pytest.mark.parametrize("surface", ["hover", "accent_fill"])
@pytest.mark.parametrize("text", ["text", "strong"])
def test_text_is_legible_on_what_is_hovered_or_chosen(text: str, surface: str) -> None:
    colours = asdict(PALETTE)
    assert contrast(colours[text], colours[surface]) >= 4.5


@pytest.mark.parametrize("surface", ["accent", "accent_hover"])
def test_text_on_the_accent_is_legible(surface: str) -> None:
    assert contrast(PALETTE.on_accent, asdict(PALETTE)[surface]) >= 4.5


def test_the_colours_of_look_md() -> None:
    assert (PALETTE.background, PALETTE.panel, PALETTE.raised) == ("#0d0f12", "#15181d", "#1c2027")
    assert (PALETTE.accent, PALETTE.amber, PALETTE.green, PALETTE.red) == ("#5db0ff", "#f2a65a", "#62c8a0", "#ef7d7d")


def test_the_palette_is_dark_and_inter_is_in_use(themed: QApplication) -> None:
    assert themed.palette().color(QPalette.ColorRole.Window) == QColor(PALETTE.panel)
    assert themed.palette().color(QPalette.ColorRole.Text) == QColor(PALETTE.text)
    assert QFontInfo(themed.font()).family() == "Inter"
    assert themed.font().pixelSize() == 13


def test_figures_have_equal_widths(themed: QApplication) -> None:
    for role in ("body", "small", "strong", "heading", "title"):
        metrics = QFontMetricsF(font(role))
        assert len({metrics.horizontalAdvance(figure) for figure in "0123456789"}) == 1


def test_strong_text_is_really_heavier(themed: QApplication) -> None:
    assert QFontMetricsF(font("strong")).horizontalAdvance("mmmm") > QFontMetricsF(font("body")).horizontalAdvance(
        "mmmm"
    )


def test_the_stylesheet_is_filled_and_its_pictures_exist() -> None:
    style = stylesheet()
    assert "$" not in re.sub(r"/\*.*?\*/", "", style, flags=re.DOTALL)
    pictures = re.findall(r'url\("([^"]+)"\)', style)
    assert pictures
    for picture in pictures:
        assert resource_path("icons", "fixed", picture.rsplit("/", 1)[1]).is_file()


@pytest.mark.parametrize("kind", [QPushButton, QLineEdit, QComboBox])
def test_controls_are_of_one_height(themed: QApplication, qtbot: QtBot, kind: type) -> None:
    control = kind()
    qtbot.addWidget(control)
    control.ensurePolished()
    assert control.sizeHint().height() == CONTROL_HEIGHT_PX


def test_every_icon_draws_in_its_colour(themed: QApplication) -> None:
    for name in icon_names():
        picture = pixmap(name, "#ff8800", 24, 2.0).toImage()
        assert picture.width() == 48
        opaque = [
            picture.pixelColor(x, y) for x in range(48) for y in range(48) if picture.pixelColor(x, y).alpha() > 250
        ]
        assert opaque, name
        assert all(colour.red() > 250 and colour.blue() < 5 for colour in opaque), name


def test_icons_have_a_state_for_checked_and_disabled(themed: QApplication) -> None:
    made = icon("window")
    assert not made.isNull()
    size = QSize(16, 16)
    normal = made.pixmap(size).toImage()
    disabled = made.pixmap(size, mode=made.Mode.Disabled).toImage()
    checked = made.pixmap(size, state=made.State.On).toImage()
    assert normal != disabled != checked != normal


def test_an_icon_is_as_sharp_as_the_screen(themed: QApplication) -> None:
    made = icon("window").pixmap(QSize(18, 18), 2.0)
    assert made.devicePixelRatio() == 2.0
    assert made.toImage() == pixmap("window", PALETTE.text, 18, 2.0).toImage()


def test_an_icon_that_is_missing_is_a_defect(themed: QApplication) -> None:
    with pytest.raises(FileNotFoundError):
        icon("no-such-icon")
