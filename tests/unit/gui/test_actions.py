from __future__ import annotations

import pytest
from PySide6.QtWidgets import QApplication, QWidget

from gui.actions import ROWS, Row, ShortcutConflictError, build, check
from gui.dialogs.help import help_html


def test_the_table_is_free_of_conflicts(themed: QApplication) -> None:
    window = QWidget()
    made = build(window)
    assert set(made) == {row.name for row in ROWS}
    assert made["overlay"].shortcut().toString() == "G"
    window.deleteLater()


def test_two_rows_with_the_same_keys_are_refused() -> None:
    with pytest.raises(ShortcutConflictError, match="Ctrl\\+I is asked for by 'Invert' and by 'Italics'"):
        check([Row("a", "Invert", "View", ("Ctrl+I",)), Row("b", "Italics", "View", ("ctrl+i",))])


def test_two_rows_of_one_name_are_refused() -> None:
    with pytest.raises(ShortcutConflictError, match="'a'"):
        check([Row("a", "One", "View"), Row("a", "Two", "View")])


def test_the_help_page_names_every_key(themed: QApplication) -> None:
    page = help_html(ROWS)
    for row in ROWS:
        if row.shortcuts:
            assert row.text in page
