"""No way out of this computer: whoever asks for one is refused and noted.

The test's own process switches it on for a while. Processes that the program starts get a copy of this file as
`sitecustomize.py` on their path, which switches it on before anything else runs; each of them leaves a file named after
its process, which holds what it asked for.
"""

from __future__ import annotations

import errno
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

NOTES = "NEGATOSCOPE_TEST_NETWORK_NOTES"
_ASKING = ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto", "socket.sendmsg")
_notes: list[Path] = []  # the file to note in, while the network is off


def _refuse(event: str, arguments: tuple[Any, ...]) -> None:
    # Text is a socket of this machine's own; None one that is connected, about which `connect` was asked.
    if not _notes or event not in _ASKING or isinstance(arguments[-1], str | bytes | None):
        return
    with _notes[0].open("a", encoding="utf-8") as notes:
        notes.write(f"{event} {arguments[1:]}\n")
    raise OSError(errno.ENETUNREACH, "the network is off")


@contextmanager
def network_off(folder: Path) -> Iterator[dict[str, str]]:
    """The network is off here, and in Python processes that are started with the environment that this yields."""
    folder.mkdir()
    shutil.copyfile(__file__, folder / "sitecustomize.py")
    sys.addaudithook(_refuse)
    _notes.append(folder / f"{os.getpid()}.asked")
    try:
        yield {"PYTHONPATH": str(folder), NOTES: str(folder)}
    finally:
        _notes.clear()


if __name__ == "sitecustomize" and NOTES in os.environ:
    _notes.append(Path(os.environ[NOTES]) / f"{os.getpid()}.asked")
    _notes[0].touch()
    sys.addaudithook(_refuse)
