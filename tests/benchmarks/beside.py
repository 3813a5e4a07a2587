"""Environments for programs that are measured beside ours and are no dependencies of it."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
import venv
from pathlib import Path


def python_with(package: str, folder: Path) -> Path:
    """The Python of the environment in `folder` that holds `package`; it is made where there is none.

    What it lacks is looked for in ours, which would be gigabytes again.
    """
    python = folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    if not (folder / "made").is_file():
        venv.create(folder, with_pip=True, clear=True)
        own = subprocess.check_output(
            [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"], text=True
        )
        (Path(own.strip()) / "beside.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
        subprocess.check_call([python, "-m", "pip", "install", "--quiet", package])
        (folder / "made").touch()
    return python
