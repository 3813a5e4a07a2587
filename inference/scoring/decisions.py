"""What the reader decided in the viewer, read by who learns from it. The file is the window's; here it is only read."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from imaging.errors import NegatoscopeError
from imaging.paths import user_data_dir

SESSION_FILE = "session.sqlite3"  # in the user's data folder
# Agreeing with a flag, or disagreeing where there was none, calls the film ill.
CALLED_ILL = "(verdict = 'agree') = (probability >= operating_point)"
# Notes without a verdict, verdicts taken back, and films on whose score the reader had to insist do not count.
COUNTS = "verdict != 'none' AND NOT insisted"
UNREADABLE = "The decisions can't be read; open the viewer once and try again."


class DecisionsError(NegatoscopeError):
    """The decisions can't be read; the message says why in one sentence."""


@dataclass(frozen=True, slots=True)
class Called:
    """What the reader last called one film (the sha256 of its file's bytes, and a frame) of one finding.

    `model` is the one whose score was on the screen; `decided_at` is UTC in ISO 8601.
    """

    film_sha256: str
    frame: int
    label: str
    is_ill: bool
    model: str
    decided_at: str


def called_films(session: Path | None = None) -> tuple[Called, ...]:
    """The last verdict on each film and finding that counts, whichever model it was said of, oldest first.

    None: the session in the user's data folder. Raises DecisionsError.
    """
    rows = _rows(
        f"""SELECT film_sha256, frame, label, {CALLED_ILL}, model, decided_at FROM decisions WHERE id IN
            (SELECT max(id) FROM latest_decisions WHERE {COUNTS} GROUP BY film_sha256, frame, label)
            ORDER BY id""",
        session,
    )
    return tuple(
        Called(str(film), int(frame), str(label), bool(ill), *map(str, rest)) for film, frame, label, ill, *rest in rows
    )


def recent_folders(session: Path | None = None) -> tuple[Path, ...]:
    """The folders that were opened last in the viewer, the latest first; whether they are still there nobody asked.

    Raises DecisionsError.
    """
    return tuple(Path(row[0]) for row in _rows("SELECT path FROM recent ORDER BY opened DESC", session))


def _rows(question: str, session: Path | None) -> list[Any]:
    try:
        path = session or user_data_dir() / SESSION_FILE
    except OSError as error:
        raise DecisionsError(UNREADABLE, detail=type(error).__name__) from error
    if not path.is_file():
        raise DecisionsError("There are no decisions yet: agree or disagree with scores in the viewer first.")
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=5.0)) as connection:
            return connection.execute(question).fetchall()
    except sqlite3.Error as error:
        raise DecisionsError(UNREADABLE, detail=type(error).__name__) from error
