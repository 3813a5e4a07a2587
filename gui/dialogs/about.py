"""What this program is, and what it is not."""

from __future__ import annotations

import platform

from PySide6 import __version__ as qt_version
from PySide6.QtWidgets import QWidget

from gui.dialogs.base import TextDialog, table
from gui.theme import PALETTE

TEXT = (
    "<p>A viewer for chest films with a second reader inside. What the model says is a finding with a score, "
    "never a judgement of the patient.</p>"
    f'<p style="color:{PALETTE.amber};margin-bottom:16px">Research use, not a medical device.</p>'
)


def about_dialog(version: str, parent: QWidget | None = None) -> TextDialog:
    """The versions behind the window, for whoever reports something."""
    rows = [
        ("Version", version),
        ("Python", platform.python_version()),
        ("Qt", f"{qt_version}, used under the LGPL through PySide6"),
        ("Typeface", "Inter, SIL Open Font License"),
    ]
    return TextDialog("About Negatoscope", TEXT + table(rows, PALETTE.secondary), (480, 360), parent)
