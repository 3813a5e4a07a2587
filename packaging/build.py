"""Freeze the program: `python packaging/build.py` makes the folder dist/Negatoscope.

Windowed, with the bundled models. PyInstaller does not cross-compile: each system builds its own.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
DIST = ROOT / "dist"


def fault() -> str | None:
    """Return why this machine cannot build, or None."""
    if sys.platform.startswith("linux"):
        if shutil.which("objdump") is None:
            return "PyInstaller needs objdump. On Debian as root: apt-get install binutils"
        if not sysconfig.get_config_var("Py_ENABLE_SHARED"):
            return "This Python was built without its shared library (--enable-shared), which a frozen program carries."
    if not (ROOT / "resources" / "models").is_dir():
        return "There are no bundled models in resources/models; the README says how each is made."
    return None


def size_mb(folder: Path) -> int:
    """Return what the folder's files take, in megabytes; links count once."""
    files = [path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()]
    return sum(path.stat().st_size for path in files) // 1_000_000


def main() -> int:
    """Build, and say where it lies and what it weighs."""
    reason = fault()
    if reason:
        print(reason)
        return 2
    start = time.monotonic()
    shutil.rmtree(DIST / "Negatoscope", ignore_errors=True)
    spec = ROOT / "packaging" / "negatoscope.spec"
    places = ("--distpath", str(DIST), "--workpath", str(ROOT / "build"))
    # Its warnings name modules of other systems; build/negatoscope/warn-negatoscope.txt keeps them.
    command = [sys.executable, "-m", "PyInstaller", "--noconfirm", "--log-level", "ERROR", *places, str(spec)]
    environment = {**os.environ, "PYTHONWARNINGS": "ignore"}
    print("Building dist/Negatoscope: some minutes", flush=True)
    status = subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode
    if status == 0:
        print(f"dist/Negatoscope: {size_mb(DIST / 'Negatoscope')} MB in {time.monotonic() - start:.0f} s")
        print("Try it where nothing else is: python packaging/smoke.py")
    return status


if __name__ == "__main__":
    raise SystemExit(main())
