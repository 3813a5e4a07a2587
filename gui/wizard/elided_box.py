"""A choice that says where its text is cut."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QPaintEvent
from PySide6.QtWidgets import QComboBox, QStyle, QStyleOptionComboBox, QStylePainter

AIR_PX = 6  # between the text and the arrow


class ElidedBox(QComboBox):
    """Its text ends in an ellipsis where there is no room for it; Qt's own ends in half a letter."""

    def paintEvent(self, event: QPaintEvent) -> None:
        option = QStyleOptionComboBox()
        self.initStyleOption(option)
        complex_, edit = QStyle.ComplexControl.CC_ComboBox, QStyle.SubControl.SC_ComboBoxEditField
        room = self.style().subControlRect(complex_, option, edit, self).width() - AIR_PX
        option.currentText = self.fontMetrics().elidedText(option.currentText, Qt.TextElideMode.ElideRight, room)
        painter = QStylePainter(self)
        painter.drawComplexControl(complex_, option)
        painter.drawControl(QStyle.ControlElement.CE_ComboBoxLabel, option)
