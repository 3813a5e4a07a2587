"""The first hour of a new user in the frozen program, with the network off: `python packaging/first_hour.py [FOLDER]`.

In a network namespace without interfaces, with an empty home folder and on a screen of its own, the window of
dist/Negatoscope is worked by mouse and keyboard: example films opened and read, a model trained in the wizard from the
bundled practice model's backbone, new films scored with it, the program ended and started again, and everything still
there. Where to click it tells a screen reader itself; nothing of this runs inside the program. What came of it is
looked up in the home folder and asked of the frozen commands. For Linux; `--source` does the same with the program as
it runs from this checkout. Pictures of the steps: build/first_hour.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path

import own_screen
from accessible import Eyes
from build import PROGRAM
from hour_steps import AFTERWARDS, FIRST_DAY, SECOND_DAY, Hour
from smoke import HOME, ROOT, TIMEOUT_S, SmokeError, console_of, frozen_program
from user import User, UserError

OWN_ROOM = ("unshare", "--net", "--pid", "--fork", "--kill-child", "--mount-proc")
KEPT_OPEN = ("sh", "-c", '"$@"; exit $?', "sh")  # a first process that buries the dead

# Films of a ward in class folders, each of a patient of its own, and two new ones; none is known to the practice model.
MAKE_WARD = """
import sys
from pathlib import Path
from imaging.phantom import make_phantom
from imaging.phantom_files import dicom_of

def write(path, number, opacities):
    path.parent.mkdir(parents=True, exist_ok=True)
    film = dicom_of(make_phantom(700_000 + number, (192, 192), opacities), number)
    film.PatientID = f"W{number}"
    film.save_as(path, enforce_file_format=True)

home = Path(sys.argv[1])
for number in range(80):
    write(home / "ward" / ("CLEAR", "OPACITY")[number % 2] / f"film-{number:02d}.dcm", number, 2 * (number % 2))
write(home / "new" / "1-ill.dcm", 800, 2)
write(home / "new" / "2-clear.dcm", 801, 0)
"""


class HourError(Exception):
    """A step of the hour did not succeed."""


def has_network() -> bool:
    """Whether there is an interface but the loopback."""
    lines = Path("/proc/net/dev").read_text(encoding="ascii").splitlines()[2:]
    return any(line.partition(":")[0].strip() != "lo" for line in lines)


def take(steps: Mapping[str, Callable[[Hour], str]], hour: Hour) -> None:
    """One step after the other, a line for each. Raises HourError at the first that fails; a picture shows where."""
    for name, step in steps.items():
        try:
            print(f"{name}: {step(hour)}", flush=True)
        except (UserError, SmokeError, subprocess.SubprocessError, OSError, ValueError, sqlite3.Error) as error:
            hour.user.picture("failed")
            raise HourError(f"{name}: FAILED: {error}") from error


def main() -> int:
    """Go through the hour and print a line for each step; 1 where one failed, 2 where it can't be tried here."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dist", nargs="?", type=Path, default=ROOT / "dist" / "Negatoscope", metavar="FOLDER")
    parser.add_argument("--source", action="store_true", help="the program of this checkout, not a frozen one")
    options = parser.parse_args()
    lacking = own_screen.missing()
    if lacking or shutil.which("unshare") is None:
        print(f"This can't be tried here: first, as root: apt-get install {' '.join(lacking) or 'util-linux'}")
        return 2
    if not options.source and not options.dist.is_dir():
        parser.error(f"{options.dist} is not there; make it with: python packaging/build.py")
    if has_network():
        rights = () if os.geteuid() == 0 else ("--map-root-user",)
        command = (*OWN_ROOM, *rights, *KEPT_OPEN, sys.executable, *sys.argv)
        return subprocess.run(command, check=False).returncode
    source = (sys.executable, str(ROOT / "main.py"))
    window = source if options.source else (str(options.dist.resolve() / PROGRAM),)
    commands = source if options.source else (console_of(options.dist),)
    with tempfile.TemporaryDirectory(prefix="negatoscope-hour-") as folder:
        try:
            first_hour(Path(folder), window, commands)
        except (HourError, UserError, own_screen.ScreenError, subprocess.SubprocessError) as error:
            print(error)
            return 1
    return 0


def first_hour(work: Path, window: tuple[str, ...], commands: tuple[str, ...]) -> None:
    """The hour in an empty folder. Raises HourError, UserError, ScreenError or SubprocessError where it fails."""
    home, pictures, began = work / HOME, ROOT / "build" / "first_hour", time.monotonic()
    home.mkdir()
    shutil.rmtree(pictures, ignore_errors=True)
    subprocess.run([sys.executable, "-c", MAKE_WARD, str(home)], cwd=ROOT, check=True, timeout=TIMEOUT_S)
    with own_screen.own_screen(work) as screen, closing(Eyes(screen.bus)) as eyes:
        hour = Hour(User(eyes, screen, pictures), window, frozen_program(list(commands), home), home)
        if json.loads(hour.commands.run("doctor", "--json", folder=home))["flavour"] == "viewer":
            raise HourError("The viewer flavour trains no models: there is no such hour with it.")
        with hour.opened("first day"):
            take(FIRST_DAY, hour)
        with hour.opened("second day"):
            take(SECOND_DAY, hour)
        take(AFTERWARDS, hour)
    print(f"all of it without a network, in {time.monotonic() - began:.0f} s; pictures: {pictures.relative_to(ROOT)}")


if __name__ == "__main__":
    raise SystemExit(main())
