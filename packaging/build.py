"""Freeze the program: `python packaging/build.py [cpu|cuda|viewer]` makes the folder dist/Negatoscope.

Two executables in one folder: `Negatoscope`, the window, and `negatoscope-cli`, which has a console, for the commands
and the processes that train. PyInstaller does not cross-compile: each system builds its own. Two builds of one commit
hold the same bytes (`packaging/contents.py`).
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import sysconfig
import time
from pathlib import Path

import manual
import slim
from flavours import FLAVOURS, ROOT, Flavour
from icons import write_icons
from licences import collect_licences
from windows_version import version_text

DIST = ROOT / "dist"
LINUX = sys.platform.startswith("linux")
OVERLAY_LOCK = ROOT / "packaging" / "linux.lock"
PROGRAM, CONSOLE = "Negatoscope", "negatoscope-cli"


class BuildError(Exception):
    """The machine cannot build, or what was built is not what it should be; the message says what to do."""


def check_machine() -> None:
    """Raise BuildError where something is missing that the build needs."""
    if LINUX:
        for tool, package in (("objdump", "binutils"), ("strip", "binutils"), ("cc", "gcc libc6-dev")):
            if shutil.which(tool) is None:
                raise BuildError(f"The build needs {tool}. On Debian as root: apt-get install {package}")
        if not sysconfig.get_config_var("Py_ENABLE_SHARED"):
            raise BuildError("This Python was built without its shared library (--enable-shared).")
    if not (ROOT / "resources" / "models").is_dir():
        raise BuildError("There are no bundled models in resources/models; the README says how each is made.")


def commit() -> tuple[str, str]:
    """The commit and its time in seconds since 1970: every date in the build is that one."""
    words = subprocess.run(
        ["git", "log", "-1", "--format=%H %ct"], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout.split()
    return (words[0], words[1]) if words else ("", "315532800")


def overlay(work: Path) -> Path | None:
    """The packages that the frozen program carries in another form than the environment: OpenCV without its Qt."""
    if not LINUX:
        return None
    place = work.parent / "overlay"
    stamp = place / OVERLAY_LOCK.name
    if not stamp.exists() or stamp.read_bytes() != OVERLAY_LOCK.read_bytes():
        shutil.rmtree(place, ignore_errors=True)
        install = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--no-compile", "--target", str(place)]
        if subprocess.run([*install, "-r", str(OVERLAY_LOCK)], check=False).returncode:
            raise BuildError(f"pip could not install what {OVERLAY_LOCK.relative_to(ROOT)} names.")
        shutil.copy(OVERLAY_LOCK, stamp)
    return place


def freeze(flavour: Flavour, work: Path) -> None:
    """Run PyInstaller. Raises BuildError with its last words."""
    revision, seconds = commit()
    release = {"flavour": flavour.name, "commit": revision}
    (work / "release.json").write_text(json.dumps(release) + "\n", encoding="utf-8")
    (work / "version.txt").write_text(version_text(), encoding="utf-8")
    write_icons(work)
    # Sets are walked in the order of their hashes, and archives carry dates.
    environment = {**os.environ, "PYTHONHASHSEED": "0", "SOURCE_DATE_EPOCH": seconds}
    environment["NEGATOSCOPE_FLAVOUR"] = flavour.name
    place = overlay(work)
    if place:
        environment["PYTHONPATH"] = str(place)
    places = ("--distpath", str(DIST), "--workpath", str(work))
    spec = ROOT / "packaging" / "negatoscope.spec"
    command = [sys.executable, "-m", "PyInstaller", "--noconfirm", "--clean", "--log-level", "WARN", *places, str(spec)]
    log = work / "pyinstaller.log"
    print(f"Building dist/{PROGRAM}: some minutes. PyInstaller's own words: {log.relative_to(ROOT)}", flush=True)
    with log.open("w", encoding="utf-8") as words:
        done = subprocess.run(command, cwd=ROOT, env=environment, stdout=words, stderr=subprocess.STDOUT, check=False)
    if done.returncode:
        raise BuildError("\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-20:]))


def finish(folder: Path, work: Path) -> None:
    """The second name of the executable, no symbols for debuggers, and everybody's licence."""
    if LINUX:
        (folder / CONSOLE).symlink_to(PROGRAM)
        slim.strip(folder, spared=(PROGRAM,))
    sources = json.loads((work / "collected.json").read_text(encoding="utf-8"))
    without = collect_licences([Path(source) for source in sources], folder / "licences")
    if without:
        raise BuildError(f"No licence text was found for: {', '.join(without)}.")


def size_mb(folder: Path) -> float:
    """What the folder's files take, in megabytes; links count once."""
    files = [path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()]
    return sum(path.stat().st_size for path in files) / 1e6


def main() -> int:
    """Build, and say where it lies and what it weighs. 1 where it weighs too much, 2 where it can't be built."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("flavour", nargs="?", choices=tuple(FLAVOURS), default="cpu")
    flavour = FLAVOURS[parser.parse_args().flavour]
    start = time.monotonic()
    work, folder, pictures = ROOT / "build" / flavour.name, DIST / PROGRAM, manual.MANUAL / "pictures"
    shutil.rmtree(folder, ignore_errors=True)
    work.mkdir(parents=True, exist_ok=True)
    try:
        check_machine()
        if not manual.are_made(pictures, commit()[0]):
            manual.make_pictures(pictures, commit()[0])
        freeze(flavour, work)
        finish(folder, work)
    except (BuildError, subprocess.SubprocessError) as error:
        print(error)
        return 2
    size = size_mb(folder)
    print(f"dist/{PROGRAM}, flavour {flavour.name}: {size:.0f} MB in {time.monotonic() - start:.0f} s")
    if flavour.most_mb and size > flavour.most_mb:
        print(f"That is more than the {flavour.most_mb} MB that this flavour may weigh.")
        return 1
    print("Try it where nothing else is: python packaging/smoke.py")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
