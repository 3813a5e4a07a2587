from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from gui.films.entries import Entry
from gui.films.rows import Filter
from gui.films.thumbnails import Thumbnails, make_thumbnail
from gui.jobs import Jobs
from gui.review import Review
from gui.study_list import StudyList
from imaging.study import ImageRef
from tests import dicom_files as make
from tests.answers import chosen_model, film, store
from tests.python_calls import python_calls


@pytest.fixture
def review(themed: QApplication) -> Review:
    return Review()


@pytest.fixture
def study_list(review: Review, jobs: Jobs, qtbot: Any) -> Iterator[StudyList]:
    made = StudyList(review, Thumbnails(jobs))
    qtbot.addWidget(made)
    made.resize(260, 600)
    made.show()
    yield made
    made._recount.stop()


def rows(shown: StudyList) -> list[str]:
    model = shown.view.model()
    return [str(model.index(row, 0).data()) for row in range(model.rowCount())]


def test_rows_come_in_the_order_of_opening(study_list: StudyList, review: Review) -> None:
    review.add([film("b.png"), film("a.png")])
    review.add([Entry(Path("notes.txt"), refusal="This is no film.")])
    assert rows(study_list) == ["b", "a", "notes.txt"]


def test_the_chip_of_the_filter_in_force_is_marked(study_list: StudyList, review: Review) -> None:
    def marked() -> list[Filter]:
        return [chosen for chosen, chip in study_list.chips.items() if chip.isChecked()]

    assert marked() == [Filter.ALL]
    study_list.chips[Filter.FLAGGED].click()
    assert marked() == [Filter.FLAGGED]


def test_names_are_one_line_and_no_markup(study_list: StudyList, review: Review) -> None:
    review.add([film("new\nline.png"), film("<h1>large.png"), film("gpj\u202e.exe.png")])
    assert rows(study_list) == ["new line", "<h1>large", "gpj.exe"]
    tip = str(study_list.view.model().index(1, 0).data(Qt.ItemDataRole.ToolTipRole))
    assert "<h1>" not in tip
    assert "&lt;h1&gt;large.png" in tip
    review.name_folder("new\nline")
    study_list._show_counts()
    assert study_list._name.text() == "new line"


def test_no_chip_is_cut_however_many_films_there_are(study_list: StudyList, review: Review, qtbot: Any) -> None:
    review.add([Entry(Path(f"{number}.txt"), refusal="This is no film.") for number in range(4_444)])
    review.add([film(f"{number}.png") for number in range(1_000)])
    review.set_model(chosen_model())
    for number in range(1_000):
        store(review, 0.9, key=f"{number}.png")
    qtbot.waitUntil(lambda: study_list.chips[Filter.FLAGGED].text() == "Flagged 1,000")
    qtbot.waitUntil(lambda: all(chip.width() >= chip.sizeHint().width() for chip in study_list.chips.values()))
    assert study_list.chips[Filter.REFUSED].toolTip() == "Refused 4,444"


def test_chips_filter_and_follow_the_operating_point(study_list: StudyList, review: Review, qtbot: Any) -> None:
    review.add([film("a.png"), film("b.png"), Entry(Path("c.txt"), refusal="This is no film.")])
    review.set_model(chosen_model())
    store(review, 0.5, key="a.png")
    store(review, 0.3, key="b.png")
    QTest.mouseClick(study_list.chips[Filter.FLAGGED], Qt.MouseButton.LeftButton)
    assert rows(study_list) == ["a"]
    review.set_sensitivity(1.0)
    qtbot.waitUntil(lambda: rows(study_list) == ["a", "b"])
    assert study_list.chips[Filter.FLAGGED].text() == "Flagged 2"
    review.set_sensitivity(0.7)
    qtbot.waitUntil(lambda: rows(study_list) == [])
    QTest.mouseClick(study_list.chips[Filter.REFUSED], Qt.MouseButton.LeftButton)
    assert rows(study_list) == ["c.txt"]
    assert len(review.entries) == 3, "nothing is ever removed"


def test_a_filter_does_not_move_the_selection(study_list: StudyList, review: Review) -> None:
    picked: list[int] = []
    study_list.row_picked.connect(picked.append)
    review.add([film("a.png"), film("b.png")])
    QTest.mouseClick(study_list.chips[Filter.FLAGGED], Qt.MouseButton.LeftButton)
    QTest.mouseClick(study_list.chips[Filter.ALL], Qt.MouseButton.LeftButton)
    assert picked == []
    assert study_list.view.currentIndex().row() == 0


def test_a_click_picks_a_row(study_list: StudyList, review: Review, qtbot: Any) -> None:
    review.add([film("a.png"), film("b.png"), film("c.png")])
    with qtbot.waitSignal(study_list.row_picked) as picked:
        where = study_list.view.visualRect(study_list.view.model().index(2, 0)).center()
        QTest.mouseClick(study_list.view.viewport(), Qt.MouseButton.LeftButton, pos=where)
    assert picked.args == [2]


def test_ten_thousand_rows_cost_no_more_than_those_on_screen(review: Review, jobs: Jobs, qtbot: Any) -> None:
    thumbnails = Thumbnails(jobs)
    shown = StudyList(review, thumbnails)
    qtbot.addWidget(shown)
    shown.resize(260, 720)
    shown.show()
    entries = [film(f"/nowhere/{number}.png") for number in range(10_000)]
    costs = []
    for first in range(0, len(entries), 200):
        with python_calls() as calls:
            review.add(entries[first : first + 200])
            shown.view.viewport().grab()
        costs.append(len(calls))
    assert costs[-1] < 1.1 * costs[1], "a batch costs the same however many rows there are"
    assert shown.view.model().rowCount() == 10_000
    asked = len(thumbnails._waiting) + len(thumbnails._running) + len(thumbnails._failed)
    assert 0 < asked < 60
    qtbot.waitUntil(lambda: thumbnails.settled)
    shown._recount.stop()


def test_a_thumbnail_of_pixels_that_are_not_square_is_true_to_their_shape(tmp_path: Path) -> None:
    """A square of 40 mm on a film of 60 by 60 mm is a square, with half as many rows."""
    pixels = np.full((30, 60), 20, np.uint8)
    pixels[5:25, 10:50] = 220
    seen = make.window(127.5, 255.0, function="LINEAR_EXACT")
    make.write_dicom(tmp_path / "film.dcm", pixels, PixelAspectRatio=[2, 1], **seen)
    made = make_thumbnail(ImageRef(tmp_path / "film.dcm"), 60)
    assert np.array_equal(made > 120, pixels.repeat(2, axis=0) > 120)


def test_a_thumbnail_is_a_square_from_the_middle(tmp_path: Path) -> None:
    pixels = np.zeros((200, 400), np.uint8)
    pixels[:, 100:300] = 200
    Image.fromarray(pixels).save(tmp_path / "wide.png")
    made = make_thumbnail(ImageRef(tmp_path / "wide.png"), 112)
    assert made.shape == (112, 112)
    assert made.min() > 150


def test_a_step_of_the_slider_over_five_thousand_scores_leaves_most_of_a_frame(
    study_list: StudyList, review: Review, qtbot: Any
) -> None:
    films = [film(f"/nowhere/{number}.png") for number in range(5_000)]
    review.add(films)
    review.set_model(chosen_model())
    for number, entry in enumerate(films):
        store(review, number / 5_000, key=entry.key)
    study_list.view.grab()
    for sensitivity in (0.7, 0.9, 1.0):
        with python_calls() as calls:
            review.set_sensitivity(sensitivity)
            study_list.view.grab()
        assert len(calls) < 2_000, "no more than the rows on screen are asked after"
    study_list.chips[Filter.FLAGGED].click()
    for sensitivity in (0.7, 0.9, 1.0, 0.6, 0.95, 0.75):
        with python_calls() as calls:
            review.set_sensitivity(sensitivity)
            study_list._show_counts()
        assert len(calls) < 10 * 5_000, "a few milliseconds: seven calls a film where all are flagged"
        threshold = review.threshold("OPACITY")
        assert len(rows(study_list)) == sum(number / 5_000 >= threshold for number in range(5_000))


def test_a_folder_named_after_a_patient_goes_with_the_patient_data(study_list: StudyList, review: Review) -> None:
    review.name_folder("Doe <b>1950</b>")
    review.add([film("a.png")])
    study_list._show_counts()
    assert study_list._name.text() == "Doe <b>1950</b>"
    assert study_list._name.textFormat() is Qt.TextFormat.PlainText
    review.visibility.set_patient_hidden(True)
    assert study_list._name.text() == "Films"
    study_list._show_counts()
    assert study_list._name.text() == "Films"
    review.visibility.set_patient_hidden(False)
    assert study_list._name.text().startswith("Doe")


def test_a_hidden_ai_does_not_say_that_nothing_is_flagged(study_list: StudyList, review: Review) -> None:
    review.add([film("a.png")])
    review.set_model(chosen_model())
    store(review, 0.9, key="a.png")
    study_list.chips[Filter.FLAGGED].click()
    assert study_list.chips[Filter.FLAGGED].text() == "Flagged 1"
    review.visibility.set_ai_visible(False)
    study_list._show_counts()
    assert study_list.chips[Filter.FLAGGED].text() == "Flagged"
    assert study_list._nothing.text() == "The AI is hidden; Space shows it."


def test_results_do_not_scroll_a_filtered_list(study_list: StudyList, review: Review) -> None:
    review.add([film(f"{number}.png") for number in range(60)])
    review.set_model(chosen_model())
    for number in range(50):
        store(review, 0.9, key=f"{number}.png")
    study_list.chips[Filter.FLAGGED].click()
    study_list.view.grab()
    bar = study_list.view.verticalScrollBar()
    bar.setValue(bar.maximum())
    before = bar.value()
    assert before > 0
    store(review, 0.9, key="55.png")
    study_list._show_counts()
    assert len(rows(study_list)) == 51
    assert bar.value() == before
