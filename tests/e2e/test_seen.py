"""What the model sees: the dialog shows the very pixels that the network gets, and the film where they lie."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QColor, QImage, QMouseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from gui.dialogs.seen import ExactPicture, SeenDialog
from gui.main_window import MainWindow
from gui.theme import PALETTE
from imaging.study import ImageRef
from inference.bundles.bundle import ModelBundle, write_bundle
from inference.engines.device import choose_engine
from inference.scoring.pipeline import Analyser
from inference.scoring.preprocess import PreprocessSpec
from tests import dicom_files as make
from tests.bundles import SIZE_PX, card_of, random_network
from tests.e2e.window import OpenWindow, settle

SPECS = {
    "squash": PreprocessSpec(size_px=SIZE_PX, mean=(0.5,), std=(0.25,)),
    "pad": PreprocessSpec(size_px=SIZE_PX, mean=(0.5,), std=(0.25,), fit="pad"),
    "crop": PreprocessSpec(size_px=SIZE_PX, mean=(0.5,), std=(0.25,), fit="crop", equalise="clahe"),
}
Grey = npt.NDArray[np.uint8]


@pytest.fixture(scope="module")
def ward(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Wide films: one turned round, one with pixels that are not square, and a file that is none."""
    folder = tmp_path_factory.mktemp("ward")
    make.write_dicom(folder / "1.dcm", make.film(200, 300), photometric="MONOCHROME1", **make.window(1500, 2000))
    make.write_dicom(folder / "2.dcm", make.film(200, 300, seed=2), PixelAspectRatio=[2, 1])
    (folder / "3.dcm").write_bytes((folder / "1.dcm").read_bytes()[:400])
    return folder


@pytest.fixture(scope="module")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> dict[str, ModelBundle]:
    made = {}
    for fit, spec in SPECS.items():
        card = dataclasses.replace(card_of(name=fit, preprocess=spec), files={})
        made[fit] = write_bundle(tmp_path_factory.mktemp("models") / f"{fit}@1", card, random_network(card))
    return made


def network_input(bundle: ModelBundle, path: Path) -> Grey:
    """What the analyser hands to its engine."""
    return Analyser(bundle, choose_engine(bundle, "onnx", "cpu")).load(ImageRef(path)).grey


def dialog_of(window: MainWindow) -> SeenDialog:
    dialog = window.commands.work.seen
    assert dialog is not None
    return dialog


def painted(picture: ExactPicture) -> Grey:
    """The picture as it stands on the screen, a value for each of its pixels. All device pixels of one are equal."""
    shown = picture.grab().toImage().convertToFormat(QImage.Format.Format_Grayscale8)
    lines = np.frombuffer(shown.constBits(), np.uint8).reshape(shown.height(), -1)[:, : shown.width()]
    where = picture.device_rect.toRect()
    inside = lines[where.top() : where.top() + where.height(), where.left() : where.left() + where.width()]
    size = where.width() // SIZE_PX
    small = inside[::size, ::size].copy()  # the picture behind the lines goes
    assert np.array_equal(small.repeat(size, axis=0).repeat(size, axis=1), inside)
    return small


@pytest.mark.parametrize("fit", SPECS)
def test_the_dialog_shows_the_very_input_of_the_network(
    open_window: OpenWindow, ward: Path, bundles: dict[str, ModelBundle], fit: str, qtbot: Any
) -> None:
    window = open_window([ward], model=str(bundles[fit].location))
    settle(qtbot, window)
    QTest.keyClick(window.view, Qt.Key.Key_M)
    settle(qtbot, window)
    dialog = dialog_of(window)
    assert dialog.isVisible()
    assert np.array_equal(painted(dialog.picture), network_input(bundles[fit], ward / "1.dcm"))
    assert window.actions_by_name["seen"].isChecked()
    QTest.keyClick(dialog, Qt.Key.Key_Down)
    settle(qtbot, window)
    assert window.controller.review.selected == 1
    assert np.array_equal(painted(dialog.picture), network_input(bundles[fit], ward / "2.dcm"))


# Two points on the frame and one beside it, in pixels of the film of 300 x 200.
FRAMES = {
    "squash": (((0, 100), (150, 200)), (100, 100)),
    "pad": (((0, 120), (150, -50)), (100, 2)),
    "crop": (((50, 100), (250, 60)), (2, 100)),
}


@pytest.mark.parametrize("case", [("squash", 0), ("pad", 0), ("crop", 0), ("pad", 1)])
def test_its_place_on_the_film_is_framed(
    open_window: OpenWindow, ward: Path, bundles: dict[str, ModelBundle], case: tuple[str, int], qtbot: Any
) -> None:
    fit, row = case
    window = open_window([ward], model=str(bundles[fit].location))
    settle(qtbot, window)
    window.controller.review.select(row)
    settle(qtbot, window)
    window.view.zoom_by(0.5)
    QTest.keyClick(window.view, Qt.Key.Key_M)
    settle(qtbot, window)
    on_frame, beside = FRAMES[fit]
    assert [framed(window, point) for point in (*on_frame, beside)] == [True, True, False]
    QTest.keyClick(dialog_of(window), Qt.Key.Key_M)
    assert not dialog_of(window).isVisible()
    assert not framed(window, on_frame[0])


def framed(window: MainWindow, at_film: tuple[float, float]) -> bool:
    """Whether the accent's colour is painted within two pixels of a point of the film."""
    shown, at = window.view.grab().toImage(), window.view.view_point(at_film)
    steps = range(-2, 3)
    near = [shown.pixelColor(round(at.x()) + across, round(at.y()) + down) for across in steps for down in steps]
    accent = QColor(PALETTE.accent)
    return any(abs(c.red() - accent.red()) + abs(c.blue() - accent.blue()) < 40 for c in near)


def test_the_readers_window_changes_nothing_there(
    open_window: OpenWindow, ward: Path, bundles: dict[str, ModelBundle], qtbot: Any
) -> None:
    window = open_window([ward], model=str(bundles["squash"].location))
    settle(qtbot, window)
    QTest.keyClick(window.view, Qt.Key.Key_M)
    settle(qtbot, window)
    before = painted(dialog_of(window).picture)
    for key in (Qt.Key.Key_0, Qt.Key.Key_R):
        QTest.keyClick(window.view, key)
    window.view.set_inverted(True)
    settle(qtbot, window)
    assert np.array_equal(painted(dialog_of(window).picture), before)
    assert "C 1500 W 2000" in dialog_of(window).words.text()


def test_pointing_reads_the_grey_and_escape_closes(
    open_window: OpenWindow, ward: Path, bundles: dict[str, ModelBundle], qtbot: Any
) -> None:
    window = open_window([ward], model=str(bundles["pad"].location))
    settle(qtbot, window)
    QTest.keyClick(window.view, Qt.Key.Key_M)
    settle(qtbot, window)
    dialog = dialog_of(window)
    rect = dialog.picture.device_rect
    step = rect.width() / SIZE_PX
    at = QPointF(rect.x() + 20.5 * step, rect.y() + 30.5 * step) / dialog.picture.devicePixelRatioF()
    away = dialog.picture.mapToGlobal(at)
    none = Qt.MouseButton.NoButton
    move = QMouseEvent(QEvent.Type.MouseMove, at, away, none, none, Qt.KeyboardModifier.NoModifier)
    QApplication.sendEvent(dialog.picture, move)
    value = network_input(bundles["pad"], ward / "1.dcm")[30, 20]
    assert dialog.pointed_at.text() == f"x 20  y 30 · {value}"
    QTest.keyClick(dialog, Qt.Key.Key_Escape)
    assert not dialog.isVisible()
    assert not window.actions_by_name["seen"].isChecked()
    assert window.controller.seen.film is None, "nothing is prepared for nobody"


def test_there_are_words_where_there_is_nothing_to_see(
    open_window: OpenWindow, ward: Path, bundles: dict[str, ModelBundle], qtbot: Any
) -> None:
    window = open_window([], model=str(bundles["pad"].location))
    QTest.keyClick(window.view, Qt.Key.Key_M)
    picture = dialog_of(window).picture
    assert "appears here" in picture.accessibleDescription()
    window.controller.opening.open_paths([ward])
    settle(qtbot, window)
    window.controller.review.select(2)
    settle(qtbot, window)
    assert window.controller.review.entries[2].refusal
    assert picture.accessibleDescription() == window.controller.review.entries[2].refusal


def test_views_and_colours_are_told(bundles: dict[str, ModelBundle], tmp_path: Path) -> None:
    from gui.films.seen import see

    pixels = np.random.default_rng(0).integers(0, 256, (80, 80, 3)).astype(np.uint8)
    path = make.write_dicom(tmp_path / "film.dcm", pixels, photometric="RGB")
    seen = see(ImageRef(path), SPECS["crop"], "onnx-cpu+5views")
    assert seen.words == (
        "The whole film: 64 × 64 px from 80 × 80.",
        "Grey by the luminance of its colours.",
        "The histogram is made flat, place by place.",
        "The model gets 4 slightly moved copies of it too.",
    )
