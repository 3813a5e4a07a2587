"""A command as it is called from the command line, in this process."""

from __future__ import annotations

import argparse
import io
from typing import Any, NamedTuple


class Said(NamedTuple):
    """What came of it: the exit status, and what was written to out and err."""

    status: int
    out: str
    err: str


def commanded(command: Any, *words: object) -> Said:
    """Run a command's module (`add_arguments`, `run`) with these words."""
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    out, err = io.StringIO(), io.StringIO()
    status = command.run(parser.parse_args([str(word) for word in words]), out, err)
    return Said(status, out.getvalue(), err.getvalue())
