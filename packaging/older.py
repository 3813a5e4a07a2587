"""An older version, to try upgrades with (packaging/verify_deb.sh):

    python packaging/older.py package NEW.deb OLDER.deb     the same program under a lower version number
    python packaging/older.py data FOLDER                   a user's data as an older version left them
    python packaging/older.py check FOLDER                  whether they were taken over, and a copy of each was kept

A package of a version that really is older does as well: `data` then adds a decision to what its program wrote.
"""

from __future__ import annotations

import argparse
import json
import re
import sqlite3
import subprocess
import sys
import tempfile
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gui.second_reader.decision import Decision

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

VERSION = "0.0.9"
MARK = "only-in-the-older-version"  # a file that an upgrade has to take away
FILM = "ab" * 32
SETTINGS = {"wheel": "zoom", "hide_patient": True}  # neither is the usual value


def package(new: Path, older: Path) -> None:
    """Pack the content of a package anew, with a lower version number and one more file."""
    with tempfile.TemporaryDirectory(prefix="negatoscope-older-") as place:
        tree = Path(place) / "tree"
        subprocess.run(["dpkg-deb", "--raw-extract", str(new), str(tree)], check=True)
        control = tree / "DEBIAN" / "control"
        text, changed = re.subn(
            r"^Version: .*$", f"Version: {VERSION}", control.read_text(encoding="utf-8"), flags=re.MULTILINE
        )
        if changed != 1:
            raise ValueError(f"{new.name} names no version")
        control.write_text(text, encoding="utf-8")
        (program,) = (tree / "opt").iterdir()
        (program / "_internal" / MARK).touch()
        quick = ["dpkg-deb", "--root-owner-group", "-Zzstd", "-z1"]
        subprocess.run([*quick, "--build", str(tree), str(older)], check=True, stdout=subprocess.DEVNULL)


def write_data(folder: Path) -> None:
    """Settings and a window's place from before they had numbers, and a session file of the first schema."""
    from gui.session import FILE_NAME, MIGRATIONS

    folder.mkdir(parents=True, exist_ok=True)
    (folder / "settings.json").write_text(json.dumps(SETTINGS), encoding="utf-8")
    (folder / "window.json").write_text(json.dumps({"geometry": "", "closed": ["show_list"]}), encoding="utf-8")
    session = folder / FILE_NAME
    if session.exists() and _read(session)[0] == len(MIGRATIONS):  # by the same program under a lower number
        session.unlink()
    begun = session.exists()
    with closing(sqlite3.connect(session)) as connection, connection:
        if not begun:
            for statement in (*MIGRATIONS[0], "CREATE TABLE schema (version INTEGER NOT NULL)"):
                connection.execute(statement)
            connection.execute("INSERT INTO schema VALUES (1)")
        row = {key: value for key, value in asdict(_decision()).items() if key != "insisted"}
        marks = ", ".join("?" * len(row))
        connection.execute(f"INSERT INTO decisions ({', '.join(row)}) VALUES ({marks})", tuple(row.values()))


def _decision() -> Decision:
    from gui.second_reader.decision import Decision, Verdict

    return Decision(
        film_sha256=FILM,
        frame=0,
        label="PNEUMONIA",
        verdict=Verdict.DISAGREE,
        note="an old scar",
        model="pneumonia@1",
        weights_sha256="cd" * 32,
        operating_point=0.4,
        probability=0.9,
        decided_at="2026-01-02T03:04:05.678+00:00",
    )


def faults(folder: Path) -> list[str]:
    """What of the older version's data is not in force, or has no copy. The new version's window was open and closed:
    when it is closed it writes where it stood.
    """
    from gui.session import FILE_NAME, MIGRATIONS

    schema, decided = _read(folder / FILE_NAME)
    told = [] if schema == len(MIGRATIONS) else [f"{FILE_NAME} is of schema {schema}"]
    told += [] if decided == [(FILM, "disagree", "an old scar")] else [f"{FILE_NAME} lacks the decision"]
    copies = {FILE_NAME: "session.schema-1.sqlite3", "window.json": "window.schema-0.json"}
    told += [f"of {name} there is no {copy}" for name, copy in copies.items() if not (folder / copy).is_file()]
    if not told and _read(folder / copies[FILE_NAME]) != (1, decided):
        told.append(f"{copies[FILE_NAME]} is not what the older version wrote")
    return told + _settings_faults(folder)


def _read(session: Path) -> tuple[int, list[tuple[str, ...]]]:
    with closing(sqlite3.connect(session)) as connection:
        (schema,) = connection.execute("SELECT max(version) FROM schema").fetchone()
        return int(schema), connection.execute("SELECT film_sha256, verdict, note FROM latest_decisions").fetchall()


def _settings_faults(folder: Path) -> list[str]:
    from gui.settings import load_settings

    copy = folder / "settings.schema-0.json"
    told = [] if copy.is_file() and json.loads(copy.read_text(encoding="utf-8")) == SETTINGS else [f"no {copy.name}"]
    in_force = load_settings(folder / "settings.json").settings
    return told + [f"the setting {key} is lost" for key, value in SETTINGS.items() if in_force[key] != value]


def main() -> int:
    """Do what the first word says; 1 where the check finds something."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="verb", required=True)
    packing = commands.add_parser("package")
    packing.add_argument("new", type=Path)
    packing.add_argument("older", type=Path)
    for verb in ("data", "check"):
        commands.add_parser(verb).add_argument("folder", type=Path)
    options = parser.parse_args()
    if options.verb == "package":
        package(options.new, options.older)
    elif options.verb == "data":
        write_data(options.folder)
    else:
        found = faults(options.folder)
        print("\n".join(found) or "taken over, and a copy of each kept")
        return int(bool(found))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
