"""One sentence that the reader must see."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMessageBox, QWidget


def message_dialog(text: str, parent: QWidget | None = None) -> QMessageBox:
    """Not modal to the work: it is opened, not waited for."""
    box = QMessageBox(QMessageBox.Icon.Warning, "Negatoscope", text, QMessageBox.StandardButton.Ok, parent)
    box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    return box
