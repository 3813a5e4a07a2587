"""Negatoscope: a viewer for chest radiographs with a second reader inside. Research use, not a medical device.

Only the standard library is imported before the command is known: the window has to show at once, and the children
that decode files import this module anew.
"""

from __future__ import annotations

import argparse
import errno
import gc
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from io import TextIOWrapper
from pathlib import Path
from typing import TextIO

# A spinning thread starves the decoders and the window; it has to be set before torch loads. numpy's OpenBLAS spins for
# 2^26 cycles from its start on, which is a core for the time in which the first film is read: 2^4, and it sleeps.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("OPENBLAS_THREAD_TIMEOUT", "4")
MISTAKE, INTERRUPTED, READER_LEFT = 2, 130, 141
VIEWER = "gui.app"


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
    import_module("imaging.light_records").make_records_light()
    _start_streams_and_log()
    try:
        return _run(arguments)
    except BrokenPipeError:
        _leave_stdout()
        return READER_LEFT
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        _leave_stdout()
        sys.stderr.write("There is no room left where the command writes to, or where its words go.\n")
        return MISTAKE
    except KeyboardInterrupt:
        sys.stderr.write("Interrupted.\n")
        return INTERRUPTED


def _leave_stdout() -> None:
    """Have what is still to be said go nowhere, or Python complains of it when it ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _run(arguments: Sequence[str]) -> int:
    name, parser, rest = arguments_of(arguments)
    if name == VIEWER:
        gc.disable()  # what is imported stays: to look for garbage in it costs a twentieth of the start
    if name.startswith("gui."):
        import_module("gui.process.plain_imports").keep_plain_imports()
    module = import_module(name)
    module.add_arguments(parser)
    options = parser.parse_args(rest)
    if name == VIEWER:
        return int(module.run(options))
    status = int(module.run(options, sys.stdout, sys.stderr))
    sys.stdout.flush()
    return status


def arguments_of(arguments: Sequence[str]) -> tuple[str, argparse.ArgumentParser, list[str]]:
    """The module of the command that the first word names, or of the viewer; its parser; what the parser is to read."""
    command = next((command for command in COMMANDS if arguments[:1] == [command.word]), None)
    if command is not None:
        parser = argparse.ArgumentParser(prog=f"main.py {command.word}", description=command.purpose)
        return command.module, parser, list(arguments[1:])
    commands = ", ".join(f"{command.word} ({command.purpose})" for command in COMMANDS)
    parser = argparse.ArgumentParser(prog="main.py", description=__doc__, epilog=f"commands: {commands}")
    return VIEWER, parser, list(arguments)


def _start_streams_and_log() -> None:
    """A windowed frozen program has no streams: what a command prints then goes nowhere, and errors go to the log."""
    from imaging.log_files import log_folder, start_logging

    sys.stdout = sys.stdout or _nowhere()
    sys.stderr = sys.stderr or _nowhere()
    if isinstance(sys.stdout, TextIOWrapper):  # a name beyond the terminal's letters is no reason to break off
        sys.stdout.reconfigure(errors="backslashreplace")
    with suppress(OSError):  # no data folder, no log
        start_logging(log_folder())


def _nowhere() -> TextIO:
    return Path(os.devnull).open("w", encoding="utf-8")


if __name__ == "__main__":
    # The children that decode films are this program itself; negatoscope.spec goes by the same words.
    if hasattr(sys, "frozen") and not {"--multiprocessing-fork", "-c"}.isdisjoint(sys.argv):
        import multiprocessing

        multiprocessing.freeze_support()
    raise SystemExit(main(sys.argv[1:]))
