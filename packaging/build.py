"""Freeze the program: `python packaging/build.py` makes the folder dist/Negatoscope.

Windowed, with the bundled models. PyInstaller does not cross-compile: each system builds its own.
"""

from __future__ import annotations

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
    command = [sys.executable, "-m", "PyInstaller", "--noconfirm", "--log-level", "WARN", *places, str(spec)]
    log = ROOT / "build" / "pyinstaller.log"
    log.parent.mkdir(exist_ok=True)
    print(f"Building dist/Negatoscope: some minutes. PyInstaller's own words: {log.relative_to(ROOT)}", flush=True)
    with log.open("w", encoding="utf-8") as words:
        status = subprocess.run(command, cwd=ROOT, stdout=words, stderr=subprocess.STDOUT, check=False).returncode
    if status != 0:
        print("\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-20:]))
        return status
    print(f"dist/Negatoscope: {size_mb(DIST / 'Negatoscope')} MB in {time.monotonic() - start:.0f} s")
    print("Try it where nothing else is: python packaging/smoke.py")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
