from __future__ import annotations

from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QToolButton, QWidget

from gui import actions
from gui.frame.top_bar import TopBar
from gui.review import Review


@pytest.mark.parametrize(("width_px", "worded"), [(1024, False), (1280, True), (1600, True)])
def test_no_word_is_cut_short(themed: QApplication, qtbot: Any, width_px: int, worded: bool) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    by_name = actions.build(window)
    bar = TopBar(by_name, actions.fill_menus(window, by_name), Review(window), window)
    for width in (1600, width_px):  # made narrow, as a window is
        bar.resize(width, bar.height())
        window.resize(width, 100)
        window.show()
        qtbot.waitExposed(window)
        themed.processEvents()  # the layout follows the buttons' new sizes
    styles = {button.text(): button.toolButtonStyle() for button in bar.findChildren(QToolButton)}
    assert (styles["Fit"] is Qt.ToolButtonStyle.ToolButtonTextOnly) is worded
    assert (styles["AI overlay"] is Qt.ToolButtonStyle.ToolButtonTextOnly) is worded
    for button in bar.findChildren(QToolButton):
        if button.toolButtonStyle() is not Qt.ToolButtonStyle.ToolButtonIconOnly:
            assert button.width() >= button.sizeHint().width(), button.text()
        else:
            assert not button.icon().isNull()
            assert button.toolTip()
