"""The invitation, before any film is open."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PySide6.QtWidgets import QApplication, QPushButton, QWidget

from gui.actions import build
from gui.frame.empty_state import RECENT_PX, EmptyState


def test_recent_folders_may_be_called_anything(themed: QApplication, qtbot: Any) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    empty = EmptyState(build(window), window)
    paths = (Path("/films/Smith & Jones"), Path("/films") / ("x" * 250), Path("/films/<b>one\ntwo"))
    empty.show_recent(paths)
    buttons = [button for button in empty.findChildren(QPushButton) if button.property("kind") == "quiet"]
    assert [button.text() for button in buttons][::2] == ["Smith && Jones", "<b>one two"]
    assert all(button.sizeHint().width() < RECENT_PX + 60 for button in buttons)
    assert "<b>" not in buttons[2].toolTip()
    empty.hide_recent(True)
    assert not any(button.isVisibleTo(window) for button in buttons)
