"""`main.py compare`: runs and reports side by side, as Markdown and as a picture beside it (contract.md)."""

from __future__ import annotations

import argparse
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
    from training.compare import against_baseline, read_compared
    from training.compare_table import markdown, measures_table, write_picture

    try:
        rows = [read_compared(path) for path in options.of]
        text = markdown(rows, against_baseline(rows))
        options.out.parent.mkdir(parents=True, exist_ok=True)
        replace_file(options.out.resolve(), text)
        picture = options.out.with_suffix(".png")
        write_picture(picture, measures_table(rows))
    except NegatoscopeError as error:
        err.write(f"{error.message}\n")
        return USAGE
    except OSError as error:
        err.write(f"The comparison can't be written to {options.out}: {error.strerror}.\n")
        return USAGE
    out.write(f"Written to {options.out} and {picture}\n")
    return DONE
