"""The log file: a windowed program has no terminal. It holds no patient data and no paths of films."""

from __future__ import annotations

import faulthandler
import logging
import sys
import traceback
from logging.handlers import RotatingFileHandler
from types import TracebackType

from imaging.paths import user_data_dir

FILE_NAME = "negatoscope.log"
CRASH_FILE_NAME = "crash.log"
LIMIT_BYTES = 1_000_000
FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"

_log = logging.getLogger(__name__)


def begin_log() -> None:
    """Log to the user's data folder from now on; where it can't be written, to the terminal if there is one."""
    root = logging.getLogger()
    root.setLevel(logging.INFO)
    try:
        folder = user_data_dir()
        folder.mkdir(parents=True, exist_ok=True)
        handler: logging.Handler = RotatingFileHandler(
            folder / FILE_NAME, maxBytes=LIMIT_BYTES, backupCount=2, encoding="utf-8"
        )
        # Kept open for the life of the program: the handler of a crash can open nothing any more.
        faulthandler.enable((folder / CRASH_FILE_NAME).open("a", encoding="utf-8"))
    except OSError:
        handler = logging.StreamHandler() if sys.stderr is not None else logging.NullHandler()
    handler.setFormatter(logging.Formatter(FORMAT))
    root.addHandler(handler)
    sys.excepthook = log_exception


def log_exception(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """An exception in a slot, by its kind and place: its own text may quote a header or a path."""
    _log.error("%s\n%s", kind.__name__, "".join(traceback.format_tb(trace)))
    if sys.stderr is not None:
        sys.__excepthook__(kind, error, trace)
