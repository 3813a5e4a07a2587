"""Make the Debian package of a frozen folder: `python packaging/deb.py [FOLDER]`, by default dist/Negatoscope.

The program lies in /opt under the package's name, so that two flavours can be installed side by side. What it needs of
the system is read from its libraries. Menus, MIME types and icons are brought up to date by the triggers of Debian's
own packages; removal leaves nothing but what users wrote into their own folders.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from build import CONSOLE, PROGRAM, commit, size_mb
from flavours import ROOT, VERSION
from icons import SIZES_PX
from slim import needed

FILES = Path(__file__).resolve().parent / "debian"
SCRIPTS = ("preinst", "prerm", "postrm")
# Loaded by name, so that no library says it: OpenGL for Qt's X11 plugin, and the fonts' configuration.
_ALSO = ("libgl1", "libegl1", "fontconfig-config")


def package_name(flavour: str) -> str:
    """The cpu flavour is the program as such."""
    return "negatoscope" if flavour == "cpu" else f"negatoscope-{flavour}"


def system_packages(folder: Path) -> list[str]:
    """Debian's packages of the libraries that the folder's are linked against and that do not lie in it."""
    files = [path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()]
    own = {path.name for path in folder.rglob("*")}
    wanted = {name for path in files for name in needed(path)} - own
    listing = subprocess.run(["/sbin/ldconfig", "-p"], capture_output=True, text=True, check=True).stdout
    known = dict(re.findall(r"^\s+(\S+) \([^)]*x86-64[^)]*\) => (\S+)$", listing, re.MULTILINE))
    paths = {Path(known[name]).resolve() for name in wanted if name in known}
    spellings = [spelling for path in paths for spelling in (str(path), str(path).removeprefix("/usr"))]
    owners = subprocess.run(["dpkg", "-S", *sorted(spellings)], capture_output=True, text=True, check=False).stdout
    return sorted({line.partition(":")[0] for line in owners.splitlines()} | set(_ALSO))


def _versioned(package: str) -> str:
    """The C library as new as the one that the system libraries inside were built for."""
    if package != "libc6":
        return package
    version = subprocess.run(["dpkg-query", "-W", "-f=${Version}", "libc6"], capture_output=True, text=True, check=True)
    return f"libc6 (>= {version.stdout.partition('-')[0]})"


def _fill(source: Path, target: Path, words: dict[str, str]) -> None:
    """Copy a text with its @WORDS@ replaced."""
    text = source.read_text(encoding="utf-8")
    for word, value in words.items():
        text = text.replace(f"@{word}@", value)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text, encoding="utf-8")


def lay_out(folder: Path, icons: Path, tree: Path, name: str) -> dict[str, str]:
    """Lay the package's files out below `tree`. Returns the words that its control file needs."""
    flavour = name.partition("-")[2]
    words = {
        "PACKAGE": name,
        "TITLE": PROGRAM + (f" ({flavour})" if flavour else ""),
        "VERSION": VERSION,
        "SIZE_KB": str(round(size_mb(folder) * 1000)),
        "DEPENDS": ", ".join(_versioned(package) for package in system_packages(folder)),
    }
    shutil.copytree(folder, tree / "opt" / name, symlinks=True)
    commands = tree / "usr" / "bin"
    commands.mkdir(parents=True)
    (commands / name).symlink_to(f"/opt/{name}/{CONSOLE}")
    share = tree / "usr" / "share"
    _fill(FILES / "negatoscope.desktop", share / "applications" / f"{name}.desktop", words)
    _fill(FILES / "mime.xml", share / "mime" / "packages" / f"{name}.xml", words)
    _fill(FILES / "copyright", share / "doc" / name / "copyright", words)
    for size in SIZES_PX:
        place = share / "icons" / "hicolor" / f"{size}x{size}" / "apps"
        place.mkdir(parents=True)
        shutil.copyfile(icons / f"icon-{size}.png", place / f"{name}.png")
    scalable = share / "icons" / "hicolor" / "scalable" / "apps"
    scalable.mkdir(parents=True)
    shutil.copyfile(ROOT / "resources" / "icons" / "app.svg", scalable / f"{name}.svg")
    for file in ("control", *SCRIPTS):
        _fill(FILES / file, tree / "DEBIAN" / file, words)
    return words


def _rights(tree: Path) -> None:
    """Everybody reads, nobody writes but root, and what ran before may be run."""
    for path in [tree, *tree.rglob("*")]:
        if not path.is_symlink():
            runs = path.is_dir() or os.access(path, os.X_OK) or path.name in SCRIPTS
            path.chmod(0o755 if runs else 0o644)


def main() -> int:
    """Write dist/NAME_VERSION_amd64.deb and say what it weighs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path, default=ROOT / "dist" / PROGRAM)
    folder = parser.parse_args().folder
    if not folder.is_dir():
        parser.error(f"{folder} is not there; make it with: python packaging/build.py")
    release = json.loads((folder / "_internal" / "resources" / "release.json").read_text(encoding="utf-8"))
    name = package_name(release["flavour"])
    target = ROOT / "dist" / f"{name}_{VERSION}_amd64.deb"
    with tempfile.TemporaryDirectory(dir=ROOT / "dist") as place:
        tree = Path(place) / name
        lay_out(folder, ROOT / "build" / release["flavour"], tree, name)
        _rights(tree)
        environment = {**os.environ, "SOURCE_DATE_EPOCH": commit()[1]}
        command = ["dpkg-deb", "--root-owner-group", "-Zzstd", "-z6", "--build", str(tree), str(target)]
        subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL)
    print(f"{target.relative_to(ROOT)}: {target.stat().st_size / 1e6:.0f} MB")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
