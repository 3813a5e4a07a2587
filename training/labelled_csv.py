"""A CSV of labelled films: `path`, `label` or `labels` ('|' between them), and where known `patient`, `split` and more.

The file may come from anyone. It names files to be read and nothing else: no folder is walked for it, no network share
is contacted, and what its files are is left to the decoder. The columns of ChestX-ray14's own list are known by their
names there; further columns are passed over.
"""

from __future__ import annotations

import csv
import io
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from training.manifest import NOT_THERE, DataError

MAX_BYTES = 64 << 20
_SHARES = ("\\\\", "//")
_NEEDED = ("path", "labels", "patient")  # of every row, where the file has them at all
_COLUMNS = {
    "path": ("path", "file", "filename", "image", "image index"),
    "labels": ("labels", "label", "finding labels"),
    "patient": ("patient", "patient id"),
    "split": ("split", "part"),
    "sex": ("sex", "patient gender"),
    "age": ("age", "patient age"),
    "view": ("view", "view position"),
    "source": ("source", "institution"),
}


@dataclass(frozen=True, slots=True)
class CsvRow:
    """One film: `line` is its place in the file from 1. The other words are '' where the file does not say."""

    line: int
    path: Path
    labels: tuple[str, ...]
    patient: str = ""
    split: str = ""
    sex: str = ""
    age: str = ""
    view: str = ""
    source: str = ""


def read_csv(source: Path) -> Iterator[CsvRow]:
    """The rows in their order. Raises DataError in one sentence, with the line where one is to blame."""
    text = _text(source)
    delimiter = max(",;\t", key=text.partition("\n")[0].count)  # spreadsheets of half of Europe write semicolons
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        columns = _columns(next(reader, []))
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield _row(reader.line_num, cells, columns, source.parent)
    except csv.Error as error:
        raise DataError(f"Line {reader.line_num} of the CSV file is damaged.", detail=str(error)) from error


def _text(source: Path) -> str:
    try:
        status = source.stat()
        if not stat.S_ISREG(status.st_mode) or status.st_size > MAX_BYTES:
            raise DataError("The labels are neither a folder nor a CSV file of at most 64 MiB.")
        return source.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise DataError(NOT_THERE, detail=type(error).__name__) from error
    except UnicodeDecodeError as error:
        raise DataError("The CSV file is not UTF-8 text.") from error


def _columns(header: Sequence[str]) -> dict[str, int]:
    """Where the columns that are read stand, by the first of their names."""
    own = {alias: name for name, aliases in _COLUMNS.items() for alias in aliases}
    names = [own.get(cell.strip().casefold(), "") for cell in header]
    for name in ("path", "labels"):
        if names.count(name) != 1:
            raise DataError("The CSV file needs one column “path” and one column “label” or “labels”.")
    twice = next((name for name in _COLUMNS if names.count(name) > 1), None)
    if twice is not None:
        raise DataError(f"The CSV file has more than one column “{twice}”.")
    return {name: names.index(name) for name in _COLUMNS if name in names}


def _row(line: int, cells: Sequence[str], columns: dict[str, int], folder: Path) -> CsvRow:
    if len(cells) <= max(columns[name] for name in _NEEDED if name in columns):
        raise DataError(f"Line {line} of the CSV file has too few columns.")
    named = cells[columns["path"]].strip()
    if not named or "\0" in named:
        raise DataError(f"Line {line} of the CSV file names no film.")
    if named.startswith(_SHARES):  # opening one tells a stranger's server who is reading
        raise DataError(f"Line {line} of the CSV file names a film on a network share; name it by a relative path.")
    labels = tuple(label.strip() for label in cells[columns["labels"]].split("|") if label.strip())
    words = {
        name: cells[at].strip() for name, at in columns.items() if name not in ("path", "labels") and at < len(cells)
    }
    return CsvRow(line, folder / named, labels, **words)
