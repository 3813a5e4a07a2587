"""How to use the window, and every key: drawn from the table of actions."""

from __future__ import annotations

from html import escape

from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QWidget

from gui.actions import MENUS, ROWS, Row
from gui.dialogs.base import TextDialog, heading, table
from gui.theme import PALETTE

MOUSE = [
    ("Left drag", "The tool in hand. Window: right is wider, down is brighter"),
    ("Middle drag", "Pan"),
    ("Right drag", "Zoom"),
    ("Wheel", "Next and previous film"),
    ("Ctrl + wheel", "Zoom at the cursor"),
    ("Double click", "Fill the window, and back"),
    ("Shift, Ctrl while dragging", "Finer, faster"),
]
WINDOWS = [("0", "Automatic window"), ("1 to 9", "The film's own windows, then the presets")]
WORDS = (
    "Drop films or folders on the window. Words come at once; the heat map comes with G. "
    "<b>Sensitivity</b> moves the operating point: whether a finding is flagged. "
    "<b>Heat threshold</b> changes only what is painted. Neither runs the model again. "
    "<b>Check this model on my films</b> (menu AI) shows what it is worth where you work."
)


def help_dialog(parent: QWidget | None = None) -> TextDialog:
    """The help page of the actions that there are."""
    return TextDialog("Keys and mouse", help_html(ROWS), (640, 720), parent)


def help_html(rows: tuple[Row, ...]) -> str:
    """Every action that has keys, by menu, after the mouse."""
    tone = PALETTE.secondary
    parts = [f"<p>{WORDS}</p>", heading("Mouse", tone), table(MOUSE, PALETTE.text)]
    for menu in MENUS:
        keyed = [(_keys(row), escape(row.text)) for row in rows if row.menu == menu and row.shortcuts]
        if menu == "Tools":
            keyed += WINDOWS
        if keyed:
            parts += [heading(menu, tone), table(keyed, PALETTE.text)]
    return "".join(parts)


def _keys(row: Row) -> str:
    native = QKeySequence.SequenceFormat.NativeText
    return escape(" · ".join(QKeySequence(keys).toString(native) for keys in row.shortcuts))
