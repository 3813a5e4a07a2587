"""Run every command of the manual: `python packaging/try_manual.py [FOLDER]`, by default dist/Negatoscope.

In the order of the pages, in an empty environment with a home folder of its own, on the drawn films that the manual
speaks of; the reader has decided on some of them. Each has to end with 0 or as the page says; the window has to stay.
"""

from __future__ import annotations

import argparse
import os
import re
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from smoke import HOME, Program, console_of, frozen_program

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
MANUAL = ROOT / "docs" / "manual"
FIRST = "commands"  # the page that makes what those about runs compare
TIMEOUT_S = 1800
WINDOW_S = 20
# Commands that end otherwise, as their page says: the status, and a word of the sentence.
OTHERWISE = {"train --run runs/first --resume": (2, "finished")}
DECIDED = 40  # films, half of them called ill
MODEL = "practice@1"


def commands(page: str) -> Iterator[list[str]]:
    """The words of each command in a page's blocks, without the program's name."""
    text = (MANUAL / f"{page}.md").read_text(encoding="utf-8")
    for block in re.findall(r"^```sh\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
        for line in block.splitlines():
            program, *words = shlex.split(line)
            if program == "negatoscope":
                yield words


def make_films(work: Path, data: Path) -> None:
    """The folders `films` and `labelled`, and decisions on a few more films in `films/decided`."""
    from gui.second_reader.decision import Decision, Verdict, utc_now
    from gui.session import FILE_NAME, open_store
    from imaging.phantom_files import write_examples
    from imaging.phantom_labelled import write_labelled
    from imaging.read.packed.source import film_sha256

    write_examples(work / "films")
    write_labelled(work / "labelled")
    write_labelled(work / "films" / "decided")
    data.mkdir(parents=True)
    store = open_store(data / FILE_NAME).store
    for is_ill, name in enumerate(("CLEAR", "OPACITY")):
        verdict = Verdict.AGREE if is_ill else Verdict.DISAGREE
        for film in sorted((work / "films" / "decided").rglob(f"{name}/*"))[: DECIDED // 2]:
            sha256 = film_sha256(film)
            store.add_decision(Decision(sha256, 0, "OPACITY", verdict, "", MODEL, "cd" * 32, 0.4, 0.9, utc_now()))
    store.close()


def stays_open(program: Program, words: list[str], folder: Path) -> str:
    """Start the window and close it; '' where it was open until then."""
    environment = {**program.environment, "QT_QPA_PLATFORM": "offscreen"}
    with subprocess.Popen([*program.command, *words], cwd=folder, env=environment) as window:
        try:
            return f"it ended with {window.wait(WINDOW_S)}"
        except subprocess.TimeoutExpired:
            window.terminate()
            return ""


def tried(program: Program, words: list[str], folder: Path) -> str:
    """'' where the command does what the manual says, else what it said."""
    first = words[0]
    if not first.startswith("-") and (folder / first).exists():
        return stays_open(program, words, folder)
    status, said = program.end(*words, folder=folder)
    wanted, word = OTHERWISE.get(shlex.join(words), (0, ""))
    return "" if status == wanted and word in said else f"exit status {status}: {said.strip()[-400:]}"


def main() -> int:
    """Say of each command how long it took, or what is wrong; the exit status is 1 where something is."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dist", nargs="?", type=Path, default=ROOT / "dist" / "Negatoscope", metavar="FOLDER")
    parser.add_argument("--work", type=Path, help="an empty folder for films and results; else one that is removed")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="negatoscope-manual-") as place:
        work = options.work or Path(place)
        home = work / HOME
        data = home / "data"
        make_films(work, data)
        program = frozen_program([console_of(options.dist)], home)
        environment = {**program.environment, "NEGATOSCOPE_DATA": os.fspath(data)}
        program = replace(program, environment=environment, timeout_s=TIMEOUT_S)
        failed = 0
        for page in sorted((path.stem for path in MANUAL.glob("*.md")), key=lambda name: (name != FIRST, name)):
            for words in commands(page):
                began = time.monotonic()
                problem = tried(program, words, work)
                failed += bool(problem)
                print(f"{page}: {shlex.join(words)}: {problem or f'{time.monotonic() - began:.0f} s'}", flush=True)
    return int(failed > 0)


if __name__ == "__main__":
    raise SystemExit(main())
