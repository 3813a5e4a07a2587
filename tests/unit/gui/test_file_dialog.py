"""What Qt's file dialog remembers lies with the rest of what is remembered."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
CHOOSE = """
import sys
from pathlib import Path
from PySide6.QtWidgets import QFileDialog
from gui.app import keep_dialogs_in, make_application
app = make_application()
keep_dialogs_in(Path(sys.argv[1]))
dialog = QFileDialog(directory=sys.argv[2])
dialog.setOption(QFileDialog.Option.DontUseNativeDialog)
dialog.show()
dialog.accept()
del dialog
"""


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the dialogs are the system's")
def test_a_file_dialog_leaves_nothing_in_the_home_folder(tmp_path: Path) -> None:
    home, data, films = (tmp_path / name for name in ("home", "data", "Jane Doe"))
    for folder in (home, data, films):
        folder.mkdir()
    hidden = {name: value for name, value in os.environ.items() if not name.startswith("XDG_")}
    environment = {**hidden, "HOME": str(home), "QT_QPA_PLATFORM": "offscreen"}
    command = [sys.executable, "-c", CHOOSE, str(data), str(films)]
    subprocess.run(command, cwd=ROOT, env=environment, check=True, timeout=120)
    kept = [path for path in home.rglob("*") if path.is_file() and b"Jane" in path.read_bytes()]
    assert kept == []
    assert b"Jane" in (data / "QtProject.conf").read_bytes(), "it remembers, where the program remembers"
