"""The frame of our dialogs: a title, a scrolled text, a button that closes."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QFrame, QLabel, QScrollArea, QVBoxLayout, QWidget

from gui.theme import font

MARGIN_PX = 24


class TextDialog(QDialog):
    """Rich text that can be read, selected and scrolled. It destroys itself when it is closed."""

    def __init__(self, title: str, html: str, size_px: tuple[int, int], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        head = QLabel(title)
        head.setFont(font("title"))
        self.text = QLabel(html)
        self.text.setWordWrap(True)
        self.text.setTextFormat(Qt.TextFormat.RichText)
        self.text.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
        self.text.setTextInteractionFlags(Qt.TextInteractionFlag.TextBrowserInteraction)
        self.text.setOpenExternalLinks(False)
        self.text.setContentsMargins(0, 0, 12, 0)
        scrolled = QScrollArea()
        scrolled.setFrameShape(QFrame.Shape.NoFrame)
        scrolled.setWidgetResizable(True)
        scrolled.setWidget(self.text)
        scrolled.viewport().setAutoFillBackground(False)
        self.text.setAutoFillBackground(False)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(MARGIN_PX, MARGIN_PX, MARGIN_PX, 16)
        whole.setSpacing(16)
        whole.addWidget(head)
        whole.addWidget(scrolled, 1)
        whole.addWidget(buttons)
        self.resize(*size_px)


def table(rows: list[tuple[str, str]], colour: str) -> str:
    """Two columns of rich text; the left one in `colour`."""
    cells = (
        f'<tr><td style="color:{colour};padding:3px 24px 3px 0" width="34%">{left}</td>'
        f'<td style="padding:3px 0">{right}</td></tr>'
        for left, right in rows
    )
    return f'<table width="100%" cellspacing="0">{"".join(cells)}</table>'


def heading(text: str, colour: str) -> str:
    """A line of rich text that opens a section."""
    return f'<p style="color:{colour};font-weight:600;margin:14px 0 4px 0">{text}</p>'
