"""The wizard by real events: films dropped, checked and mended, a plan made, and a run that ends in a model."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QComboBox, QLabel, QPushButton, QTableWidget, QWidget

from gui.main_window import MainWindow
from gui.wizard.fields import leaves, value_at
from gui.wizard.window import DATA, PLAN, RESULT, RUN, WizardWindow
from tests.e2e.window import PATIENCE_MS, OpenWindow, settle
from tests.e2e.wizard_hands import (
    OpenWizard,
    choose,
    click,
    drop,
    inspected,
    on_plan_page,
    plan_of,
    tick,
    type_in,
    wizard_of,
)
from tests.square_films import write_square_films
from training.events import Finished
from training.plan import TrainingPlan, read_plan
from training.recipes import RECIPES
from training.run_dir import RunDir
from training.runs import known_runs


@pytest.fixture
def films(tmp_path: Path) -> Path:
    """Noise, with a bright square in the class SQUARE; two films a patient, one film under both labels."""
    folder = write_square_films(tmp_path / "Ward 3", 68, patient_has=2)
    (folder / "SQUARE" / "person90_film_0.png").write_bytes((folder / "NORMAL" / "person0_film_0.png").read_bytes())
    return folder


@pytest.fixture
def open_wizard(open_window: OpenWindow, qtbot: Any) -> OpenWizard:
    """The wizard as the menu opens it, ready for films."""

    return lambda size_px=(1280, 720): wizard_of(open_window(), qtbot, size_px)


def cells(table: QTableWidget, row: int) -> list[str]:
    """What a row of a table says."""
    found = (table.item(row, column) for column in range(table.columnCount()))
    return [item.text() if item is not None else "" for item in found]


def check_named(wizard: WizardWindow, name: str) -> Any:
    return next(row for row in wizard.data.found.checks.rows if row.check.name == name)


def test_films_are_dropped_checked_looked_at_and_mended(open_wizard: OpenWizard, films: Path, qtbot: Any) -> None:
    wizard = open_wizard()
    assert not wizard.forward.isEnabled()
    drop(wizard, films)
    assert wizard.data.currentWidget() is wizard.data.reading
    inspected(qtbot, wizard)
    found = wizard.data.found
    assert [cells(found.table, row)[:2] for row in range(2)] == [["NORMAL (healthy)", "34"], ["SQUARE", "35"]]
    assert wizard.about.text() == "69 films of 34 patients"
    qtbot.waitUntil(lambda: "→" in found.patients.examples.text(), timeout=PATIENCE_MS)
    torn = check_named(wizard, "Labels that disagree")
    assert torn.level.text() == "To mend", "not by its colour alone"
    assert not torn.row.isVisible()
    click(torn.films)
    qtbot.waitUntil(lambda: torn.row.tiles[0].tile is not None, timeout=PATIENCE_MS)
    assert {tile.tile.word for tile in torn.row.tiles} == {"NORMAL", "SQUARE"}
    assert all(tile.tile.image is not None for tile in torn.row.tiles)
    click(torn.fix)
    qtbot.waitUntil(lambda: len(plan_of(wizard).data.leave_out) == 1, timeout=PATIENCE_MS)
    inspected(qtbot, wizard)
    assert all(row.check.name != "Labels that disagree" for row in found.checks.rows)
    assert wizard.about.text().startswith("67 films")
    assert found.left_out.text() == "1 picture left out"
    click(found.put_back)
    inspected(qtbot, wizard)
    qtbot.waitUntil(check_named(wizard, "Labels that disagree").isVisible, timeout=PATIENCE_MS)


def test_a_film_that_is_cut_short_is_named_with_its_reason_and_left_out(
    open_wizard: OpenWizard, films: Path, qtbot: Any
) -> None:
    cut = films / "SQUARE" / "person1_film_3.png"
    cut.write_bytes(cut.read_bytes()[: cut.stat().st_size // 2])
    (films / "SQUARE" / "notes.png").write_text("no film", encoding="utf-8")
    wizard = open_wizard()
    drop(wizard, films)
    inspected(qtbot, wizard)
    assert "1 left out" in wizard.data.found.sizes.text()
    for name, file, reason in (
        ("Readable", "notes.png", "This is a text file"),
        ("Incomplete films", cut.name, "ends early"),
    ):
        row = check_named(wizard, name)
        assert row.level.text() == "Look"
        click(row.films)
        assert row.lost.isVisible()
        item = row.lost.topLevelItem(0)
        assert item.text(0) == file
        assert reason in item.text(1)
    with qtbot.waitSignal(wizard.film_asked) as asked:
        QTest.mouseClick(row.lost.viewport(), Qt.MouseButton.LeftButton, pos=row.lost.visualItemRect(item).center())
    assert asked.args[1].path == cut
    wizard.show()
    click(row.fix)
    qtbot.waitUntil(lambda: len(plan_of(wizard).data.leave_out) == 1, timeout=PATIENCE_MS)
    inspected(qtbot, wizard)
    assert all(row.check.name != "Incomplete films" for row in wizard.data.found.checks.rows)
    assert wizard.data.found.left_out.text() == "1 picture left out"


def test_a_film_of_a_check_opens_in_the_viewer(open_wizard: OpenWizard, films: Path, qtbot: Any) -> None:
    wizard = open_wizard()
    drop(wizard, films)
    inspected(qtbot, wizard)
    torn = check_named(wizard, "Labels that disagree")
    click(torn.films)
    qtbot.waitUntil(lambda: torn.row.tiles[1].tile is not None, timeout=PATIENCE_MS)
    torn.row.tiles[1].setFocus()
    QTest.keyClick(torn.row.tiles[1], Qt.Key.Key_Space)
    assert not wizard.isVisible()
    window = wizard.parent()
    assert isinstance(window, MainWindow)
    settle(qtbot, window)
    entry = window.controller.review.selected_entry
    assert entry is not None
    assert entry.ref is not None
    assert entry.ref.path == films / "SQUARE" / "person90_film_0.png"
    window.actions_by_name["train_model"].trigger()
    assert wizard.isVisible()
    assert torn.row.isVisible(), "the wizard is where it was left"


def test_a_pattern_for_patients_is_tried_before_it_is_used(open_wizard: OpenWizard, films: Path, qtbot: Any) -> None:
    wizard = open_wizard()
    drop(wizard, films)
    inspected(qtbot, wizard)
    card = wizard.data.found.patients
    for pattern, said in (("(", "no regular expression"), ("person", "a pair of brackets")):
        card.pattern.setText(pattern)
        qtbot.waitUntil(lambda said=said: said in card.examples.text(), timeout=PATIENCE_MS)
        assert not card.apply.isEnabled()
    card.pattern.setFocus()
    card.pattern.clear()
    QTest.keyClicks(card.pattern, r"^(person\d)")
    qtbot.waitUntil(card.apply.isEnabled, timeout=PATIENCE_MS)
    assert wizard.training.found is not None
    assert wizard.training.found.patients == 34, "nothing is inspected anew before it is asked for"
    click(card.apply)
    inspected(qtbot, wizard)
    assert wizard.training.found.patients == 9
    assert card.word.text() == "9"


def test_what_cannot_be_read_is_said_and_other_films_can_be_chosen(
    open_wizard: OpenWizard, films: Path, tmp_path: Path, qtbot: Any
) -> None:
    wizard = open_wizard()
    drop(wizard, films / "NORMAL")
    source = wizard.data.source
    qtbot.waitUntil(lambda: "not two classes" in source.message.text(), timeout=PATIENCE_MS)
    assert source.isVisible()
    (tmp_path / "few" / "A").mkdir(parents=True)
    (tmp_path / "few" / "B").mkdir()
    for name, origin in (("A", films / "NORMAL"), ("B", films / "SQUARE")):
        for path in sorted(origin.iterdir())[: 6 if name == "A" else 1]:
            (tmp_path / "few" / name / path.name).write_bytes(path.read_bytes())
    drop(wizard, tmp_path / "few")
    inspected(qtbot, wizard)
    assert "it needs 2 at least" in wizard.data.found.sizes.text()
    assert not wizard.forward.isEnabled()
    click(wizard.data.found.other)
    assert source.isVisible()
    drop(wizard, films)
    inspected(qtbot, wizard)
    assert wizard.forward.isEnabled()


def test_labels_in_the_wrong_column_and_films_that_vanish_are_one_sentence(
    open_wizard: OpenWizard, films: Path, tmp_path: Path, qtbot: Any
) -> None:
    wizard = open_wizard()
    message = wizard.data.source.message
    rows = [f"{path},{path.stem},{path.parent.name}" for path in sorted(films.glob("*/*.png"))]
    for name, head, said in (
        ("patients", "path,label,patient", "do the labels stand in another column"),
        ("paths", "label,path,patient", "can be read as films"),
        ("none", "film,finding,patient", "needs one column"),
    ):
        (tmp_path / f"{name}.csv").write_text("\n".join([head, *rows]), encoding="utf-8")
        drop(wizard, tmp_path / f"{name}.csv")
        qtbot.waitUntil(lambda said=said: said in message.text(), timeout=PATIENCE_MS)
        assert wizard.data.currentWidget() is wizard.data.source
        assert message.isVisible()
        assert not wizard.forward.isEnabled()
    drop(wizard, films)
    inspected(qtbot, wizard)
    films.rename(tmp_path / "away")
    card = wizard.data.found.patients
    card.pattern.setFocus()
    QTest.keyClicks(card.pattern, r"^(person\d)")
    qtbot.waitUntil(card.apply.isEnabled, timeout=PATIENCE_MS)
    click(card.apply)
    qtbot.waitUntil(lambda: "found or read" in message.text(), timeout=PATIENCE_MS)
    assert not wizard.forward.isEnabled()
    (tmp_path / "away").rename(films)
    drop(wizard, films)
    inspected(qtbot, wizard)
    assert wizard.forward.isEnabled()


def test_findings_of_a_csv_get_outputs_that_can_say_them(
    open_wizard: OpenWizard, films: Path, tmp_path: Path, qtbot: Any
) -> None:
    wizard = open_wizard()
    paths = [*sorted((films / "NORMAL").iterdir()), *sorted((films / "SQUARE").iterdir())]
    for name, labels, outputs in (
        ("three", ("No Finding", "Mass", "Effusion"), "softmax"),
        ("several", ("No Finding", "Mass", "Mass|Effusion"), "sigmoid"),
    ):
        rows = [f"{path},{labels[at % 3]},p{at}" for at, path in enumerate(paths[:60])]
        (tmp_path / f"{name}.csv").write_text("\n".join(["path,label,patient", *rows]), encoding="utf-8")
        drop(wizard, tmp_path / f"{name}.csv")
        inspected(qtbot, wizard)
        assert plan_of(wizard).network.outputs == outputs
        assert cells(wizard.data.found.table, 0)[0] == "No Finding (healthy)"
        assert wizard.data.found.table.rowCount() == 3
        assert wizard.forward.isEnabled(), wizard.draft.complaint
        assert plan_of(wizard).name == name


def test_reading_stops_at_once(open_wizard: OpenWizard, films: Path, qtbot: Any) -> None:
    wizard = open_wizard()
    drop(wizard, films)
    click(wizard.data.reading.stop)
    assert wizard.data.currentWidget() is wizard.data.source
    qtbot.waitUntil(lambda: wizard.training.jobs.idle, timeout=PATIENCE_MS)
    assert wizard.training.found is None


def test_a_recipe_fills_the_page_and_its_weights_wait_for_consent(
    open_wizard: OpenWizard, films: Path, tmp_path: Path, qtbot: Any
) -> None:
    wizard = open_wizard()
    on_plan_page(wizard, films, qtbot)
    page = wizard.plan
    assert plan_of(wizard).network.start.bundle == "pneumonia"
    assert wizard.forward.isEnabled()
    choose(page.head.recipe, "densenet121")
    recipe = RECIPES["densenet121"]
    assert plan_of(wizard).learning == recipe.learning
    assert page.main.editors["learning.rate"].widget.property("text") == "0.0001"
    assert "Agree to the download" in wizard.foot.text()
    assert not wizard.forward.isEnabled()
    page.start.consent.setFocus()
    QTest.keyClick(page.start.consent, Qt.Key.Key_Space)
    assert wizard.forward.isEnabled()
    assert page.download
    choose(page.start.start, "scratch")
    assert "Random weights" in page.start.about.text()
    assert not page.download
    page.head.write_plan(tmp_path / "plan.json")
    qtbot.waitUntil((tmp_path / "plan.json").exists, timeout=PATIENCE_MS)
    choose(page.head.recipe, "quick")
    assert plan_of(wizard).network.mode == "quick"
    page.head.read_plan(tmp_path / "plan.json")
    qtbot.waitUntil(lambda: plan_of(wizard).recipe == "densenet121", timeout=PATIENCE_MS)
    assert plan_of(wizard) == read_plan(tmp_path / "plan.json")
    (tmp_path / "newer.json").write_text(json.dumps({"schema": 99}), encoding="utf-8")
    page.head.read_plan(tmp_path / "newer.json")
    qtbot.waitUntil(lambda: "newer Negatoscope" in wizard.foot.text(), timeout=PATIENCE_MS)
    page.head.read_plan(tmp_path / "nowhere.json")
    qtbot.waitUntil(lambda: "can" in wizard.foot.text() and "be read" in wizard.foot.text(), timeout=PATIENCE_MS)
    assert plan_of(wizard) == read_plan(tmp_path / "plan.json"), "what was there stays"


def test_every_field_can_be_reached_and_contradictions_are_said(
    open_wizard: OpenWizard, films: Path, qtbot: Any
) -> None:
    wizard = open_wizard()
    on_plan_page(wizard, films, qtbot)
    page = wizard.plan
    click(page.way.modes["standard"])
    assert (plan_of(wizard).recipe, plan_of(wizard).network.mode) == ("standard", "standard")
    page.show_all.setFocus()
    QTest.keyClick(page.show_all, Qt.Key.Key_Space)
    assert set(page.all.editors) == {leaf.key for leaf in leaves(TrainingPlan)}
    assert {"learning.mixup", "augment.rotate_deg", "network.head.hidden", "data.test_share"} <= set(page.all.editors)
    type_in(page.all.editors["learning.label_smoothing"].widget, "1.5")
    assert "label smoothing is no share" in wizard.foot.text()
    assert not wizard.forward.isEnabled()
    type_in(page.all.editors["learning.label_smoothing"].widget, "0.1")
    assert plan_of(wizard).learning.label_smoothing == pytest.approx(0.1)
    assert wizard.forward.isEnabled()
    type_in(page.main.editors["learning.rate"].widget, "fast")
    assert "should be a number" in wizard.foot.text()
    type_in(page.all.editors["network.head.hidden"].widget, "64, 32")
    assert plan_of(wizard).network.head.hidden == (64, 32)
    type_in(page.all.editors["data.test_share"].widget, "0.2")
    assert wizard.foot.text() == "The films are being read anew."
    assert not wizard.forward.isEnabled()
    qtbot.waitUntil(lambda: wizard.training.is_inspecting, timeout=PATIENCE_MS)
    inspected(qtbot, wizard)
    assert wizard.training.found is not None
    assert wizard.training.found.parts.test > 0
    assert wizard.forward.isEnabled()
    assert value_at(plan_of(wizard), "augment.noise") == pytest.approx(0.05)
    click(page.augment.on)
    assert plan_of(wizard).augment is None
    assert not page.all.editors["augment.noise"].widget.isEnabled()


def test_a_model_goes_on_from_another_and_may_be_its_next_version(
    open_wizard: OpenWizard, films: Path, qtbot: Any
) -> None:
    wizard = open_wizard()
    on_plan_page(wizard, films, qtbot)
    start, name = wizard.plan.start, plan_of(wizard).name
    assert start.next_version.isVisible()
    assert not start.next_version.isChecked()
    assert not start.keep_head.isEnabled(), "quick training fits its head anew"
    tick(start.next_version)
    assert plan_of(wizard).name == wizard.plan.head.name.text() == "pneumonia"
    assert "takes the place of pneumonia@1 only if" in start.about.text()
    type_in(wizard.plan.head.name, "Other")
    assert not start.next_version.isChecked(), "another name is another model"
    tick(start.next_version)
    tick(start.next_version)
    assert plan_of(wizard).name == name
    click(wizard.plan.way.modes["standard"])
    tick(start.keep_head)
    assert plan_of(wizard).network.start.with_head
    assert "tells NORMAL, PNEUMONIA apart" in wizard.foot.text()
    assert not wizard.forward.isEnabled()
    click(wizard.plan.way.modes["quick"])
    assert not plan_of(wizard).network.start.with_head
    assert wizard.forward.isEnabled(), wizard.foot.text()
    choose(start.start, "downloaded")
    assert not start.next_version.isVisible()


def test_augmentation_is_shown_and_the_time_is_measured(open_wizard: OpenWizard, films: Path, qtbot: Any) -> None:
    wizard = open_wizard()
    on_plan_page(wizard, films, qtbot)
    page = wizard.plan
    choose(page.start.backbone, "tiny_fine")
    assert plan_of(wizard).network.start.bundle == "practice@1"
    click(page.way.modes["standard"])
    qtbot.waitUntil(lambda: len(page.augment.pictures.images) == 6, timeout=PATIENCE_MS)
    first = page.augment.pictures.images[0].copy()
    click(page.augment.again)
    qtbot.waitUntil(lambda: page.augment.pictures.images[0] != first, timeout=PATIENCE_MS)
    qtbot.waitUntil(lambda: "on this machine" in page.way.estimate.text(), timeout=PATIENCE_MS)
    assert page.way.estimate.text().startswith("About")


def shown_texts(page: QWidget) -> list[QLabel | QPushButton]:
    found: list[QLabel | QPushButton] = [*page.findChildren(QLabel), *page.findChildren(QPushButton)]
    return [widget for widget in found if widget.isVisibleTo(page)]


@pytest.mark.parametrize("size_px", [(1280, 720), (1080, 640)])
def test_nothing_is_clipped(open_wizard: OpenWizard, films: Path, qtbot: Any, size_px: tuple[int, int]) -> None:
    wizard = open_wizard(size_px)
    on_plan_page(wizard, films, qtbot)
    for page, scrolled in ((DATA, wizard.data.found), (PLAN, wizard.plan)):
        wizard.go_to(page)
        QApplication.processEvents()
        assert scrolled.horizontalScrollBar().maximum() == 0
        inner = scrolled.widget()
        assert inner is not None
        for text in shown_texts(inner):
            right = text.mapTo(inner, QPoint(text.width(), 0)).x()
            assert right <= inner.width(), text.text()
            assert text.height() >= min(text.minimumSizeHint().height(), 14), text.text()


def test_every_control_has_a_name(open_wizard: OpenWizard, films: Path, qtbot: Any) -> None:
    wizard = open_wizard()
    on_plan_page(wizard, films, qtbot)
    for widget in wizard.findChildren(QWidget):
        inner = widget.objectName().startswith("qt_") or isinstance(widget.parent(), QComboBox)
        if widget.focusPolicy() & Qt.FocusPolicy.TabFocus and widget.isVisible() and not inner:
            named = widget.accessibleName() or getattr(widget, "text", lambda: "")()
            assert named or widget.metaObject().className() in ("QScrollArea", "PlanPage", "FoundPage", "QLineEdit")


def test_a_run_goes_from_the_films_to_a_model(open_wizard: OpenWizard, films: Path, qtbot: Any) -> None:
    wizard = open_wizard()
    on_plan_page(wizard, films, qtbot)
    choose(wizard.plan.start.backbone, "tiny_fine")
    type_in(wizard.plan.head.name, "Squares")
    plan = dataclasses.replace(
        plan_of(wizard),
        data=dataclasses.replace(plan_of(wizard).data, validation_share=0.3),
        preprocess=dataclasses.replace(plan_of(wizard).preprocess, size_px=64),
    )
    wizard.draft.set(plan)
    qtbot.waitUntil(wizard.forward.isEnabled, timeout=PATIENCE_MS)
    inspected(qtbot, wizard)
    assert not wizard.steps.steps[PLAN].done
    click(wizard.forward)
    qtbot.waitUntil(lambda: wizard.current == RUN, timeout=PATIENCE_MS)
    assert wizard.steps.steps[PLAN].done
    (run,) = known_runs()
    assert RunDir(run).plan().name == "Squares"
    assert wizard.training.runs() == (run,)
    qtbot.waitUntil(lambda: RunDir(run).finished is not None, timeout=PATIENCE_MS)
    finished = RunDir(run).finished
    assert isinstance(finished, Finished)
    assert Path(finished.bundle).name == "squares@1"
    qtbot.waitUntil(lambda: wizard.run.is_finished, timeout=PATIENCE_MS)
    assert wizard.foot.text() == "", "it does not go on any more"
    click(wizard.run.head.result)
    assert wizard.current == RESULT
    qtbot.waitUntil(lambda: wizard.result.judgement is not None, timeout=PATIENCE_MS)
    with qtbot.waitSignal(wizard.bundle_asked) as asked:
        click(wizard.result.head.open_model)
    assert asked.args == [Path(finished.bundle)]
    with qtbot.waitSignal(wizard.film_asked):
        click(next(cell for cell in wizard.result.confusion.cells.values() if cell.isEnabled()))
    wizard.close()
    qtbot.waitUntil(lambda: wizard.training.jobs.idle, timeout=PATIENCE_MS)
