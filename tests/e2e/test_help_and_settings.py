"""F1 wherever one is, and the settings as the menu opens them, some of them locked by the administrator."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QCheckBox, QComboBox, QDialog, QWidget

from gui.dialogs.settings import SettingsDialog
from gui.main_window import MainWindow
from gui.settings import load_settings
from imaging.phantom_labelled import FOLDER, write_labelled
from imaging.site import LOCKED, VARIABLE
from inference.bundles.bundle import ModelBundle
from tests.e2e.window import OpenWindow, settle
from tests.e2e.wizard_hands import click, inspected, wizard_of

ROOT = Path(__file__).resolve().parents[2]


def explained(window: MainWindow, where: QWidget, topic: str, qtbot: Any) -> None:
    """F1 there opens the manual at this topic."""
    where.activateWindow()
    qtbot.waitUntil(where.isActiveWindow)
    QTest.keyClick(where, Qt.Key.Key_F1)
    qtbot.waitUntil(lambda: window.commands.windows.manual is not None)
    manual = window.commands.windows.manual
    assert manual is not None
    qtbot.waitUntil(lambda: manual.topic == topic and manual.settled)
    manual.close()


def test_f1_leads_to_the_page_of_what_is_on_screen(
    open_window: OpenWindow, films: Path, trial: ModelBundle, qtbot: Any
) -> None:
    window = open_window(model=str(trial.location))
    settle(qtbot, window)
    explained(window, window, "first-minutes", qtbot)
    window.controller.opening.open_paths([films])
    settle(qtbot, window)
    explained(window, window, "reading", qtbot)
    window.sensitivity.specificity.setFocus()
    explained(window, window, "scores#sensitivity", qtbot)
    window.actions_by_name["check_model"].trigger()
    assert window.commands.work.check is not None
    explained(window, window.commands.work.check, "judging#check-it-on-your-films", qtbot)
    window.commands.work.check.close()
    for action in ("model_card", "settings", "help", "about"):
        dialogs = []
        for _ in range(2):
            window.actions_by_name[action].trigger()
            dialogs.append([found for found in window.findChildren(QDialog) if found.isVisible()])
        assert len(dialogs[0]) == 1
        assert dialogs[0] == dialogs[1], "what is open comes to the front, and not twice"
        dialogs[0][0].close()
    for action, topic in (("model_card", "judging#the-model-card"), ("settings", "administration#settings")):
        window.actions_by_name[action].trigger()
        dialog = next(found for found in window.findChildren(QDialog) if found.isVisible())
        explained(window, dialog, topic, qtbot)
        dialog.close()
    explained(window, wizard_of(window, qtbot), "training#films", qtbot)


def test_a_setting_counts_at_once_and_stays(open_window: OpenWindow, trial: ModelBundle, qtbot: Any) -> None:
    window = open_window(model=str(trial.location))
    settle(qtbot, window)
    dialog = window.commands.windows.show_settings()
    tick, box = dialog.editors["hide_patient"], dialog.editors["corner_text"]
    assert isinstance(tick, QCheckBox)
    assert isinstance(box, QComboBox)
    QTest.mouseClick(tick, Qt.MouseButton.LeftButton, pos=QPoint(8, tick.height() // 2))
    QTest.keyClick(box, Qt.Key.Key_Down)
    assert window.controller.review.visibility.patient_hidden
    settle(qtbot, window)
    kept = load_settings().settings
    assert kept.flag("hide_patient")
    assert kept.text("corner_text") == "short"
    window.actions_by_name["hide_patient"].trigger()  # changed elsewhere, the dialog follows
    assert not tick.isChecked()
    dialog.close()


def test_what_the_administrator_has_locked_is_greyed_and_says_so(
    open_window: OpenWindow, trial: ModelBundle, qtbot: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = {"schema": 1, "settings": {"hide_patient": True, "views": True}, "locked": ["hide_patient"]}
    (tmp_path / "site.json").write_text(json.dumps(content), encoding="utf-8")
    monkeypatch.setenv(VARIABLE, str(tmp_path / "site.json"))
    window = open_window(model=str(trial.location))
    settle(qtbot, window)
    assert window.controller.review.visibility.patient_hidden
    assert not window.actions_by_name["hide_patient"].isEnabled()
    dialog = window.commands.windows.show_settings()
    assert isinstance(dialog, SettingsDialog)
    assert not dialog.editors["hide_patient"].isEnabled()
    assert dialog.editors["views"].isEnabled()
    assert dialog.note("hide_patient").text() == LOCKED
    window.controller.preferences.change("hide_patient", False)
    assert window.controller.review.visibility.patient_hidden
    window.controller.preferences.change("views", False)
    settle(qtbot, window)
    assert not load_settings().settings.flag("views"), "a usual value of the site is the user's to change"
    dialog.close()


def test_a_report_for_support_is_written_from_the_menu(
    open_window: OpenWindow, trial: ModelBundle, qtbot: Any, tmp_path: Path
) -> None:
    window = open_window(model=str(trial.location))
    settle(qtbot, window)
    with qtbot.waitSignal(window.commands.told, timeout=60_000) as told:
        window.commands.save_report(tmp_path / "report.zip")
    assert "written" in told.args[0]
    assert (tmp_path / "report.zip").is_file()


def test_a_first_model_needs_no_film_of_ones_own(open_window: OpenWindow, user_data: Path, qtbot: Any) -> None:
    write_labelled(user_data / FOLDER, count=12)  # as the button would draw 80 of them
    window = open_window()
    wizard = wizard_of(window, qtbot)
    click(wizard.data.source.practice)
    inspected(qtbot, wizard)
    assert wizard.training.found is not None
    assert {row.label: row.films for row in wizard.training.found.classes} == {"CLEAR": 6, "OPACITY": 6}
    wizard.close()


def test_other_windows_are_pictured_too(films: Path, trial: ModelBundle, tmp_path: Path) -> None:
    out = tmp_path / "settings.png"
    words = ("--show", "settings", "--size", "600x700", "--model", str(trial.location), "--out", str(out))
    done = subprocess.run(
        [sys.executable, str(ROOT / "main.py"), "snapshot", str(films), *words], capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr
    with Image.open(out) as picture:
        assert picture.size == (600, 700)
