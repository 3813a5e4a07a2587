"""What a child process that reads hostile bytes gives up first: interrupts, core dumps, memory without a bound."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from multiprocessing import resource_tracker
from pathlib import Path


@contextmanager
def interrupts_held_back() -> Iterator[None]:
    """A child takes over the mask of the thread that starts it: an interrupt while it still imports leaves no trace."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    # multiprocessing starts its own helper with the first child, and lets interrupts through again behind that.
    resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def make_harmless() -> None:
    """No interrupt from the terminal (the parent decides), no core dump: it would hold what is read."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def silence_libraries() -> None:
    """Keep what decoders write of damaged films off the terminal; Python's own words still reach it."""
    with suppress(OSError, ValueError):
        terminal = os.dup(2)
        quiet = os.open(os.devnull, os.O_WRONLY)
        os.dup2(quiet, 2)
        os.close(quiet)
        sys.stderr = os.fdopen(terminal, "w", encoding="utf-8", errors="backslashreplace", buffering=1)


def limit_memory(most_bytes: int) -> None:
    """Bound the address space, where the system can (not on Windows, and macOS does not keep to it)."""
    with suppress(ImportError, ValueError, OSError):
        import resource

        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        resource.setrlimit(resource.RLIMIT_AS, (most_bytes, hard))


def limit_written_file(most_bytes: int) -> None:
    """Bound every file that the process writes, where the system can: a write beyond raises OSError."""
    with suppress(ImportError, ValueError, OSError, AttributeError):
        import resource

        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (most_bytes, most_bytes))


def address_space_bytes() -> int:
    """What the process has mapped so far; 0 where Linux's /proc is missing."""
    try:
        pages = int(Path("/proc/self/statm").read_text("ascii").split()[0])
    except (OSError, ValueError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")


def resident_bytes(pid: int | None) -> int:
    """The memory that a process holds; 0 where it is gone."""
    import psutil

    try:
        return int(psutil.Process(pid).memory_info().rss)
    except psutil.Error:
        return 0
