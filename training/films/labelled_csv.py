"""A CSV of labelled films: `path`, `label` or `labels` ('|' between them), and where known `patient`, `split` and more.

The file may come from anyone. It names files to be read and nothing else: no network share is contacted, and what its
files are is left to the decoder. The columns of several public lists are known by their names there (`csv_columns`),
findings with a column each too; further columns are passed over.
"""

from __future__ import annotations

import codecs
import csv
import io
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from imaging.progress import CancelToken
from training.films.csv_columns import Columns, columns_of, marked
from training.films.csv_labels import labels_in
from training.films.csv_paths import FilmFinder
from training.films.data_error import NOT_THERE, DataError, amount

MAX_BYTES = 64 << 20
_SHARES = ("\\\\", "//")


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


@dataclass(frozen=True, slots=True)
class LabelledRows:
    """The rows of a file in their order. `marks` are the findings of a file that has a column for each: there a row
    without labels is a film without findings. `remarks` are sentences on how the file was understood.
    """

    rows: tuple[CsvRow, ...]
    marks: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()


def read_csv(source: Path, token: CancelToken | None = None) -> LabelledRows:
    """The rows in their order. Raises DataError in one sentence, with the line where one is to blame; Cancelled."""
    text = _text(source)
    delimiter = max(",;\t", key=text.partition("\n")[0].count)  # spreadsheets of half of Europe write semicolons
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        header = next(reader, [])
        lines = [(reader.line_num, cells) for cells in reader if any(cell.strip() for cell in cells)]
    except csv.Error as error:
        raise DataError(f"Line {reader.line_num} of the CSV file is damaged.", detail=str(error)) from error
    columns = columns_of(header, [cells for _, cells in lines])
    for line, cells in lines:
        _check(line, cells, columns)
    finder = FilmFinder(source.parent, token or CancelToken())
    if columns.findings:
        return _by_marks(lines, columns, finder)
    labels = labels_in([cells[columns.roles["labels"]] for _, cells in lines])
    return LabelledRows(
        tuple(_row(line, cells, own, columns, finder) for (line, cells), own in zip(lines, labels, strict=True))
    )


def _text(source: Path) -> str:
    try:
        status = source.stat()
        if not stat.S_ISREG(status.st_mode) or status.st_size > MAX_BYTES:
            raise DataError("The labels are neither a folder nor a CSV file of at most 64 MiB.")
        content = source.read_bytes()
    except OSError as error:
        raise DataError(NOT_THERE, detail=type(error).__name__) from error
    is_wide = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))  # "Unicode text" of spreadsheets
    try:
        return content.decode("utf-16" if is_wide else "utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError("The CSV file is not UTF-8 text: save it again as “CSV UTF-8”.") from error


def _check(line: int, cells: Sequence[str], columns: Columns) -> None:
    """Raise DataError where a row can't name a film."""
    if len(cells) < columns.needed:
        raise DataError(f"Line {line} of the CSV file has too few columns.")
    named = cells[columns.roles["path"]].strip()
    if not named or "\0" in named:
        raise DataError(f"Line {line} of the CSV file names no film.")
    if named.startswith(_SHARES):  # opening one tells a stranger's server who is reading
        raise DataError(f"Line {line} of the CSV file names a film on a network share; name it by a relative path.")


def _row(line: int, cells: Sequence[str], labels: tuple[str, ...], columns: Columns, finder: FilmFinder) -> CsvRow:
    words = {
        role: cells[at].strip()
        for role, at in columns.roles.items()
        if role not in ("path", "labels") and at < len(cells)
    }
    return CsvRow(line, finder.find(cells[columns.roles["path"]].strip()), labels, **words)


def _by_marks(lines: Sequence[tuple[int, Sequence[str]]], columns: Columns, finder: FilmFinder) -> LabelledRows:
    """Rows whose findings have a column each. What is uncertain (-1, as in CheXpert) is no finding; a film of which
    nothing else is said is no healthy one either, and is left out.
    """
    rows: list[CsvRow] = []
    unsaid = beside = 0
    for line, cells in lines:
        said = {name: marked(cells[place]) for name, place in columns.findings}
        labels = tuple(name for name, has in said.items() if has)
        is_uncertain = None in said.values()
        if is_uncertain and not labels:
            unsaid += 1
            continue
        beside += is_uncertain
        rows.append(_row(line, cells, labels, columns, finder))
    return LabelledRows(tuple(rows), tuple(name for name, _ in columns.findings), tuple(_uncertain(unsaid, beside)))


def _uncertain(unsaid: int, beside: int) -> Iterator[str]:
    if unsaid:
        yield f"Left out, as all that is marked is uncertain (-1): {amount(unsaid, 'row')}."
    if beside:
        yield f"Uncertain (-1) beside what is certain, which counts as not there: in {amount(beside, 'row')}."
