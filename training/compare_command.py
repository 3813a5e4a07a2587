"""`main.py compare`: runs and reports side by side, as Markdown and as a picture beside it (contract.md)."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

from imaging.errors import NegatoscopeError

DONE, USAGE = 0, 2


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of the contract."""
    parser.add_argument(
        "of", type=Path, nargs="+", metavar="RUN_OR_REPORT", help="folders of runs, reports of evaluate; baseline first"
    )
    parser.add_argument("--out", type=Path, required=True, metavar="F.md", help="the table; F.png is written beside it")


def run(options: argparse.Namespace, out: TextIO, err: TextIO) -> int:
    """Compare. 0 done; 2 where something can't be read or written."""
    from imaging.atomic import replace_file
    from training.judging.compare import against_baseline, read_compared, told_apart
    from training.judging.compare_table import markdown, measures_table, write_picture

    try:
        picture = options.out.with_suffix(".png")
        _spare(options.of, options.out, picture)
        rows = told_apart([read_compared(path) for path in options.of], options.of)
        text = markdown(rows, against_baseline(rows))
        options.out.parent.mkdir(parents=True, exist_ok=True)
        replace_file(options.out.resolve(), text)
        write_picture(picture, measures_table(rows))
    except NegatoscopeError as error:
        err.write(f"{error.message}\n")
        return USAGE
    except OSError as error:
        err.write(f"The comparison can't be written to {options.out}: {error.strerror}.\n")
        return USAGE
    out.write(f"Written to {options.out} and {picture}\n")
    return DONE


def _spare(reports: Sequence[Path], table: Path, picture: Path) -> None:
    """Raise NegatoscopeError where the table would take the place of what it is made of, or of its own picture."""
    if table == picture:
        raise NegatoscopeError(f"The table is text, and its picture goes to {picture}; name it {table.stem}.md.")
    if table.resolve() in [report.resolve() for report in reports]:
        raise NegatoscopeError(f"{table} is one of the reports; the comparison is not written over it.")
