"""The lines of `screen` (contract.md): made, written and, on `--resume`, read again."""

from __future__ import annotations

import hashlib
import json
import os
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from io import RawIOBase
from pathlib import Path
from typing import Any, Literal

from imaging.errors import FilmError, NegatoscopeError
from imaging.read.sniff import sniff
from imaging.study import ImageRef
from inference.pipeline import at_points
from inference.results import ImageResult
from inference.served import is_int8

SCHEMA = 1
Row = dict[str, Any]
_BEGIN = b'{"schema": '  # of every line, a torn one too
_LONGEST_LINE = 1 << 20  # bytes; what is longer is no file of ours, and may have no end


@dataclass(frozen=True, slots=True)
class Terms:
    """What all lines of one run share. `points` are the operating points in force, by finding; `int8`: the quantised
    graph gave the scores.
    """

    model: str
    weights_sha256: str
    points: Mapping[str, float]
    heatmaps: bool
    int8: bool = False


def analysed_row(result: ImageResult, terms: Terms, heatmaps: Mapping[str, Path] | None) -> Row:
    """The line of a film that was analysed; `heatmaps` are the files written, by finding."""
    return _row(result.ref, terms) | {
        "engine": result.engine,
        "seconds": round(result.seconds, 6),
        "gate": {"accepted": result.gate.accepted, "reasons": list(result.gate.reasons)},
        "findings": [
            {
                "label": finding.label,
                "probability": finding.probability,
                "operating_point": finding.operating_point,
                "flagged": finding.flagged,
            }
            for finding in at_points(result.findings, terms.points)
        ],
        "heatmaps": None if heatmaps is None else {label: path.as_posix() for label, path in heatmaps.items()},
    }


def refused_row(ref: ImageRef, error: FilmError, terms: Terms, engine: str) -> Row:
    """The line of a film that could not be read or analysed."""
    return _row(ref, terms) | {
        "engine": engine,
        "error": {"code": str(error.code), "message": error.message},
    }


def _row(ref: ImageRef, terms: Terms) -> Row:
    return {
        "schema": SCHEMA,
        "path": ref.path.as_posix(),
        "frame": ref.frame,
        "sop_instance_uid": ref.uid,
        "model": terms.model,
        "weights_sha256": terms.weights_sha256,
        "engine": "",
        "seconds": 0.0,
        "gate": {"accepted": True, "reasons": []},
        "findings": [],
        "heatmaps": None,
        "error": None,
    }


@dataclass(slots=True)
class Tally:
    """What the lines say in sum, those of an earlier part of the run included."""

    films: int = 0
    refused: int = 0
    flagged: int = 0
    gated: int = 0

    def count(self, row: Row) -> None:
        self.films += 1
        self.refused += row["error"] is not None
        self.gated += not row["gate"]["accepted"]
        self.flagged += any(finding["flagged"] for finding in row["findings"])


@dataclass(slots=True)
class Lines:
    """The file of lines being written. `done` counts the lines that each film has already, by short hashes."""

    stream: RawIOBase
    tally: Tally = field(default_factory=Tally)
    done: Counter[bytes] = field(default_factory=Counter)

    def passes(self, ref: ImageRef) -> bool:
        """Whether this film has its line already. A film that was named twice has two: each of them counts once."""
        key = _key(ref.path.as_posix(), ref.frame)
        known = self.done[key] > 0
        if known:
            self.done[key] -= 1
        return known

    def write(self, row: Row) -> None:
        """Append one line, past any buffer. Raises NegatoscopeError where the disk does not take it."""
        # A file name that is no valid UTF-8 keeps its stray bytes as JSON escapes, and can be matched on resuming.
        text = json.dumps(row, ensure_ascii=False, allow_nan=False) + "\n"
        rest = text.encode("utf-8", errors="backslashreplace")
        try:
            while rest:
                rest = rest[self.stream.write(rest) or 0 :]
        except OSError as error:
            raise NegatoscopeError("The results can't be written any further.", detail=str(error)) from error
        self.tally.count(row)


def open_lines(path: Path, terms: Terms, *, resume: bool) -> Lines:
    """Begin a file of lines, or go on with one: its complete lines stay, a torn last one is cut off.

    Raises NegatoscopeError where the file can't be written, is a film or belongs to another run.
    """
    if _is_film(path):
        raise NegatoscopeError(f"{path} is a film; the results are not written over it.")
    going_on = resume and os.path.isfile(path)  # noqa: PTH113 - Path.is_file raises where a folder may not be entered
    lines = Lines(stream=_opened(path, "r+b" if going_on else "wb"))
    try:
        if going_on:
            _take_over(lines, path, terms)
    except BaseException:
        lines.stream.close()
        raise
    return lines


def _opened(path: Path, mode: Literal["r+b", "wb"]) -> RawIOBase:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return path.open(mode, buffering=0)
    except OSError as error:
        raise NegatoscopeError(f"The results can't be written to {path}.", detail=str(error)) from error


def _is_film(path: Path) -> bool:
    try:
        sniff(path)
    except FilmError:
        return False
    return True


def _take_over(lines: Lines, path: Path, terms: Terms) -> None:
    """Read what an interrupted run has written, and leave the stream behind its last complete line."""
    end = 0
    with path.open("rb") as earlier:
        while raw := earlier.readline(_LONGEST_LINE):
            if not raw.endswith(b"\n") and raw[: len(_BEGIN)] == _BEGIN[: len(raw)] and len(raw) < _LONGEST_LINE:
                break
            row = _parsed(raw)
            if row is None or not _fits(row, terms):
                raise NegatoscopeError("The results to resume come from another model or from other options.")
            lines.done[_key(row["path"], row["frame"])] += 1
            lines.tally.count(row)
            end += len(raw)
    lines.stream.seek(end)
    lines.stream.truncate()


def _parsed(raw: bytes) -> Row | None:
    try:
        row = json.loads(raw)
    except (ValueError, RecursionError):
        return None
    return row if isinstance(row, dict) and set(row) == set(_row(ImageRef(Path()), _NO_TERMS)) else None


def _fits(row: Row, terms: Terms) -> bool:
    """Whether an earlier line could have been written by this run, and can be counted."""
    try:
        points = {finding["label"]: finding["operating_point"] for finding in row["findings"]}
        Tally().count(row)
    except (KeyError, TypeError):  # what stands in a field is of another kind
        return False
    return (
        (row["model"], row["weights_sha256"]) == (terms.model, terms.weights_sha256)
        and points in ({}, terms.points)
        and is_int8(str(row["engine"])) == terms.int8
        and (row["heatmaps"] is not None) == (terms.heatmaps and bool(points))
    )


def _key(path: str, frame: int) -> bytes:
    return hashlib.blake2b(f"{frame} {path}".encode(errors="surrogatepass"), digest_size=16).digest()


_NO_TERMS = Terms("", "", {}, heatmaps=False)
