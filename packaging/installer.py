"""Compile the Windows installer of a frozen folder: `python packaging/installer.py [FOLDER]`, by default
dist/Negatoscope. It needs NSIS (`makensis`), which Debian has too; what it packs must come from a build on Windows.

`--stand-in` packs empty files in the place of a Windows build, to see that the script compiles and what lies in it.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from build import CONSOLE, PROGRAM, size_mb
from flavours import ROOT, VERSION

SCRIPT = Path(__file__).resolve().parent / "windows" / "negatoscope.nsi"


class InstallerError(Exception):
    """The installer can't be compiled; the message says why."""


def stand_in(folder: Path) -> Path:
    """A folder laid out as a build on Windows is."""
    resources = folder / "_internal" / "resources"
    resources.mkdir(parents=True)
    (resources / "release.json").write_text('{"flavour": "cpu", "commit": ""}\n', encoding="utf-8")
    (folder / "licences").mkdir()
    (folder / "licences" / "README.txt").write_text("stand-in\n", encoding="utf-8")
    for name in (PROGRAM, CONSOLE):
        (folder / f"{name}.exe").write_bytes(b"")
    return folder


def compile_installer(folder: Path, icon: Path, out: Path, *, version: str = VERSION, target: str = "") -> None:
    """Run makensis. `target` is one of its own words for what runs the installer; usually 32 bits, which every Windows
    takes. Raises InstallerError with its last words.
    """
    release = json.loads((folder / "_internal" / "resources" / "release.json").read_text(encoding="utf-8"))
    words = {
        "PAYLOAD": folder,
        "SLASH": os.sep,  # makensis takes those of its own system alone
        "VERSION": version,
        "FLAVOUR": release["flavour"],
        "OUT": out,
        "ICON": icon,
        "LICENCE": ROOT / "LICENSE",
        "SIZE_KB": max(1, round(size_mb(folder) * 1000)),
    }
    makensis(SCRIPT, *(f"-D{word}={value}" for word, value in words.items()), target=target)


def makensis(script: Path, *options: str, target: str = "") -> None:
    """Compile a script of NSIS's; its warnings are errors. Raises InstallerError with its last words."""
    command = shutil.which("makensis")
    if command is None:
        raise InstallerError("There is no makensis. On Debian as root: apt-get install nsis")
    first = [f"-XTarget {target}"] if target else []
    words = [command, "-V2", "-WX", *first, *options, str(script)]
    done = subprocess.run(words, capture_output=True, text=True, encoding="utf-8", errors="replace", check=False)
    if done.returncode:
        raise InstallerError(f"{done.stdout}{done.stderr}".strip())


def main() -> int:
    """Write dist/Negatoscope-VERSION-FLAVOUR-setup.exe and say what it weighs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path, default=ROOT / "dist" / PROGRAM)
    parser.add_argument("--stand-in", action="store_true", help="pack empty files")
    parser.add_argument("--out", type=Path, help="the installer's file")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        from icons import write_icons

        folder = stand_in(Path(place) / "payload") if options.stand_in else options.folder.resolve()
        write_icons(Path(place))
        release = json.loads((folder / "_internal" / "resources" / "release.json").read_text(encoding="utf-8"))
        out = options.out or ROOT / "dist" / f"{PROGRAM}-{VERSION}-{release['flavour']}-setup.exe"
        out.parent.mkdir(exist_ok=True)
        try:
            compile_installer(folder, Path(place) / "negatoscope.ico", out.resolve())
        except InstallerError as error:
            print(error)
            return 2
    print(f"{out}: {out.stat().st_size / 1e6:.1f} MB")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
