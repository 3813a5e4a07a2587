"""What a file draws over its film: shown on opening, hidden and shown again by a key, and so in the next session."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from inference.bundles.bundle import ModelBundle
from tests import dicom_files as make
from tests.e2e.window import OpenWindow, pixel, settle


def film(folder: Path) -> Path:
    """A black film with a square of 40 pixels drawn over it."""
    made = make.dataset(np.zeros((200, 200), np.uint16), **make.window(500, 900))
    mask = np.zeros((200, 200), bool)
    mask[80:120, 80:120] = True
    for element, vr, value in ((0x10, "US", 200), (0x11, "US", 200), (0x50, "SS", [1, 1]), (0x100, "US", 1)):
        made.add_new(0x60000000 | element, vr, value)
    made.add_new(0x60003000, "OW", np.packbits(mask.reshape(-1), bitorder="little").tobytes())
    return make.write_dataset(folder / "film.dcm", made)


def test_a_key_hides_and_shows_them(open_window: OpenWindow, trial: ModelBundle, tmp_path: Path, qtbot: Any) -> None:
    window = open_window([film(tmp_path)], model=str(trial.location))
    settle(qtbot, window)
    assert pixel(window, (100, 100)).lightness() == 255
    assert window.actions_by_name["graphics"].isChecked()
    for expected in (0, 255, 0):
        QTest.keyClick(window.view, Qt.Key.Key_O)
        assert pixel(window, (100, 100)).lightness() == expected
    settle(qtbot, window)
    again = open_window([tmp_path / "film.dcm"], model=str(trial.location))
    settle(qtbot, again)
    assert not again.actions_by_name["graphics"].isChecked()
    assert pixel(again, (100, 100)).lightness() == 0
