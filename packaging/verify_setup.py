"""Run the Windows installer under Wine: `python packaging/verify_setup.py [--wine COMMAND]`.

What it packs is a stand-in whose programs only sleep; all else is as on Windows: for one user and for all, silently,
into folders with blanks and letters of three scripts, over an older version, over a running program, after an upgrade
that was cut short, onto a full disk, as a second copy elsewhere, and away again without a trace. It needs NSIS and a
64-bit Wine, for which the installer is compiled with 64 bits too.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shlex
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from build import CONSOLE, PROGRAM
from flavours import VERSION
from installer import compile_installer, makensis, stand_in

TARGET = "amd64-unicode"
OLDER = "0.0.9"
TIMEOUT_S = 120
PARTS = {"_internal", "licences", f"{PROGRAM}.exe", f"{CONSOLE}.exe", "uninstall.exe"}
# Which of the registry's branches the installer writes to, for one user and for all.
HIVES = {"/CurrentUser": "HKCU", "/AllUsers": "HKLM"}
SLEEPER = """Unicode true
Name sleeper
OutFile "${OUT}"
RequestExecutionLevel user
SilentInstall silent
Section
  Sleep 60000
SectionEnd
"""


class TrialError(Exception):
    """The installer did something else than it says."""


@dataclass(frozen=True, slots=True)
class Wine:
    """A Windows of its own in the folder `prefix`."""

    command: tuple[str, ...]
    prefix: Path

    def start(self, *words: str) -> subprocess.Popen[bytes]:
        environment = {**os.environ, "WINEPREFIX": str(self.prefix), "WINEDEBUG": "-all", "LC_ALL": "C.UTF-8"}
        quiet = subprocess.DEVNULL
        return subprocess.Popen([*self.command, *words], env=environment, stdin=quiet, stdout=quiet, stderr=quiet)

    def run(self, *words: str) -> int:
        """The exit status. Raises subprocess.TimeoutExpired where a window waits for somebody."""
        with self.start(*words) as process:
            try:
                return process.wait(TIMEOUT_S)
            finally:
                process.kill()

    def set_up(self, setup: Path, mode: str, place: str = "") -> int:
        """Run an installer silently. What stands behind /D takes no quotes, blanks or not."""
        return self.run(str(setup), "/S", mode, *(f"/D={place}".split(" ") if place else ()))

    def knows(self, key: str) -> bool:
        """Whether there is a key in the registry."""
        return self.run("reg", "query", key) == 0

    def path(self, place: str) -> Path:
        """Where something on a drive of this Windows lies."""
        return self.prefix / f"dosdevices/{place[:2].lower()}" / place[3:].replace("\\", "/")

    def listing(self) -> set[str]:
        """Every file and folder of drive C but for Windows' own and those in its folders for what is forgotten."""
        drive = self.prefix / "drive_c"
        found = {path.relative_to(drive).as_posix() for path in drive.rglob("*")}
        return {place for place in found if not place.startswith("windows/") and "/Temp/" not in place}


def setups(work: Path) -> dict[str, Path]:
    """An installer for each of two versions, the older one's payload with a file that the newer lacks."""
    from icons import write_icons

    write_icons(work)
    (work / "sleeper.nsi").write_text(SLEEPER, encoding="utf-8")
    makensis(work / "sleeper.nsi", f"-DOUT={work / 'sleeper.exe'}", target=TARGET)
    made = {}
    for version in (OLDER, VERSION):
        folder = stand_in(work / version)
        for name in (PROGRAM, CONSOLE):
            (folder / f"{name}.exe").write_bytes((work / "sleeper.exe").read_bytes())
        (folder / "_internal" / "version.txt").write_text(version, encoding="utf-8")
        (folder / "_internal" / f"only {version}.txt").touch()
        made[version] = work / f"{PROGRAM}-{version}-setup.exe"
        compile_installer(folder, work / "negatoscope.ico", made[version], version=version, target=TARGET)
    return made


def held(place: Path) -> str:
    """The version that stands in a folder, '' where none does, and a complaint where it is not whole."""
    if not place.is_dir():
        return ""
    names = {path.name for path in place.iterdir()}
    if names != PARTS:
        return f"a folder with {', '.join(sorted(names))}"
    inside = {path.name for path in (place / "_internal").glob("*.txt")}
    version = (place / "_internal" / "version.txt").read_text(encoding="utf-8")
    return version if inside == {"version.txt", f"only {version}.txt"} else f"a mixture: {sorted(inside)}"


def expect(what: str, found: object, wanted: object) -> None:
    """Raise TrialError where it is not so."""
    if found != wanted:
        raise TrialError(f"{what}: {found!r}, and not {wanted!r}")


@contextlib.contextmanager
def sleeping(wine: Wine, program: Path) -> Iterator[None]:
    """While a program of the installed ones runs."""
    with wine.start(str(program)) as process:
        time.sleep(5)
        try:
            expect("the program runs", process.poll(), None)
            yield
        finally:
            wine.run("taskkill", "/F", "/IM", program.name)
            process.kill()


def check_mode(wine: Wine, made: dict[str, Path], mode: str, place: str) -> str:
    """Install, upgrade, try it over a running program, remove, all silently; nothing is left but what was there."""
    folder, key = wine.path(place), rf"{HIVES[mode]}\Software\Microsoft\Windows\CurrentVersion\Uninstall\{PROGRAM}"
    folder.parent.mkdir(exist_ok=True)
    before = wine.listing()
    expect("install", wine.set_up(made[OLDER], mode, place), 0)
    expect("installed", held(folder), OLDER)
    expect("known to Windows", wine.knows(key), True)
    expect("upgrade", wine.set_up(made[VERSION], mode), 0)  # it finds the place itself
    expect("upgraded", held(folder), VERSION)
    for name in (PROGRAM, CONSOLE):
        with sleeping(wine, folder / f"{name}.exe"):
            expect("over a running program", wine.set_up(made[OLDER], mode), 2)
            wine.run(str(folder / "uninstall.exe"), "/S", mode, *f"_?={place}".split(" "))
            expect("after that", held(folder), VERSION)
    uninstall(wine, folder, mode)
    expect("what stays", wine.listing() - before, set())
    for left in (
        key,
        rf"{HIVES[mode]}\Software\Classes\Negatoscope.cpu.dicom",
        rf"{HIVES[mode]}\Software\Classes\.dicom",
    ):
        expect(left, wine.knows(left), False)
    return f"installed, upgraded, refused while a program of it ran, removed: '{place}'"


def uninstall(wine: Wine, folder: Path, mode: str) -> None:
    """The uninstaller goes on as a copy of itself after its first process has ended."""
    wine.run(str(folder / "uninstall.exe"), "/S", mode)
    for _ in range(50):
        if not folder.exists():
            return
        time.sleep(0.2)


def check_two(wine: Wine, made: dict[str, Path]) -> str:
    """Two versions side by side: the older's removal leaves the newer as it is, and known to Windows."""
    mode, places = "/CurrentUser", {OLDER: r"C:\two\older", VERSION: r"C:\two\newer"}
    for version, place in places.items():
        expect("install", wine.set_up(made[version], mode, place), 0)
    expect("both", [held(wine.path(place)) for place in places.values()], list(places))
    uninstall(wine, wine.path(places[OLDER]), mode)
    expect("one is gone", [held(wine.path(place)) for place in places.values()], ["", VERSION])
    key = rf"HKCU\Software\Microsoft\Windows\CurrentVersion\Uninstall\{PROGRAM}"
    expect("known to Windows", wine.knows(key), True)
    uninstall(wine, wine.path(places[VERSION]), mode)
    expect("known to Windows", wine.knows(key), False)
    return "each in its folder; removing one leaves the other"


def check_cut_short(wine: Wine, made: dict[str, Path]) -> str:
    """What an upgrade that lost its power left behind is put right by the next."""
    mode, place = "/CurrentUser", r"C:\cut short"
    folder = wine.path(place)
    expect("install", wine.set_up(made[OLDER], mode, place), 0)
    (folder / "_internal").rename(folder / "_internal.old")
    (folder / "incoming").mkdir()
    expect("upgrade", wine.set_up(made[VERSION], mode, place), 0)
    expect("upgraded", held(folder), VERSION)
    uninstall(wine, folder, mode)
    expect("what stays", folder.exists(), False)
    return "an upgrade that was cut short is put right by the next"


def check_full(wine: Wine, made: dict[str, Path], disk: Path) -> str:
    """A disk that fills up: nothing of a first installation stays, and an older version stands."""
    mode, place = "/CurrentUser", r"X:\Negatoscope"
    (wine.prefix / "dosdevices" / "x:").symlink_to(disk)
    filler = disk / "filler"
    filler.write_bytes(b"\0" * (os.statvfs(disk).f_bavail * os.statvfs(disk).f_frsize - 40_000))
    expect("full disk", wine.set_up(made[VERSION], mode, place), 2)
    expect("what stays", {path.name for path in disk.iterdir()}, {"filler"})
    filler.unlink()
    expect("install", wine.set_up(made[OLDER], mode, place), 0)
    filler.write_bytes(b"\0" * (os.statvfs(disk).f_bavail * os.statvfs(disk).f_frsize - 40_000))
    expect("upgrade on a full disk", wine.set_up(made[VERSION], mode, place), 2)
    expect("the older version", held(disk / "Negatoscope"), OLDER)
    uninstall(wine, disk / "Negatoscope", mode)
    return "refused, nothing stayed; over an older version: refused, and that one stands"


def main() -> int:
    """Run every trial and print a line for each; the exit status is 1 where one failed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--wine", default="wine", metavar="COMMAND", help="how Wine is started")
    parser.add_argument("--work", type=Path, help="an empty folder that Wine sees too; else one that is removed")
    parser.add_argument("--small-disk", type=Path, help="an empty disk of a few MB, to fill it")
    options = parser.parse_args()
    with contextlib.ExitStack() as places:
        work = options.work or Path(places.enter_context(tempfile.TemporaryDirectory(prefix="negatoscope-setup-")))
        wine, made = Wine(tuple(shlex.split(options.wine)), work / "prefix"), setups(work)
        expect("Wine starts", wine.run("wineboot", "--init"), 0)
        expect("Wine is Windows 7", wine.set_up(made[VERSION], "/CurrentUser"), 2)  # its usual word in version 8
        expect("Wine is Windows 10", wine.run("winecfg", "-v", "win10"), 0)
        places.callback(wine.run, "wineboot", "--kill")
        trials: dict[str, Callable[[], str]] = {
            "for one user": lambda: check_mode(wine, made, "/CurrentUser", "C:\\users\\Größe Иван 胸部\\Negatoscope"),
            "for all users": lambda: check_mode(wine, made, "/AllUsers", r"C:\Program Files\Negatoscope"),
            "two versions": lambda: check_two(wine, made),
            "cut short": lambda: check_cut_short(wine, made),
        }
        if options.small_disk:
            trials["full disk"] = lambda: check_full(wine, made, options.small_disk)
        failed = 0
        for name, trial in trials.items():
            try:
                print(f"{name}: {trial()}", flush=True)
            except (TrialError, OSError, subprocess.SubprocessError) as error:
                failed += 1
                print(f"{name}: FAILED: {error}", flush=True)
    return int(failed > 0)


if __name__ == "__main__":
    raise SystemExit(main())
