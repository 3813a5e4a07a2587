"""The soak: films damaged at random are scanned and decoded, case after case, for as long as you like.

    python -m tests.soak.fuzz --cases 20000 --out soak.jsonl

The cases go by their number and the seed alone. The films are those of `corpus`: some sixty are made here, and those of
../shared/data/dicom are added where they are. Broken off (Ctrl+C), the same command goes on where it was. A worker
process plays the part of the program; should it ever die or hang, that is a case of its own and a new one goes on.
"""

from __future__ import annotations

import argparse
import json
import logging
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, TextIO

from imaging.read.limits import DEFAULT_LIMITS
from tests.soak import corpus
from tests.soak.mutate import mutated
from tests.soak.outcome import Outcome, outcome_of

ROOT = Path(__file__).resolve().parents[2]
TIMEOUT_S = 10.0  # of the decoding child; the program's own is longer, which would only make the soak longer
PATIENCE_S = 6 * TIMEOUT_S  # two frames, and the start of two children
LIMITS = replace(DEFAULT_LIMITS, timeout_s=TIMEOUT_S)
DIED, HUNG, DEFECT = "THE PROGRAM DIED", "THE PROGRAM HUNG", "DEFECT"


def run_case(index: int, seed: int, films: dict[str, bytes], folder: Path) -> tuple[str, Outcome]:
    """The name of the film of one case, and what became of it. Nothing that it says may name the patient."""
    names = list(films)
    name = names[index % len(names)]
    path = folder / "film"
    path.write_bytes(mutated(films[name], seed * 1_000_003 + index, list(films.values())))
    outcome = outcome_of(path, LIMITS)
    for secret in (corpus.NAME, corpus.PATIENT_ID, str(folder)):
        if secret in outcome.said:
            raise AssertionError(f"the refusal names the patient or the path: {outcome.said}")
    return name, outcome


def films_of(*, made_only: bool) -> dict[str, bytes]:
    """What is damaged, by name."""
    return corpus.films() if made_only else {**corpus.films(), **corpus.shared_films()}


def work(first: int, cases: int, seed: int, films: dict[str, bytes], lines: TextIO) -> None:
    """Run cases one by one and write a line about each, and one before it."""
    logging.disable(logging.INFO)
    with tempfile.TemporaryDirectory() as name:
        for index in range(first, cases):
            _write(lines, {"begun": index})
            try:
                film, outcome = run_case(index, seed, films, Path(name))
            except Exception as error:  # the job boundary: this is what the soak looks for
                defect = Outcome(DEFECT, 0.0, 0, 0, f"{type(error).__name__}: {error}")
                _write(lines, {"case": index, "film": list(films)[index % len(films)], **asdict(defect)})
                continue
            _write(lines, {"case": index, "film": film, **asdict(outcome)})


def _write(lines: TextIO, row: dict[str, Any]) -> None:
    lines.write(json.dumps(row) + "\n")
    lines.flush()


def rows_of(out: Path) -> list[dict[str, Any]]:
    """The lines of a soak, those of begun cases too, without one that was torn."""
    rows = []
    for line in out.read_text("utf-8").splitlines() if out.exists() else ():
        try:
            rows.append(json.loads(line))
        except ValueError:
            continue
    return rows


def watch(out: Path, cases: int, seed: int, *, made_only: bool = False) -> None:
    """Keep a worker at work until all cases have their line."""
    while (done := _next_case(out)) < cases:
        command = [sys.executable, "-m", "tests.soak.fuzz", "--out", str(out), "--cases", str(cases)]
        command += ["--made-only"] if made_only else []
        with subprocess.Popen([*command, "--seed", str(seed), "--work-from", str(done)], cwd=ROOT) as worker:
            ending = _watched(worker, out)
        begun = [row["begun"] for row in rows_of(out) if "begun" in row]
        if begun and begun[-1] >= _next_case(out):
            with out.open("a", encoding="utf-8") as lines:
                _write(
                    lines,
                    {"case": begun[-1], "film": "?", **asdict(Outcome(ending, 0.0, 0, 0, f"{worker.returncode}"))},
                )
        elif worker.returncode:
            sys.exit(worker.returncode)


def _watched(worker: subprocess.Popen[bytes], out: Path) -> str:
    size, since = -1, time.monotonic()
    while worker.poll() is None:
        time.sleep(0.5)
        now = out.stat().st_size if out.exists() else 0
        if now != size:
            size, since = now, time.monotonic()
        elif time.monotonic() - since > PATIENCE_S:
            worker.kill()
            worker.wait()
            return HUNG
    return DIED


def _next_case(out: Path) -> int:
    return max((row["case"] + 1 for row in rows_of(out) if "case" in row), default=0)


def report(rows: Sequence[dict[str, Any]]) -> str:
    """The table: outcomes by code and by kind of film, the most memory, the slowest cases, and every defect."""
    done = [row for row in rows if "case" in row]
    kinds: dict[str, Counter[str]] = defaultdict(Counter)
    for row in done:
        kinds[row["what"]][row["film"].split("/")[0]] += 1
    lines = [f"{len(done):,} cases"]
    lines += [f"  {len_:>7,}  {what}" for what, len_ in Counter(row["what"] for row in done).most_common()]
    for title, key, unit in (("most memory, program", "main_mib", "MiB"), ("most memory, decoder", "child_mib", "MiB")):
        worst = max(done, key=lambda row: row[key], default=None)
        lines += (
            [f"{title}: {worst[key]:,} {unit} (case {worst['case']}, {worst['film']}, {worst['what']})"]
            if worst
            else []
        )
    for row in sorted(done, key=lambda row: -row["seconds"])[:3]:
        lines.append(f"slowest: {row['seconds']:.1f} s (case {row['case']}, {row['film']}, {row['what']})")
    for row in done:
        if row["what"] in (DIED, HUNG, DEFECT):
            lines.append(f"{row['what']}: case {row['case']}, {row['film']}: {row['said']}")
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=Path("soak.jsonl"))
    parser.add_argument("--made-only", action="store_true", help="leave the public films out")
    parser.add_argument("--work-from", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--case", type=int, help="write the film of one case to FILE and stop", metavar="N")
    options = parser.parse_args()
    out = options.out.resolve()
    films = films_of(made_only=options.made_only) if options.work_from is not None or options.case is not None else {}
    if options.case is not None:
        film = list(films.values())[options.case % len(films)]
        out.write_bytes(mutated(film, options.seed * 1_000_003 + options.case, list(films.values())))
        return 0
    if options.work_from is not None:
        with out.open("a", encoding="utf-8") as lines:
            lines.write("\n")  # behind a line that was torn
            work(options.work_from, options.cases, options.seed, films, lines)
        return 0
    watch(out, options.cases, options.seed, made_only=options.made_only)
    rows = rows_of(out)
    print(report(rows))
    return int(any(row.get("what") in (DIED, HUNG, DEFECT) for row in rows))


if __name__ == "__main__":
    sys.exit(main())
