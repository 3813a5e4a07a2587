"""What every panel of the right column is made of: a heading, a word beside it, and the content below."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QButtonGroup, QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from gui.theme import PALETTE, font

MARGIN_PX = 16
SPACING_PX = 8


class PanelBox(QWidget):
    """A heading in small capitals, a word on the right, and a column for the content."""

    def __init__(self, heading: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(heading)
        self.heading = label(heading.upper(), tone="secondary")
        self.heading.setFont(font("heading"))
        self.word = label("", tone="secondary")
        self.head = QHBoxLayout()
        self.head.addWidget(self.heading, 1)
        self.head.addWidget(self.word)
        self.column = QVBoxLayout(self)
        self.column.setContentsMargins(MARGIN_PX, 12, MARGIN_PX, 12)
        self.column.setSpacing(SPACING_PX)
        self.column.addLayout(self.head)
        self.column.addSpacing(2)


def label(text: str = "", *, tone: str = "", wrap: bool = False) -> QLabel:
    """A label in one of the stylesheet's tones."""
    made = QLabel(text)
    if tone:
        made.setProperty("tone", tone)
    if wrap:
        made.setWordWrap(True)
        made.setTextFormat(Qt.TextFormat.RichText)
    return made


def set_tone(widget: QWidget, tone: str) -> None:
    """Change the tone of a widget that is shown already."""
    if widget.property("tone") != tone:
        widget.setProperty("tone", tone)
        widget.style().unpolish(widget)
        widget.style().polish(widget)


def strong(text: str) -> str:
    """Rich text for the words of a sentence that matter most."""
    return f'<span style="color:{PALETTE.text};font-weight:600">{text}</span>'


def one_of(chips: Iterable[QPushButton], owner: QWidget, gap_px: int = 6) -> QHBoxLayout:
    """A row of chips, one of which is chosen at a time."""
    row, group = QHBoxLayout(), QButtonGroup(owner)
    row.setSpacing(gap_px)
    for chip in chips:
        chip.setProperty("kind", "chip")
        chip.setCheckable(True)
        group.addButton(chip)
        row.addWidget(chip)
    row.addStretch(1)
    return row


def rule() -> QFrame:
    """A hairline."""
    line = QFrame()
    line.setProperty("line", "true")
    return line


def upright(parent: QWidget | None = None) -> QWidget:
    """A hairline from top to bottom."""
    line = QWidget(parent)
    line.setFixedWidth(1)
    line.setAutoFillBackground(True)
    palette = line.palette()
    palette.setColor(QPalette.ColorRole.Window, QColor(PALETTE.line))
    line.setPalette(palette)
    return line
