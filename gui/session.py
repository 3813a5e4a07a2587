"""What the reader decided, and how the window was left: one SQLite file in the user's data folder.

Films are named by the sha256 of their file's bytes and a frame, never by a patient's name or number. Decisions are
only ever added: the newest one counts, the older ones stay. Paths appear in the list of recent folders alone.
"""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from gui.second_reader.decision import Decision, Verdict
from imaging.errors import NegatoscopeError
from imaging.paths import user_data_dir
from imaging.read.packed.source import film_sha256, has_changed
from imaging.study import ImageRef
from inference.scoring.decisions import CALLED_ILL, COUNTS, SESSION_FILE

FILE_NAME = SESSION_FILE
BUSY_TIMEOUT_S = 5.0  # how long a second instance may hold the file
RECENT_LIMIT = 12

_DAMAGED = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})

# One tuple of statements for each schema version, run in order; never edit one that was released.
MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        """CREATE TABLE decisions (
            id INTEGER PRIMARY KEY,
            film_sha256 TEXT NOT NULL,
            frame INTEGER NOT NULL,
            label TEXT NOT NULL,
            verdict TEXT NOT NULL CHECK (verdict IN ('agree', 'disagree', 'none')),
            note TEXT NOT NULL,
            model TEXT NOT NULL,
            weights_sha256 TEXT NOT NULL,
            operating_point REAL NOT NULL,
            probability REAL NOT NULL,
            decided_at TEXT NOT NULL
        )""",
        "CREATE INDEX decisions_by_film ON decisions (film_sha256, frame, label, weights_sha256)",
        """CREATE VIEW latest_decisions AS SELECT * FROM decisions WHERE id IN
            (SELECT max(id) FROM decisions GROUP BY film_sha256, frame, label, weights_sha256)""",
        "CREATE TABLE state (key TEXT PRIMARY KEY, value TEXT NOT NULL)",
        "CREATE TABLE recent (path TEXT PRIMARY KEY, opened INTEGER NOT NULL)",
    ),
    (
        "DROP VIEW latest_decisions",
        "ALTER TABLE decisions ADD COLUMN insisted INTEGER NOT NULL DEFAULT 0 CHECK (insisted IN (0, 1))",
        """CREATE VIEW latest_decisions AS SELECT * FROM decisions WHERE id IN
            (SELECT max(id) FROM decisions GROUP BY film_sha256, frame, label, weights_sha256)""",
    ),
)


class StoreError(NegatoscopeError):
    """Something could not be stored or read back; the message says what to do about it."""


_COLUMNS = tuple(field.name for field in fields(Decision))


def _spelt(path: Path) -> str | bytes:
    """As SQLite takes it: text, or the bytes of a name that is no valid UTF-8."""
    try:
        str(path).encode()
    except UnicodeEncodeError:
        return os.fsencode(path)
    return str(path)


def film_digest(ref: ImageRef) -> str:
    """The sha256 of the film in hex, unpacked; read where the reference does not know it. Raises StoreError."""
    if ref.digest is not None:
        return ref.digest
    if has_changed(ref):
        raise StoreError("The film's file has changed since it was opened; nothing is stored for another picture.")
    try:
        return film_sha256(ref.path)
    except OSError as error:
        raise StoreError("The film's file cannot be read any more.", detail=type(error).__name__) from error


class Store:
    """An open session file. Used by one thread at a time: the store lane, then whoever closes it."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def close(self) -> None:
        self._connection.close()

    def add_decision(self, decision: Decision) -> None:
        """Add to the history; earlier decisions stay. It is on the disk when this returns. Raises StoreError."""
        marks = ", ".join("?" * len(_COLUMNS))
        self._write(
            f"INSERT INTO decisions ({', '.join(_COLUMNS)}) VALUES ({marks})",
            tuple(asdict(decision).values()),
            "Your decision could not be stored.",
        )

    def latest(self, film_sha256: str, frame: int = 0) -> tuple[Decision, ...]:
        """The decision in force for each finding of a film: one a label and model weights, oldest first."""
        return self._decisions("latest_decisions", film_sha256, frame)

    def decided(self, label: str) -> tuple[int, int]:
        """How many films the reader called ill and healthy of a label, by the last verdict on each of them.

        Agreeing with a flag, or disagreeing where there was none, calls the film ill. A film counts once, whichever
        model it was said of; notes without a verdict, verdicts taken back, and films on whose score the reader had to
        insist do not count.
        """
        rows = self._read(
            f"""SELECT {CALLED_ILL}, count(*) FROM decisions WHERE id IN
                (SELECT max(id) FROM latest_decisions WHERE label = ? AND {COUNTS}
                 GROUP BY film_sha256, frame)
               GROUP BY 1""",
            (label,),
        )
        counts = {bool(is_ill): int(count) for is_ill, count in rows}
        return counts.get(True, 0), counts.get(False, 0)

    def history(self, film_sha256: str, frame: int = 0) -> tuple[Decision, ...]:
        """Everything that was ever decided about a film, oldest first."""
        return self._decisions("decisions", film_sha256, frame)

    def state(self, key: str, default: Any = None) -> Any:
        """What was remembered under this key (any JSON value), or the default."""
        rows = self._read("SELECT value FROM state WHERE key = ?", (key,))
        return json.loads(rows[0][0]) if rows else default

    def set_state(self, key: str, value: Any) -> None:
        """Remember a JSON value; the last one written wins. Raises StoreError."""
        self._write(
            "INSERT INTO state VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
            (key, json.dumps(value)),
            "The window's state could not be stored.",
        )

    def add_recent(self, path: Path) -> None:
        """Put a folder or file at the head of the recent list. Raises StoreError."""
        self._write(
            """INSERT INTO recent VALUES (?, (SELECT coalesce(max(opened), 0) + 1 FROM recent))
               ON CONFLICT (path) DO UPDATE SET opened = excluded.opened""",
            (_spelt(path),),
            "The list of recent folders could not be stored.",
        )

    def recent(self) -> tuple[Path, ...]:
        """The folders and files opened last, newest first."""
        rows = self._read("SELECT path FROM recent ORDER BY opened DESC LIMIT ?", (RECENT_LIMIT,))
        return tuple(Path(os.fsdecode(row[0])) for row in rows)

    def _decisions(self, source: str, film_sha256: str, frame: int) -> tuple[Decision, ...]:
        rows = self._read(
            f"SELECT {', '.join(_COLUMNS)} FROM {source} WHERE film_sha256 = ? AND frame = ? ORDER BY id",
            (film_sha256, frame),
        )
        named = (dict(zip(_COLUMNS, row, strict=True)) for row in rows)
        return tuple(
            Decision(**{**row, "verdict": Verdict(row["verdict"]), "insisted": bool(row["insisted"])}) for row in named
        )

    def _read(self, statement: str, values: tuple[Any, ...]) -> list[Any]:
        with _in_words("What was stored earlier cannot be read."):
            return self._connection.execute(statement, values).fetchall()

    def _write(self, statement: str, values: tuple[Any, ...], sentence: str) -> None:
        with _in_words(sentence), self._connection:
            self._connection.execute(statement, values)


@dataclass(frozen=True, slots=True)
class Opened:
    """An open store, and a sentence for the user where the file had to be replaced."""

    store: Store
    message: str | None = None


def open_store(path: Path | None = None) -> Opened:
    """Open the session file, made or brought up to date where needed. None: the one in the user's data folder.

    A damaged file is moved aside under a name with the date, never deleted; of an older version's file a copy is kept.
    Raises StoreError where the file cannot be opened at all, is held by another program for too long, or was written by
    a newer version.
    """
    if path is None:
        with _in_words("The data folder cannot be made or written."):
            path = user_data_dir() / FILE_NAME
    try:
        return Opened(_connect(path))
    except sqlite3.DatabaseError as error:
        if not _is_damage(error):
            raise StoreError(_sentence("The session file cannot be opened.", error)) from error
    with _in_words("The session file is damaged and cannot be moved aside."):
        kept = _move_aside(path)
        store = _connect(path)
    return Opened(store, f"The file with your decisions was damaged. It was kept as “{kept.name}” and a new one begun.")


def _connect(path: Path) -> Store:
    """Raises sqlite3.Error, and StoreError for a file from a newer version."""
    # Used by one thread at a time, but closed by another than it was opened by.
    connection = sqlite3.connect(path, timeout=BUSY_TIMEOUT_S, check_same_thread=False)
    try:
        if connection.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok":
            raise _damage()
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        _keep_a_copy(connection, path)
        _migrate(connection)
    except BaseException:
        connection.close()
        raise
    return Store(connection)


def _damage() -> sqlite3.DatabaseError:
    error = sqlite3.DatabaseError("the quick check failed")
    error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
    return error


def _keep_a_copy(connection: sqlite3.Connection, path: Path) -> None:
    """Of a file that an older version wrote, once, before it is brought up to date: `session.schema-1.sqlite3`."""
    has_schema = connection.execute("SELECT count(*) FROM sqlite_master WHERE name = 'schema'").fetchone()[0]
    version = _version(connection) if has_schema else 0
    copy = path.with_name(f"{path.stem}.schema-{version}{path.suffix}")
    if not 0 < version < len(MIGRATIONS) or copy.exists():
        return
    part = copy.with_name(f".{copy.name}.part")
    part.unlink(missing_ok=True)
    with contextlib.closing(sqlite3.connect(part)) as target:
        connection.backup(target)
    part.replace(copy)


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("SELECT coalesce(max(version), 0) FROM schema").fetchone()[0])


def _migrate(connection: sqlite3.Connection) -> None:
    """Bring the schema up to date in one transaction, which a second instance waits for."""
    with connection:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("CREATE TABLE IF NOT EXISTS schema (version INTEGER NOT NULL)")
        version = _version(connection)
        if version > len(MIGRATIONS):
            raise StoreError("The session file was written by a newer version of Negatoscope. Update the program.")
        for number, statements in enumerate(MIGRATIONS[version:], start=version + 1):
            for statement in statements:
                connection.execute(statement)
            connection.execute("INSERT INTO schema VALUES (?)", (number,))


def _is_damage(error: sqlite3.Error) -> bool:
    # Extended result codes carry the primary one in their lowest byte.
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in _DAMAGED


def _move_aside(path: Path) -> Path:
    """Rename the file and its write-ahead log. Returns the new path. Raises OSError."""
    stamp = datetime.now(UTC).strftime("%Y%m%d-%H%M%S-%f")
    kept = path.with_name(f"{path.stem}.damaged-{stamp}{path.suffix}")
    for ending in ("", "-wal", "-shm"):
        part = path.with_name(path.name + ending)
        if part.exists():
            part.replace(kept.with_name(kept.name + ending))
    return kept


@contextlib.contextmanager
def _in_words(sentence: str) -> Iterator[None]:
    """Turn SQLite's and the system's errors into a StoreError that begins with this sentence."""
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        raise StoreError(_sentence(sentence, error), detail=type(error).__name__) from error


def _sentence(what: str, error: Exception) -> str:
    code = getattr(error, "sqlite_errorcode", None)
    reasons = {
        sqlite3.SQLITE_FULL: "The disk is full.",
        sqlite3.SQLITE_BUSY: "Another program holds the file: try again.",
        sqlite3.SQLITE_READONLY: "The file is read-only.",
        sqlite3.SQLITE_CANTOPEN: "The data folder cannot be written.",
    }
    reason = reasons.get(code & 0xFF, "") if code is not None else "Check that the data folder can be written."
    return f"{what} {reason}".strip()
