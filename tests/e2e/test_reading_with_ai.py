"""What the model says: flags, slider, overlay, decisions, cancelling."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest

from gui.main_window import MainWindow
from gui.second_reader.decision import Verdict
from gui.second_reader.visibility import OverlaySettings
from gui.session import film_digest, open_store
from imaging.phantom_files import write_examples
from imaging.study import ImageRef
from inference.bundles.bundle import ModelBundle
from tests.e2e.window import PATIENCE_MS, OpenWindow, film_paths, practice_bundle, settle, words


def flags(said: list[str]) -> int:
    return sum(text.startswith("Opacity") for text in said)


def test_the_slider_is_dragged_and_the_flags_change_without_the_network(
    open_window: OpenWindow, films: Path, parted: ModelBundle, qtbot: Any
) -> None:
    window = open_window([films], model=str(parted.location))
    settle(qtbot, window)
    assert flags(words(window)) == 3
    window.controller.jobs.shutdown()  # whatever changes from here on, no job has computed it
    track = window.sensitivity.track
    y_px = round(track.groove_px().center().y())
    start, end = QPoint(round(track.x_of(950)), y_px), QPoint(track.width() - 2, y_px)
    QTest.mousePress(track, Qt.MouseButton.LeftButton, pos=start)
    QTest.mouseMove(track, end)
    QTest.mouseRelease(track, Qt.MouseButton.LeftButton, pos=end)
    assert window.controller.review.sensitivity == 1.0
    assert flags(words(window)) == 5
    QTest.mousePress(track, Qt.MouseButton.LeftButton, pos=end)
    QTest.mouseMove(track, QPoint(2, y_px))
    QTest.mouseRelease(track, Qt.MouseButton.LeftButton, pos=QPoint(2, y_px))
    assert flags(words(window)) == 0
    assert window.findings.cards["OPACITY"].title.text() == "No opacity flagged"


def test_the_overlay_is_painted_where_the_opacity_is(open_window: OpenWindow, tmp_path: Path, qtbot: Any) -> None:
    practice_bundle()
    write_examples(tmp_path, 12, size_px=(512, 512))
    truth = json.loads((tmp_path / "truth.json").read_text(encoding="utf-8"))["films"]
    window = open_window([tmp_path], size_px=(1600, 1000))
    settle(qtbot, window)
    review = window.controller.review
    assert review.model is not None
    assert review.model.id == "practice@1"
    review.visibility.set_overlay(OverlaySettings(threshold=0.1))
    sure = [row for row, entry in enumerate(review.entries) if review.findings(entry.key)[0].probability > 0.8]
    assert sure, "the model finds nothing in its own films"
    for row in sure:
        review.select(row)
        settle(qtbot, window)
        assert not review.visibility.overlay.shown, "words first"
        plain = painted(window)
        QTest.keyClick(window, Qt.Key.Key_G)
        heat = np.abs(painted(window) - plain).sum(axis=2)
        QTest.keyClick(window, Qt.Key.Key_G)
        near = near_opacities(window, truth[review.entries[row].path.name]["opacities"], heat.shape)
        assert heat[near].max() > 24, "no heat on the opacities"
        assert heat[near].mean() > 3 * heat[~near].mean(), "as much heat elsewhere"


def painted(window: MainWindow) -> np.ndarray:
    """The view as int16 [H, W, 3], without the corners' text above and below."""
    image = window.view.grab().toImage().convertToFormat(QImage.Format.Format_RGB888)
    raw = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    pixels = raw[:, : 3 * image.width()].reshape(image.height(), image.width(), 3).astype(np.int16)
    margin = pixels.shape[0] // 12
    pixels[:margin] = pixels[-margin:] = 0
    return pixels


def near_opacities(window: MainWindow, opacities: list[dict[str, float]], size_px: tuple[int, ...]) -> np.ndarray:
    """Which pixels of the view lie on a planted opacity, or within one cell of the heat map's grid: bool [H, W]."""
    ratio = window.view.devicePixelRatioF()
    rows, columns = np.mgrid[: size_px[0], : size_px[1]]
    near = np.zeros(size_px, bool)
    cell_px = 512 / 8
    for opacity in opacities:
        centre = window.view.view_point((opacity["cx_px"], opacity["cy_px"]))
        corner = window.view.view_point(
            (opacity["cx_px"] + opacity["rx_px"] + cell_px, opacity["cy_px"] + opacity["ry_px"] + cell_px)
        )
        reach = corner - centre
        x, y = (columns / ratio - centre.x()) / reach.x(), (rows / ratio - centre.y()) / reach.y()
        near |= x**2 + y**2 <= 1
    return near


def test_g_and_space_show_and_hide(open_window: OpenWindow, films: Path, parted: ModelBundle, qtbot: Any) -> None:
    window = open_window([films], model=str(parted.location))
    settle(qtbot, window)
    assert window.view.overlay is None
    QTest.keyClick(window, Qt.Key.Key_G)
    assert window.view.overlay is not None
    QTest.keyClick(window, Qt.Key.Key_Space)
    assert window.view.overlay is None
    assert not window.findings.cards
    assert set(words(window)) == {"AI hidden"}
    QTest.keyClick(window, Qt.Key.Key_Space)
    assert window.view.overlay is not None
    assert window.findings.cards


def test_decisions_are_stored_at_once_with_their_model(
    open_window: OpenWindow, films: Path, parted: ModelBundle, qtbot: Any
) -> None:
    window = open_window([films], model=str(parted.location))
    settle(qtbot, window)
    QTest.mouseClick(window.findings.cards["OPACITY"].agree, Qt.MouseButton.LeftButton)
    settle(qtbot, window)
    film = film_digest(ImageRef(film_paths(films)[0]))
    (stored,) = open_store().store.latest(film)
    assert (stored.verdict, stored.model, stored.weights_sha256) == (Verdict.AGREE, "parted@1", parted.weights_sha256)
    assert stored.operating_point == parted.card.operating["OPACITY"].recommended
    QTest.keyClick(window, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    window.close()
    (stored,) = open_store().store.latest(film)
    assert stored.verdict is Verdict.NONE, "what was decided last is written before the window goes"


def test_a_note_in_hand_is_stored_when_the_window_closes(
    open_window: OpenWindow, films: Path, parted: ModelBundle, qtbot: Any
) -> None:
    window = open_window([films], model=str(parted.location))
    settle(qtbot, window)
    window.activateWindow()
    card = window.findings.cards["OPACITY"]
    QTest.mouseClick(card.note, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(card.edit.hasFocus)
    QTest.keyClicks(card.edit, "Right lower zone, 3 cm")
    window.close()
    (stored,) = open_store().store.latest(film_digest(ImageRef(film_paths(films)[0])))
    assert (stored.note, stored.verdict) == ("Right lower zone, 3 cm", Verdict.NONE)


def test_escape_leaves_the_note_and_the_film_as_it_is(
    open_window: OpenWindow, films: Path, parted: ModelBundle, qtbot: Any
) -> None:
    window = open_window([films], model=str(parted.location))
    settle(qtbot, window)
    window.view.set_inverted(True)
    card = window.findings.cards["OPACITY"]
    QTest.mouseClick(card.note, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(card.edit.hasFocus)
    QTest.keyClicks(card.edit, "gn 1")
    QTest.keyClick(card.edit, Qt.Key.Key_Escape)
    assert not card.edit.hasFocus()
    assert (window.view.inverted, window.controller.review.visibility.overlay.shown) == (True, False)
    decision = window.controller.deciding.decision(window.controller.review.entries[0].key, "OPACITY")
    assert decision is not None
    assert decision.note == "gn 1"
    QTest.keyClick(window, Qt.Key.Key_Escape)
    assert not window.view.inverted


def test_decisions_come_back_with_the_film(
    open_window: OpenWindow, films: Path, parted: ModelBundle, qtbot: Any
) -> None:
    first = open_window([films], model=str(parted.location))
    settle(qtbot, first)
    QTest.mouseClick(first.findings.cards["OPACITY"].disagree, Qt.MouseButton.LeftButton)
    first.close()
    second = open_window([films], model=str(parted.location))
    settle(qtbot, second)
    assert second.findings.cards["OPACITY"].disagree.isChecked()


def sixty_films(films: Path, folder: Path) -> Path:
    """More than are read before a hand is quick enough."""
    for number in range(60):
        shutil.copy(film_paths(films)[0], folder / f"{number:02d}.dcm")
    return folder


def test_cancel_answers_at_once_and_the_rest_can_go_on(
    open_window: OpenWindow, films: Path, parted: ModelBundle, tmp_path: Path, qtbot: Any
) -> None:
    window = open_window([sixty_films(films, tmp_path)], model=str(parted.location))
    analysing = window.controller.analysing
    qtbot.waitUntil(lambda: analysing.progress.active and analysing.progress.done >= 1, timeout=PATIENCE_MS)
    QTest.mouseClick(window.status.button, Qt.MouseButton.LeftButton)
    assert not analysing.progress.active
    assert not window.controller.review.scanning
    stopped = words(window).count("Stopped")
    assert stopped >= 1
    kept = len(words(window)) - stopped
    assert kept >= 1, "scores that exist stay"
    QTest.mouseClick(window.status.button, Qt.MouseButton.LeftButton)
    settle(qtbot, window)
    assert "Stopped" not in words(window)


def test_closing_in_the_middle_leaves_no_thread(
    open_window: OpenWindow, films: Path, parted: ModelBundle, tmp_path: Path, qtbot: Any
) -> None:
    window = open_window([sixty_films(films, tmp_path)], model=str(parted.location))
    qtbot.waitUntil(lambda: window.controller.analysing.progress.active, timeout=PATIENCE_MS)
    window.close()
    assert window.controller.jobs.idle  # the fixture that looks for threads does the rest


def test_a_damaged_model_is_refused_in_one_sentence_and_films_can_be_read(
    open_window: OpenWindow, films: Path, trial: ModelBundle, tmp_path: Path, qtbot: Any
) -> None:
    damaged = tmp_path / "trial@1"
    shutil.copytree(trial.location, damaged)
    weights = bytearray((damaged / "weights.safetensors").read_bytes())
    weights[-1] ^= 1
    (damaged / "weights.safetensors").write_bytes(weights)
    window = open_window([films], model=str(damaged))
    settle(qtbot, window)
    assert "was changed after it was written" in window.controller.review.model_message
    assert window.findings.headline.text() == "No score"
    assert window.view.film is not None
    assert set(words(window)) == {"Not analysed"}


def test_the_film_says_which_model_at_which_point(
    open_window: OpenWindow, films: Path, parted: ModelBundle, qtbot: Any
) -> None:
    window = open_window([films], model=str(parted.location))
    settle(qtbot, window)
    point = parted.card.operating["OPACITY"].recommended
    assert window.showing.ai_line() == f"parted 1 · operating point {point:.2f}"
    QTest.keyClick(window, Qt.Key.Key_Space)
    assert window.showing.ai_line() == ""


def test_patient_data_hides(open_window: OpenWindow, films: Path, parted: ModelBundle, qtbot: Any) -> None:
    window = open_window([films], model=str(parted.location))
    settle(qtbot, window)
    corner = QRect(0, 0, 200, 40)
    before = window.view.grab(corner).toImage()
    QTest.keyClick(window, Qt.Key.Key_H, Qt.KeyboardModifier.ControlModifier)
    assert window.study_list.view.model().index(0, 0).data() == "Film 1"
    assert "Practice" not in window.windowTitle()
    assert window.view.grab(corner).toImage() != before
    QTest.keyClick(window, Qt.Key.Key_H, Qt.KeyboardModifier.ControlModifier)
    assert window.view.grab(corner).toImage() == before


def test_the_overlay_is_remembered(open_window: OpenWindow, films: Path, parted: ModelBundle, qtbot: Any) -> None:
    first = open_window([films], model=str(parted.location))
    settle(qtbot, first)
    QTest.keyClick(first, Qt.Key.Key_G)
    first.close()
    second = open_window([films], model=str(parted.location))
    settle(qtbot, second)
    assert second.view.overlay is not None


def test_a_moved_operating_point_is_written_on_the_film(
    open_window: OpenWindow, films: Path, parted: ModelBundle, qtbot: Any
) -> None:
    window = open_window([films], model=str(parted.location))
    settle(qtbot, window)
    before = window.view.grab().toImage()
    QTest.keyClick(window.sensitivity.track, Qt.Key.Key_End)
    assert window.showing.ai_line() != ""
    assert window.view.grab().toImage() != before


def test_a_note_in_hand_is_stored_when_all_films_are_closed(
    open_window: OpenWindow, films: Path, parted: ModelBundle, qtbot: Any
) -> None:
    window = open_window([films], model=str(parted.location))
    settle(qtbot, window)
    card = window.findings.cards["OPACITY"]
    QTest.mouseClick(card.note, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(card.edit.hasFocus)
    QTest.keyClicks(card.edit, "Left upper zone")
    QTest.keyClick(card.edit, Qt.Key.Key_W, Qt.KeyboardModifier.ControlModifier)
    assert not window.controller.review.entries
    window.close()
    (stored,) = open_store().store.latest(film_digest(ImageRef(film_paths(films)[0])))
    assert stored.note == "Left upper zone"


def test_a_hidden_ai_does_not_lead_to_its_flags(
    open_window: OpenWindow, films: Path, parted: ModelBundle, qtbot: Any
) -> None:
    window = open_window([films], model=str(parted.location))
    settle(qtbot, window)
    review = window.controller.review
    QTest.keyClick(window, Qt.Key.Key_Space)
    QTest.keyClick(window, Qt.Key.Key_N)
    assert review.selected == 0
    assert review.rows.next_flagged(review.selected) == -1
    QTest.keyClick(window, Qt.Key.Key_Space)
    flagged = review.rows.next_flagged(review.selected)
    QTest.keyClick(window, Qt.Key.Key_N)
    assert review.selected == flagged
    assert review.rows.is_flagged(flagged)


def test_the_usual_case_fits_into_the_usual_window(open_window: OpenWindow, tmp_path: Path, qtbot: Any) -> None:
    """One finding, flagged or not, with its heat map and similar films: nothing to scroll at 1600 x 1000."""
    model = practice_bundle()
    write_examples(tmp_path, 3, size_px=(256, 256))
    window = open_window([tmp_path], model=str(model), size_px=(1600, 1000))
    settle(qtbot, window)
    for row in range(3):
        window.controller.review.select(row)
        settle(qtbot, window)
        assert window.side.verticalScrollBar().maximum() == 0
