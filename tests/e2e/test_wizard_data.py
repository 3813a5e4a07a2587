"""The wizard's Data page by real events: films dropped, checked, looked at and mended."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PySide6.QtCore import QMimeData, QPoint, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDragLeaveEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QTableWidget

from gui.main_window import MainWindow
from gui.wizard.patients import HIDDEN
from gui.wizard.window import WizardWindow
from tests.e2e.window import PATIENCE_MS, settle
from tests.e2e.wizard_hands import (
    OpenWizard,
    click,
    drop,
    inspected,
    plan_of,
)


def cells(table: QTableWidget, row: int) -> list[str]:
    """What a row of a table says."""
    found = (table.item(row, column) for column in range(table.columnCount()))
    return [item.text() if item is not None else "" for item in found]


def check_named(wizard: WizardWindow, name: str) -> Any:
    return next(row for row in wizard.data.found.checks.rows if row.check.name == name)


def drop_csv(wizard: WizardWindow, path: Path, *lines: str) -> None:
    path.write_text("\n".join(lines), encoding="utf-8")
    drop(wizard, path)


def test_films_are_dropped_checked_looked_at_and_mended(open_wizard: OpenWizard, squares: Path, qtbot: Any) -> None:
    wizard = open_wizard()
    assert not wizard.forward.isEnabled()
    drop(wizard, squares)
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
    open_wizard: OpenWizard, squares: Path, qtbot: Any
) -> None:
    cut = squares / "SQUARE" / "person1_film_3.png"
    cut.write_bytes(cut.read_bytes()[: cut.stat().st_size // 2])
    (squares / "SQUARE" / "notes.png").write_text("no film", encoding="utf-8")
    wizard = open_wizard()
    drop(wizard, squares)
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


def test_a_film_of_a_check_opens_in_the_viewer(open_wizard: OpenWizard, squares: Path, qtbot: Any) -> None:
    wizard = open_wizard()
    drop(wizard, squares)
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
    assert entry.ref.path == squares / "SQUARE" / "person90_film_0.png"
    window.actions_by_name["train_model"].trigger()
    assert wizard.isVisible()
    assert torn.row.isVisible(), "the wizard is where it was left"


def test_a_pattern_for_patients_is_tried_before_it_is_used(open_wizard: OpenWizard, squares: Path, qtbot: Any) -> None:
    wizard = open_wizard()
    drop(wizard, squares)
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
    open_wizard: OpenWizard, squares: Path, tmp_path: Path, qtbot: Any
) -> None:
    wizard = open_wizard()
    drop(wizard, squares / "NORMAL")
    source = wizard.data.source
    qtbot.waitUntil(lambda: "not two classes" in source.field.message.text(), timeout=PATIENCE_MS)
    assert source.isVisible()
    (tmp_path / "few" / "A").mkdir(parents=True)
    (tmp_path / "few" / "B").mkdir()
    for name, origin in (("A", squares / "NORMAL"), ("B", squares / "SQUARE")):
        for path in sorted(origin.iterdir())[: 6 if name == "A" else 1]:
            (tmp_path / "few" / name / path.name).write_bytes(path.read_bytes())
    drop(wizard, tmp_path / "few")
    inspected(qtbot, wizard)
    assert "it needs 2 at least" in wizard.data.found.sizes.text()
    assert not wizard.forward.isEnabled()
    click(wizard.data.found.other)
    assert source.isVisible()
    drop(wizard, squares)
    inspected(qtbot, wizard)
    assert wizard.forward.isEnabled()


def test_labels_in_the_wrong_column_and_films_that_vanish_are_one_sentence(
    open_wizard: OpenWizard, squares: Path, tmp_path: Path, qtbot: Any
) -> None:
    wizard = open_wizard()
    message = wizard.data.source.field.message
    rows = [f"{path},{path.stem},{path.parent.name}" for path in sorted(squares.glob("*/*.png"))]
    for name, head, said in (
        ("patients", "path,label,patient", "do the labels stand in another column"),
        ("none", "film,finding,patient", "needs one column"),
        ("paths", "label,path,patient", "Nearly every film has a label of its own"),
    ):
        drop_csv(wizard, tmp_path / f"{name}.csv", head, *rows)
        qtbot.waitUntil(lambda said=said: said in message.text(), timeout=PATIENCE_MS)
        assert wizard.data.currentWidget() is wizard.data.source
        assert message.isVisible()
        assert not wizard.forward.isEnabled()
    drop(wizard, squares)
    inspected(qtbot, wizard)
    squares.rename(tmp_path / "away")
    card = wizard.data.found.patients
    card.pattern.setFocus()
    QTest.keyClicks(card.pattern, r"^(person\d)")
    qtbot.waitUntil(card.apply.isEnabled, timeout=PATIENCE_MS)
    click(card.apply)
    qtbot.waitUntil(lambda: "found or read" in message.text(), timeout=PATIENCE_MS)
    assert not wizard.forward.isEnabled()
    (tmp_path / "away").rename(squares)
    drop(wizard, squares)
    inspected(qtbot, wizard)
    assert wizard.forward.isEnabled()


def test_findings_of_a_csv_get_outputs_that_can_say_them(
    open_wizard: OpenWizard, squares: Path, tmp_path: Path, qtbot: Any
) -> None:
    wizard = open_wizard()
    paths = [*sorted((squares / "NORMAL").iterdir()), *sorted((squares / "SQUARE").iterdir())]
    for name, labels, outputs in (
        ("three", ("No Finding", "Mass", "Effusion"), "softmax"),
        ("several", ("No Finding", "Mass", "Mass|Effusion"), "sigmoid"),
    ):
        rows = [f"{path},{labels[at % 3]},p{at}" for at, path in enumerate(paths[:60])]
        drop_csv(wizard, tmp_path / f"{name}.csv", "path,label,patient", *rows)
        inspected(qtbot, wizard)
        assert plan_of(wizard).network.outputs == outputs
        assert cells(wizard.data.found.table, 0)[0] == "No Finding (healthy)"
        assert wizard.data.found.table.rowCount() == 3
        assert wizard.forward.isEnabled(), wizard.draft.complaint
        assert plan_of(wizard).name == name


def test_the_field_says_that_it_takes_what_is_held_over_it(open_wizard: OpenWizard, squares: Path) -> None:
    wizard = open_wizard()
    field = wizard.data.source.field

    def edge() -> int:
        """How blue it is, smoothed as the line is."""
        return field.grab().toImage().pixelColor(field.width() // 2, 1).blue()

    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(squares))])
    action, button, keys = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    QApplication.sendEvent(wizard, QDragEnterEvent(QPoint(400, 300), action, mime, button, keys))
    assert edge() > 150
    QApplication.sendEvent(wizard, QDragLeaveEvent())
    assert edge() < 100


def test_reading_stops_at_once(open_wizard: OpenWizard, squares: Path, qtbot: Any) -> None:
    wizard = open_wizard()
    drop(wizard, squares)
    click(wizard.data.reading.stop)
    assert wizard.data.currentWidget() is wizard.data.source
    qtbot.waitUntil(lambda: wizard.training.jobs.idle, timeout=PATIENCE_MS)
    assert wizard.training.found is None


def test_names_are_hidden_where_patient_data_are(open_wizard: OpenWizard, squares: Path, qtbot: Any) -> None:
    wizard = open_wizard()
    drop(wizard, squares)
    inspected(qtbot, wizard)
    examples = wizard.data.found.patients.examples
    qtbot.waitUntil(lambda: "person" in examples.text(), timeout=PATIENCE_MS)
    for hidden in (True, False):
        wizard.hide_names(hidden=hidden)
        qtbot.waitUntil(lambda: (examples.text() == HIDDEN) == hidden, timeout=PATIENCE_MS)  # noqa: B023
        torn = check_named(wizard, "Labels that disagree")
        click(torn.films)
        qtbot.waitUntil(lambda: torn.row.tiles[0].tile is not None, timeout=PATIENCE_MS)  # noqa: B023
        names = [tile.tile.likeness for tile in torn.row.tiles]
        assert names == (["Film 1", "Film 2"] if hidden else [name for name in names if name.endswith(".png")])
        assert not any(hidden and ".png" in tile.accessibleName() for tile in torn.row.tiles)
