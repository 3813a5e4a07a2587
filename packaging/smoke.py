"""Try the frozen program where nothing else is: `python packaging/smoke.py [FOLDER]`, by default dist/Negatoscope.

The frozen `doctor`, `models verify`, `screen`, `snapshot` and a short `train` run on example films in an empty
environment with a fresh home folder, whose name holds spaces and letters of three scripts. What `screen` writes is
compared with the source's, line by line and heat map by heat map, and the times of both are set against each other.
Some of the films are compressed, so that the decoding child and its plugins have to work in the frozen program too;
training starts from the practice model and ends in a bundle that verifies. The viewer flavour has to say how one gets
to train instead. `--command` names another way to start the program than the executable in FOLDER, for one that is
installed (packaging/verify_deb.sh); `--offline` gives it a network namespace without interfaces.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from build import CONSOLE

ROOT = Path(__file__).resolve().parents[1]
MODEL = "practice"
MAY_DIFFER = ("engine", "seconds")  # contract.md: the only fields that may differ between equal runs
TIMEOUT_S = 300
SNAPSHOT_PX = (1280, 720)
PICTURED_COLOURS = 3000  # the first page of the manual has 5800 with its picture, 1700 without
HOME = "Иван 胸部 café"

# Compressed twins of one film, so that every family of decoders is called: RLE, JPEG-LS and JPEG 2000. Their names are
# Cyrillic: without a locale a program may take file names for ASCII.
MAKE_FILMS = """
import sys
from pathlib import Path
from pydicom import dcmread
from pydicom.uid import JPEG2000Lossless, JPEGLSLossless, RLELossless
from imaging.phantom_files import write_examples

folder = Path(sys.argv[1])
write_examples(folder, count=4)
first = next(path for path in sorted(folder.iterdir()) if path.suffix == ".dcm")
for name, syntax in {"rle": RLELossless, "jpeg-ls": JPEGLSLossless, "jpeg-2000": JPEG2000Lossless}.items():
    film = dcmread(first)
    film.compress(syntax)
    film.save_as(folder / f"снимок {name}.dcm")
"""

# Class folders of small synthetic films, each of a patient of its own.
MAKE_CLASSES = """
import sys
from pathlib import Path
from PIL import Image
from imaging.phantom import make_phantom, to_image
from imaging.show.render import display_pixels

for number in range(40):
    folder = Path(sys.argv[1]) / ("OPACITY" if number % 2 else "CLEAR")
    folder.mkdir(parents=True, exist_ok=True)
    film = display_pixels(to_image(make_phantom(500 + number, (128, 128), number % 2)))
    Image.fromarray(film).save(folder / f"film {number}.png")
"""


class SmokeError(Exception):
    """The frozen program did not do what the source does."""


@dataclass(frozen=True, slots=True)
class Program:
    """A way to start Negatoscope: the frozen executable, or the source under this Python."""

    command: tuple[str, ...]
    environment: dict[str, str]
    seconds: dict[str, float] = field(default_factory=dict)  # that its commands took, by their first words
    timeout_s: float = TIMEOUT_S

    def run(self, *arguments: str, folder: Path) -> str:
        """Run one command in `folder` and return what it printed. Raises SmokeError where it does not end with 0."""
        status, words = self.end(*arguments, folder=folder)
        if status != 0:
            raise SmokeError(f"{' '.join(arguments)}: exit status {status}\n{words}")
        return words

    def end(self, *arguments: str, folder: Path) -> tuple[int, str]:
        """Run one command and return how it ended and what it printed, errors behind the rest."""
        began = time.monotonic()
        done = subprocess.run(
            [*self.command, *arguments],
            cwd=folder,
            env=self.environment,
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=self.timeout_s,
            check=False,
        )
        self.seconds[arguments[0]] = self.seconds.get(arguments[0], 0.0) + time.monotonic() - began
        return done.returncode, done.stdout + done.stderr


def frozen_program(command: list[str], home: Path) -> Program:
    """Return the frozen program in an environment that holds a home folder and nothing else."""
    empty = {"HOME": str(home), "USERPROFILE": str(home)}
    # Windows itself needs these two to start any program.
    empty |= {key: os.environ[key] for key in ("SYSTEMROOT", "TEMP") if key in os.environ and sys.platform == "win32"}
    return Program(tuple(command), empty)


def console_of(dist: Path) -> str:
    """The executable for commands in a frozen folder."""
    return str(dist.resolve() / (f"{CONSOLE}.exe" if sys.platform == "win32" else CONSOLE))


def source_program(data: Path) -> Program:
    """Return the program as it runs from this checkout, with a data folder of its own."""
    environment = {**os.environ, "NEGATOSCOPE_DATA": str(data)}
    return Program((sys.executable, str(ROOT / "main.py")), environment)


def make_films(folder: Path) -> None:
    """Write the example films and the compressed twins of one of them."""
    subprocess.run([sys.executable, "-c", MAKE_FILMS, str(folder)], cwd=ROOT, check=True, timeout=TIMEOUT_S)


def screened(program: Program, films: Path, folder: Path, engine: str) -> list[dict[str, Any]]:
    """Return the lines of `screen`, without the fields that may differ. Heat maps go to `folder`/heat."""
    folder.mkdir()
    out = f"{engine}.jsonl"
    options = ("--model", MODEL, "--out", out, "--heatmaps", "heat", "--engine", engine)
    program.run("screen", str(films), *options, folder=folder)
    rows = [json.loads(line) for line in (folder / out).read_text(encoding="utf-8").splitlines()]
    return [{key: value for key, value in row.items() if key not in MAY_DIFFER} for row in rows]


def check_screen(frozen: Program, source: Program, films: Path, work: Path, engine: str) -> str:
    """Screen with both programs and compare everything that has to be equal."""
    here, there = work / f"frozen-{engine}", work / f"source-{engine}"
    ours, theirs = screened(frozen, films, here, engine), screened(source, films, there, engine)
    if len(ours) != len(theirs):
        raise SmokeError(f"screen: {len(ours)} lines, and {len(theirs)} from source")
    for one, other in zip(ours, theirs, strict=True):
        if one["error"] or one != other:
            raise SmokeError(f"screen: the lines differ\n  frozen {json.dumps(one)}\n  source {json.dumps(other)}")
    maps = sorted(path.relative_to(there) for path in (there / "heat").rglob("*.png"))
    if not maps or any((here / path).read_bytes() != (there / path).read_bytes() for path in maps):
        raise SmokeError("screen: the heat maps are missing or differ")
    return f"{len(ours)} lines and {len(maps)} heat maps equal those of the source"


def check_doctor(frozen: Program, source: Program, work: Path) -> str:
    """Let both programs say what they run on: the frozen one has to find the same libraries and decoders."""
    ours, theirs = (json.loads(program.run("doctor", "--json", folder=work)) for program in (frozen, source))
    if not ours["frozen"] or ours["flavour"] == "source":
        raise SmokeError("doctor: it does not know that it is frozen, or in which flavour")
    if ours["flavour"] == "viewer":
        for name in ("torch", "torchvision"):
            theirs["libraries"][name] = ""
    for found in (ours, theirs):
        found["libraries"].pop("openvino", None)  # optional, and never frozen
    for part in ("libraries", "decoders"):
        if ours[part] != theirs[part]:
            raise SmokeError(f"doctor: {part} differ\n  frozen {ours[part]}\n  source {theirs[part]}")
    counts = f"{len(ours['libraries'])} libraries and {len(ours['decoders'])} decoders, as in the source"
    return f"{ours['release']}; {ours['gpu']}; {counts}"


def check_models(frozen: Program, work: Path) -> str:
    """Verify every bundled model as it lies in the frozen folder."""
    cards = sorted((ROOT / "resources" / "models").glob("*/card.json"))
    ids = [json.loads(card.read_text(encoding="utf-8"))["name"] for card in cards]
    for model in ids:
        frozen.run("models", "verify", model, folder=work)
    return f"verified: {', '.join(ids)}"


def check_snapshot(frozen: Program, films: Path, work: Path) -> str:
    """Draw the window into a file and look whether a film is on it."""
    import numpy as np
    from PIL import Image

    size = "x".join(str(side) for side in SNAPSHOT_PX)
    frozen.run("snapshot", str(films), "--out", "window.png", "--size", size, folder=work)
    with Image.open(work / "window.png") as picture:
        grey = np.asarray(picture.convert("L"))
    if grey.shape != SNAPSHOT_PX[::-1]:
        raise SmokeError(f"snapshot: {grey.shape[1]}x{grey.shape[0]} pixels, and {size} were asked for")
    middle = grey[grey.shape[0] // 4 : -grey.shape[0] // 4, grey.shape[1] // 3 : -grey.shape[1] // 3]
    if middle.std() < 10:
        raise SmokeError("snapshot: there is no film in the middle of the window")
    return f"{size}, a film in the middle"


def check_manual(frozen: Program, films: Path, work: Path) -> str:
    """Open the help window: it ends with 1 where the pages, or what reads them, are missing. Its first page shows a
    film with a heat map, which has more colours than any text.
    """
    from PIL import Image

    frozen.run("snapshot", str(films), "--show", "manual", "--out", "manual.png", folder=work)
    with Image.open(work / "manual.png") as picture:
        colours = len(picture.convert("RGB").getcolors(picture.width * picture.height) or ())
    if colours < PICTURED_COLOURS:
        raise SmokeError(f"manual: the first page shows no picture, only {colours} colours")
    return "the first page is shown, with its picture"


def main() -> int:
    """Run every check and say how each ended; the exit status is 1 where one failed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dist", nargs="?", type=Path, default=ROOT / "dist" / "Negatoscope", metavar="FOLDER")
    parser.add_argument("--command", help="how the program is started, in place of the executable in FOLDER")
    parser.add_argument("--work", type=Path, help="an empty folder for films and results; else one that is removed")
    parser.add_argument("--offline", action="store_true", help="without any network (Linux, as root)")
    options = parser.parse_args()
    if options.command is None and not options.dist.is_dir():
        parser.error(f"{options.dist} is not there; make it with: python packaging/build.py")
    command = shlex.split(options.command) if options.command else [console_of(options.dist)]
    with contextlib.ExitStack() as places:
        work = options.work or Path(places.enter_context(tempfile.TemporaryDirectory(prefix="negatoscope-smoke-")))
        home = work / HOME
        home.mkdir()
        films = work / "films"
        make_films(films)
        offline = ["unshare", "--net"] if options.offline else []
        frozen, source = frozen_program([*offline, *command], home), source_program(work / "data")
        trains = json.loads(frozen.run("doctor", "--json", folder=work))["flavour"] != "viewer"
        checks: dict[str, Callable[[], str]] = {
            "doctor": lambda: check_doctor(frozen, source, work),
            "models": lambda: check_models(frozen, work),
            "screen, ONNX Runtime": lambda: check_screen(frozen, source, films, work, "onnx"),
            "snapshot": lambda: check_snapshot(frozen, films, work),
            "manual": lambda: check_manual(frozen, films, work),
        }
        if trains:
            checks["screen, torch"] = lambda: check_screen(frozen, source, films, work, "torch")
            checks["train"] = lambda: check_train(frozen, source, work)
        else:
            checks["train"] = lambda: check_no_training(frozen, work)
        status = run_all(checks)
        both = sorted(source.seconds.keys() & frozen.seconds.keys())
        print(
            "times the source's: "
            + ", ".join(f"{name} {frozen.seconds[name] / source.seconds[name]:.2f}" for name in both)
        )
        return status


def check_no_training(frozen: Program, work: Path) -> str:
    """The viewer flavour says in one sentence how one gets to train."""
    status, words = frozen.end("train", "--run", "run", folder=work)
    if status != 2 or words.count("\n") != 1 or "flavour" not in words:
        raise SmokeError(f"train: exit status {status}\n{words}")
    return words.strip()


def check_train(frozen: Program, source: Program, work: Path) -> str:
    """Teach a head on the practice model's backbone, and verify the bundle that comes of it."""
    subprocess.run([sys.executable, "-c", MAKE_CLASSES, str(work / "classes")], cwd=ROOT, check=True, timeout=TIMEOUT_S)
    plan = ("network.start.bundle=practice", "preprocess.size_px=64", "data.validation_share=0.3")
    options = [word for field in plan for word in ("--set", field)]
    recipe = ("--data", str(work / "classes"), "--recipe", "quick", "--backbone", "tiny_fine", *options)
    for program, run in ((frozen, "run"), (source, "run of the source")):
        program.run("train", "--run", run, *recipe, folder=work)
    frozen.run("models", "verify", "classes", folder=work)
    return "a quick run from the practice model, its bundle verified"


def run_all(checks: dict[str, Callable[[], str]]) -> int:
    """Run the checks one after the other and print a line for each."""
    failed = 0
    for name, check in checks.items():
        try:
            print(f"{name}: {check()}", flush=True)
        except (SmokeError, subprocess.TimeoutExpired, OSError, ValueError) as error:
            failed += 1
            print(f"{name}: FAILED: {error}", flush=True)
    return int(failed > 0)


if __name__ == "__main__":
    raise SystemExit(main())
