"""The log and the crash file. Neither holds a path, a name or a header: what is logged is chosen word by word, and goes
through a net (`imaging.scrubbed`).
"""

from __future__ import annotations

import faulthandler
import getpass
import logging
import sys
import traceback
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from types import TracebackType

from imaging.paths import user_data_dir
from imaging.scrubbed import scrubbed
from imaging.site import read_site

LOG_BYTES, LOG_FILES = 1 << 20, 3
LOG, CRASHES = "negatoscope.log", "crash.log"
OWN = ("imaging", "inference", "training", "gui")  # libraries quote headers, and with them patients

_LOG = logging.getLogger(__name__)


def log_folder() -> Path:
    """Where the log and the crash file lie: where the site wants them, in a folder of this user's, else in the user's
    data folder. Raises OSError where that cannot be made.
    """
    shared = read_site().log_folder
    return shared / _user() if shared else user_data_dir() / "logs"


def _user() -> str:
    """The name of whoever runs this; a number has none in some containers."""
    try:
        return getpass.getuser()
    except (KeyError, ImportError, OSError):
        return "unknown"


class _Scrubbed(logging.Formatter):
    """The details of an error may be what the system said of a file. Of several lines those of known shape stay."""

    def format(self, record: logging.LogRecord) -> str:
        return "\n".join(filter(None, map(scrubbed, super().format(record).splitlines())))


def start_logging(folder: Path) -> None:
    """Log to `folder` from now on, exceptions that nobody caught included, and fatal errors of native code beside it.

    A folder that cannot be written leaves the program without a log: no reason not to read films.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with suppress(OSError):  # another of our programs holds it open: it grows a little further
            _put_aside(folder / LOG)
            _put_aside(folder / CRASHES)
        handler = logging.FileHandler(folder / LOG, encoding="utf-8")
        crashes = (folder / CRASHES).open("a", encoding="utf-8")
    except OSError:
        return
    handler.setFormatter(_Scrubbed("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    handler.addFilter(lambda record: record.name.partition(".")[0] in OWN)
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    faulthandler.enable(file=crashes)  # keeps the stream open for as long as the program runs
    sys.excepthook = log_exception


def _put_aside(log: Path) -> None:
    """Number a full log and its forerunners, and forget the oldest. Raises OSError.

    At the start alone: `logging.handlers` brings sockets and pickle, a twentieth of what the window takes to show, and
    its rotation renames the file while another of our programs writes to it.
    """
    if log.exists() and log.stat().st_size >= LOG_BYTES:
        kept = [log, *(log.with_name(f"{log.name}.{number}") for number in range(1, LOG_FILES + 1))]
        for newer, older in reversed(list(pairwise(kept))):
            if newer.exists():
                newer.replace(older)


def log_exception(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """An exception by its kind and place: its own text may quote a header or a path."""
    if not issubclass(kind, KeyboardInterrupt):
        _LOG.critical("%s\n%s", kind.__name__, "".join(traceback.format_tb(trace)))
    sys.__excepthook__(kind, error, trace)
