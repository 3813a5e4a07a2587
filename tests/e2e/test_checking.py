"""Check this model on my films: dropped on the dialog, counted while reading goes on, kept for the next time."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from gui.dialogs.check_model import CheckDialog
from gui.main_window import MainWindow
from gui.second_reader.checking import MODEL_CHANGED, SUGGESTION, CheckStage
from imaging.paths import user_data_dir
from imaging.phantom_files import write_examples
from inference.bundles.bundle import ModelBundle
from inference.scoring.local_table import local_table_path, read_local_table, write_local_table
from tests.e2e.window import PATIENCE_MS, OpenWindow, drop, dropped, film_paths, settle

FILMS = 14


@pytest.fixture(scope="session")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("drawn")
    write_examples(folder, FILMS, size_px=(128, 128))
    return film_paths(folder)


@pytest.fixture
def labelled(drawn: list[Path], tmp_path: Path) -> Path:
    """Fourteen films in two class folders; half of what the network says of them is bound to be wrong."""
    for number, path in enumerate(drawn):
        folder = tmp_path / "mine" / ("OPACITY" if number % 2 else "NORMAL")
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, folder / f"patient{number}{path.suffix}")
    return tmp_path / "mine"


def dialog_of(window: MainWindow) -> CheckDialog:
    window.commands.work.show_check()
    dialog = window.commands.work.check
    assert dialog is not None
    return dialog


def with_model(open_window: OpenWindow, model: ModelBundle, qtbot: Any, *films: Path) -> MainWindow:
    """A window whose model is read, and which has read these films."""
    window = open_window(films, model=str(model.location))
    qtbot.waitUntil(lambda: window.controller.review.model is not None, timeout=PATIENCE_MS)
    settle(qtbot, window)
    return window


def checked(qtbot: Any, window: MainWindow, *paths: Path) -> CheckDialog:
    """The dialog, after films were dropped on it and counted."""
    dialog = dialog_of(window)
    drop(dialog, list(paths))
    wait_for_check(qtbot, window)
    return dialog


def wait_for_check(qtbot: Any, window: MainWindow) -> None:
    checking = window.controller.checking
    qtbot.waitUntil(lambda: not checking.state.runs and window.settled, timeout=PATIENCE_MS)


def test_films_are_dropped_counted_kept_and_the_words_change(
    open_window: OpenWindow, films: Path, parted: ModelBundle, labelled: Path, qtbot: Any
) -> None:
    window = with_model(open_window, parted, qtbot, films)
    sentence = window.findings.cards["OPACITY"].sentence
    assert "Not checked at your site." in sentence.text()
    sentence.linkActivated.emit("check")
    dialog = window.commands.work.check
    assert dialog is not None
    assert dialog.isVisible()
    assert "called NORMAL and OPACITY" in dialog.start.field.how.text()
    assert dropped(dialog, [labelled])
    assert not dropped(dialog, [labelled]), "one check at a time"
    wait_for_check(qtbot, window)
    assert dialog.found.isVisible()
    assert dialog.found.films.text().startswith(f"{FILMS} films of ")
    assert "Fewer than 50 films" in dialog.found.warnings.text()
    assert dialog.found.plot.accessibleDescription().count("ill") >= 2
    table = read_local_table(parted.card, parted.weights_sha256)
    assert table is not None
    assert (table.films, table.in_use) == (FILMS, False)
    own = dialog.found.measures.rows["sensitivity"][0].text()
    measure = table.findings["OPACITY"].sensitivity
    assert measure is not None
    assert own == f"{measure.value:.2f} ({measure.low:.2f}–{measure.high:.2f})"
    auc = table.findings["OPACITY"].auc
    assert auc is not None
    said = f"{auc.value:.3f} ({auc.low:.3f}–{auc.high:.3f})"
    assert dialog.found.measures.rows["auc"][0].text() == said, "two digits would make 1.00 of 0.997"
    assert f"Checked at your site on only {FILMS} films" in sentence.text()
    assert f"On {FILMS} films of your own it finds" in window.sensitivity._own.text()
    second = open_window([films], model=str(parted.location))
    settle(qtbot, second)
    assert f"on only {FILMS} films" in second.findings.cards["OPACITY"].sentence.text()
    again = dialog_of(second)
    assert again.found.isVisible()
    assert "not kept" in again.found.wrong_words.text()


def test_a_local_point_is_taken_and_left_again(
    open_window: OpenWindow, films: Path, parted: ModelBundle, labelled: Path, qtbot: Any
) -> None:
    window = with_model(open_window, parted, qtbot, films)
    dialog = checked(qtbot, window, labelled / "NORMAL", labelled / "OPACITY")
    review, card = window.controller.review, parted.card.operating["OPACITY"].recommended
    assert review.threshold("OPACITY") == card, "no check moves a point by itself"
    assert dialog.found.card_point.isChecked()
    QTest.keyClick(dialog.found.own_point, Qt.Key.Key_Space)
    settle(qtbot, window)
    kept = read_local_table(parted.card, parted.weights_sha256)
    assert kept is not None
    assert kept.in_use
    assert review.threshold("OPACITY") == kept.operating["OPACITY"].recommended != card
    assert window.sensitivity._sentence.text().startswith(f"On {FILMS} films of your own it finds")
    second = open_window([films], model=str(parted.location))
    settle(qtbot, second)
    assert second.controller.review.threshold("OPACITY") == kept.operating["OPACITY"].recommended
    second.sensitivity._own.linkActivated.emit("card")
    settle(qtbot, second)
    assert second.controller.review.threshold("OPACITY") == card
    left = read_local_table(parted.card, parted.weights_sha256)
    assert left is not None
    assert not left.in_use


def test_a_film_that_went_wrong_opens_with_its_heat_map_and_the_others(
    open_window: OpenWindow, parted: ModelBundle, labelled: Path, qtbot: Any
) -> None:
    window = with_model(open_window, parted, qtbot)
    dialog = checked(qtbot, window, labelled)
    outcome = window.controller.checking.state.outcome
    assert outcome is not None
    assert dialog.found.wrong.count() == len(outcome.wrong) > 1
    assert "Missed" in dialog.found.wrong.item(0).text()
    dialog.found.wrong.setCurrentRow(1)
    QTest.keyClick(dialog.found.wrong, Qt.Key.Key_Return)
    settle(qtbot, window)
    review = window.controller.review
    assert not dialog.isVisible()
    assert len(review.entries) == len({film.ref for film in outcome.wrong})
    chosen = review.selected_entry
    assert chosen is not None
    assert chosen.ref == outcome.wrong[1].ref
    assert window.view.overlay is not None
    assert review.model is not None
    assert review.model.id == "parted@1", "films opened from a check do not change the model"
    assert dialog_of(window).found.isVisible(), "Enter pressed no button besides"


def test_hidden_patients_are_no_file_names_in_the_dialog(
    open_window: OpenWindow, parted: ModelBundle, labelled: Path, qtbot: Any
) -> None:
    window = with_model(open_window, parted, qtbot)
    dialog = checked(qtbot, window, labelled)
    assert "patient" in dialog.found.wrong.item(0).text()
    window.controller.review.visibility.set_patient_hidden(True)
    assert "patient" not in dialog.found.wrong.item(0).text()


def test_reading_goes_on_during_a_check_and_it_stops_at_once(
    open_window: OpenWindow, films: Path, parted: ModelBundle, labelled: Path, qtbot: Any
) -> None:
    window = with_model(open_window, parted, qtbot)
    for number in range(8):
        shutil.copytree(labelled, labelled / f"part{number}", ignore=lambda *_: [f"part{n}" for n in range(8)])
    dialog, checking = dialog_of(window), window.controller.checking
    drop(dialog, [labelled])
    stage = CheckStage.ANALYSING
    qtbot.waitUntil(lambda: checking.state.stage is stage and checking.state.done >= 4, timeout=PATIENCE_MS)
    assert "Analysing" in dialog.running.words.text()
    window.controller.opening.open_paths([films])
    review = window.controller.review
    qtbot.waitUntil(lambda: bool(review.entries) and review.is_answered(review.entries[0].key), timeout=PATIENCE_MS)
    assert checking.state.runs, "the film on the screen comes before the rest of the check"
    QTest.mouseClick(dialog.running.stop, Qt.MouseButton.LeftButton)
    assert checking.state.stage is CheckStage.READY
    assert dialog.start.isVisible()
    settle(qtbot, window)
    assert read_local_table(parted.card, parted.weights_sha256) is None


def test_another_model_ends_the_check(
    open_window: OpenWindow, parted: ModelBundle, trial: ModelBundle, labelled: Path, qtbot: Any
) -> None:
    window = with_model(open_window, parted, qtbot)
    dialog, checking = dialog_of(window), window.controller.checking
    drop(dialog, [labelled])
    window.controller.choose_model(str(trial.location))
    assert checking.state.message == MODEL_CHANGED
    settle(qtbot, window)
    assert "Check trial 1" in dialog.head.text()


def test_what_cannot_be_checked_is_said_in_one_sentence(
    open_window: OpenWindow, parted: ModelBundle, labelled: Path, qtbot: Any
) -> None:
    window = with_model(open_window, parted, qtbot)
    dialog = dialog_of(window)
    film = next((labelled / "NORMAL").iterdir())
    for paths, said in (([film], "not UTF-8"), ([film, labelled], "Films need labels"), ([labelled / "CAT"], "CAT")):
        (labelled / "CAT" / "OTHER").mkdir(parents=True, exist_ok=True)
        drop(dialog, paths)
        wait_for_check(qtbot, window)
        assert dialog.start.isVisible()
        assert said in dialog.start.field.message.text() or "does not know" in dialog.start.field.message.text()


def test_films_of_one_kind_are_shown_and_not_kept(
    open_window: OpenWindow, parted: ModelBundle, labelled: Path, qtbot: Any
) -> None:
    window = with_model(open_window, parted, qtbot)
    dialog = checked(qtbot, window, labelled / "NORMAL")
    assert "All films are healthy" in dialog.found.warnings.text()
    assert dialog.found.measures.rows["sensitivity"][0].text() == "not defined"
    assert not dialog.found.own_point.isEnabled()
    assert not local_table_path(parted.id, parted.weights_sha256).exists()


def test_a_check_on_fewer_films_waits_for_the_readers_word(
    open_window: OpenWindow, parted: ModelBundle, labelled: Path, qtbot: Any
) -> None:
    window = with_model(open_window, parted, qtbot)
    dialog = checked(qtbot, window, labelled)
    for path in sorted((labelled / "NORMAL").iterdir())[:3]:
        path.unlink()
    dialog.other.click()
    assert dialog.start.isVisible()
    checked(qtbot, window, labelled)
    kept = read_local_table(parted.card, parted.weights_sha256)
    assert kept is not None
    assert kept.films == FILMS
    assert not dialog.found.own_point.isEnabled()
    assert f"An earlier check on {FILMS} films is kept" in dialog.found.keep_words.text()
    QTest.mouseClick(dialog.found.keep, Qt.MouseButton.LeftButton)
    settle(qtbot, window)
    kept = read_local_table(parted.card, parted.weights_sha256)
    assert kept is not None
    assert kept.films == FILMS - 3
    assert dialog.found.keep.isHidden()


def test_a_point_in_force_is_not_moved_by_a_new_check(
    open_window: OpenWindow, parted: ModelBundle, labelled: Path, qtbot: Any
) -> None:
    window = with_model(open_window, parted, qtbot)
    dialog = checked(qtbot, window, labelled)
    QTest.keyClick(dialog.found.own_point, Qt.Key.Key_Space)
    settle(qtbot, window)
    in_force = window.controller.review.threshold("OPACITY")
    swapped = labelled.with_name("swapped")
    shutil.copytree(labelled / "NORMAL", swapped / "OPACITY")
    shutil.copytree(labelled / "OPACITY", swapped / "NORMAL")
    checked(qtbot, window, swapped)
    assert window.controller.review.threshold("OPACITY") == in_force
    assert "Its point is in force." in dialog.found.keep_words.text()


def test_a_table_that_evaluate_wrote_is_shown_in_the_window(
    open_window: OpenWindow, films: Path, parted: ModelBundle, labelled: Path, qtbot: Any
) -> None:
    window = with_model(open_window, parted, qtbot, films)
    checked(qtbot, window, labelled)
    table = read_local_table(parted.card, parted.weights_sha256)
    assert table is not None
    finding = table.findings["OPACITY"]
    more = dataclasses.replace(
        table, films=120, findings={"OPACITY": dataclasses.replace(finding, films=120, healthy=120 - finding.ill)}
    )
    window.close()
    write_local_table(more)
    second = open_window([films], model=str(parted.location))
    settle(qtbot, second)
    assert "Checked at your site on 120 films" in second.findings.cards["OPACITY"].sentence.text()


def test_a_check_that_cannot_be_kept_is_shown_all_the_same(
    open_window: OpenWindow, films: Path, parted: ModelBundle, labelled: Path, qtbot: Any
) -> None:
    in_the_way = user_data_dir() / "operating"
    in_the_way.write_text("a file, where a folder should be")
    window = with_model(open_window, parted, qtbot, films)
    dialog = checked(qtbot, window, labelled)
    assert dialog.found.isVisible()
    assert "The operating table can" in dialog.found.warnings.text()
    assert "Not checked at your site." in window.findings.cards["OPACITY"].sentence.text()
    in_the_way.unlink()
    QTest.mouseClick(dialog.found.keep, Qt.MouseButton.LeftButton)
    settle(qtbot, window)
    assert "The operating table can" not in dialog.found.warnings.text()
    assert f"on only {FILMS} films" in window.findings.cards["OPACITY"].sentence.text()


def test_closing_the_window_ends_the_check(
    open_window: OpenWindow, parted: ModelBundle, labelled: Path, qtbot: Any
) -> None:
    window = with_model(open_window, parted, qtbot)
    drop(dialog_of(window), [labelled])
    checking = window.controller.checking
    qtbot.waitUntil(lambda: checking.state.stage is CheckStage.ANALYSING, timeout=PATIENCE_MS)
    window.close()
    assert window.controller.jobs.idle  # the fixture that looks for threads does the rest


def test_the_dialog_is_reached_and_left_by_keys(
    open_window: OpenWindow, films: Path, parted: ModelBundle, qtbot: Any
) -> None:
    window = with_model(open_window, parted, qtbot, films)
    sentence = window.findings.cards["OPACITY"].sentence
    sentence.setFocus(Qt.FocusReason.TabFocusReason)
    assert sentence.hasFocus()
    QTest.keyClick(sentence, Qt.Key.Key_Tab)  # to the link within the sentence
    QTest.keyClick(sentence, Qt.Key.Key_Return)
    dialog = window.commands.work.check
    assert dialog is not None
    assert dialog.isVisible()
    qtbot.waitUntil(dialog.isActiveWindow, timeout=PATIENCE_MS)
    seen = []
    for _ in range(6):
        focused = QApplication.focusWidget()
        assert focused is not None
        QTest.keyClick(focused, Qt.Key.Key_Tab)
        seen.append(QApplication.focusWidget())
    assert {dialog.start.field.folder, dialog.start.field.csv} <= set(seen)
    QTest.keyClick(dialog, Qt.Key.Key_Escape)
    assert not dialog.isVisible()


def test_labelled_films_that_are_open_can_be_checked_on(
    open_window: OpenWindow, films: Path, parted: ModelBundle, labelled: Path, qtbot: Any
) -> None:
    window = with_model(open_window, parted, qtbot, films)
    dialog = dialog_of(window)
    assert dialog.start.open_films.isHidden()
    drop(window, [labelled])
    settle(qtbot, window)
    assert window.status.message.text() == SUGGESTION
    assert dialog.start.open_films.isVisible()
    QTest.keyClick(dialog.start.open_films, Qt.Key.Key_Space)
    wait_for_check(qtbot, window)
    assert dialog.found.films.text().startswith(f"{FILMS} films of ")


@pytest.mark.parametrize("size_px", [(1060, 660), (640, 400)])
def test_nothing_of_the_result_is_out_of_reach(
    open_window: OpenWindow, parted: ModelBundle, labelled: Path, qtbot: Any, size_px: tuple[int, int]
) -> None:
    window = with_model(open_window, parted, qtbot)
    dialog = checked(qtbot, window, labelled)
    dialog.resize(*size_px)
    QApplication.processEvents()
    assert (dialog.width(), dialog.height()) == size_px
    assert dialog.pages.currentWidget() is dialog.area
    needed = dialog.found.minimumSizeHint()
    assert dialog.found.height() >= needed.height(), "what does not fit is scrolled to, never squeezed"
