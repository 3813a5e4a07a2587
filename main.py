"""Negatoscope: a viewer for chest radiographs with a second reader inside. Research use, not a medical device.

Only the standard library is imported before the command is known: the window has to show at once, and the children
that decode files import this module anew.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from io import TextIOWrapper
from pathlib import Path
from typing import TextIO

# A spinning OpenMP thread starves the decoders and the window; it has to be set before torch loads.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
INTERRUPTED, READER_LEFT = 130, 141


@dataclass(frozen=True, slots=True)
class Command:
    """A first word; `module` has `add_arguments(parser)` and `run(options, out, err)` with the exit status."""

    word: str
    module: str
    purpose: str


COMMANDS = (
    Command("screen", "inference.screen_command", "analyse files and folders without a window"),
    Command("render", "imaging.render_command", "write one film as the window shows it"),
    Command("snapshot", "gui.snapshot", "write a picture of the window"),
    Command("train", "training.train_command", "train a model on labelled films"),
    Command("compare", "training.compare_command", "put runs and reports side by side"),
    Command("evaluate", "training.evaluate_command", "check a model on labelled films of your own"),
    Command("models", "inference.models_command", "list, show, import, export and verify models"),
    Command("doctor", "inference.doctor", "say what runs here and why"),
)


def main(arguments: Sequence[str]) -> int:
    """Run a command, or the viewer where the first word is none. Returns the exit status of the contract, or the usual
    ones for a command that was interrupted from the terminal (130) or whose reader left (141), as `head` does.
    """
    _start_streams_and_log()
    try:
        return _run(arguments)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or Python complains of it when it ends
        return READER_LEFT
    except KeyboardInterrupt:
        sys.stderr.write("Interrupted.\n")
        return INTERRUPTED


def _run(arguments: Sequence[str]) -> int:
    command = next((command for command in COMMANDS if arguments[:1] == [command.word]), None)
    if command is None:
        return _viewer(arguments)
    parser = argparse.ArgumentParser(prog=f"main.py {command.word}", description=command.purpose)
    module = import_module(command.module)
    module.add_arguments(parser)
    status = int(module.run(parser.parse_args(arguments[1:]), sys.stdout, sys.stderr))
    sys.stdout.flush()
    return status


def _start_streams_and_log() -> None:
    """A windowed frozen program has no streams: what a command prints then goes nowhere, and errors go to the log."""
    from imaging.log_files import start_logging
    from imaging.paths import user_data_dir

    sys.stdout = sys.stdout or _nowhere()
    sys.stderr = sys.stderr or _nowhere()
    if isinstance(sys.stdout, TextIOWrapper):  # a name beyond the terminal's letters is no reason to break off
        sys.stdout.reconfigure(errors="backslashreplace")
    with suppress(OSError):  # no data folder, no log
        start_logging(user_data_dir() / "logs")


def _nowhere() -> TextIO:
    return Path(os.devnull).open("w", encoding="utf-8")


def _viewer(arguments: Sequence[str]) -> int:
    from gui import app

    parser = argparse.ArgumentParser(
        prog="main.py",
        description=__doc__,
        epilog="commands: " + ", ".join(f"{command.word} ({command.purpose})" for command in COMMANDS),
    )
    app.add_arguments(parser)
    return app.run(parser.parse_args(arguments))


if __name__ == "__main__":
    if hasattr(sys, "frozen"):  # the children that decode films are this program itself
        import multiprocessing

        multiprocessing.freeze_support()
    raise SystemExit(main(sys.argv[1:]))
