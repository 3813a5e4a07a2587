"""What became of a file: shown, shown as incomplete, or refused; in what time and with how much memory."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from imaging.errors import FilmError
from imaging.progress import CancelToken
from imaging.read.decode import decode
from imaging.read.limits import DEFAULT_LIMITS, Limits
from imaging.read.look import Found, Refused
from imaging.read.scan import scan
from imaging.study import ImageRef

SHOWN, INCOMPLETE = "shown", "shown, incomplete"
_SENTENCE_END = "."


@dataclass(frozen=True, slots=True)
class Outcome:
    """`what` is SHOWN, INCOMPLETE or a code; memory is the most that was resident while the file was looked at.

    `said` is the refusal's sentence and detail.
    """

    what: str
    seconds: float
    main_mib: int
    child_mib: int
    said: str = ""


def outcome_of(path: Path, limits: Limits = DEFAULT_LIMITS) -> Outcome:
    """Scan a file as the window does and decode what is found in it: of several films and frames the first and last.

    The worst of them counts. Raises whatever is no FilmError: a defect.
    """
    _forget_peaks()
    started = time.monotonic()
    what, said = _looked_at(path, limits)
    seconds = time.monotonic() - started
    return Outcome(what, seconds, _peak_mib("self"), max(map(_peak_mib, _children()), default=0), said)


def _looked_at(path: Path, limits: Limits) -> tuple[str, str]:
    found = list(scan([path], CancelToken()))
    worst = (SHOWN, "")
    for item in (found[0], found[-1]) if len(found) > 1 else found:
        if isinstance(item, Refused):
            worst = _worse(worst, _refusal(item.error))
            continue
        for frame in sorted({0, _last_frame(item)}):
            worst = _worse(worst, _decoded(ImageRef(item.path, frame), limits))
    return worst


def _last_frame(item: Found) -> int:
    return max(item.frames - 1, 0)


def _decoded(ref: ImageRef, limits: Limits) -> tuple[str, str]:
    try:
        image = decode(ref, limits=limits)
    except FilmError as error:
        return _refusal(error)
    if not image.pixels.size or not 0.0 < image.complete <= 1.0:
        raise AssertionError(f"{image.pixels.shape}, {image.complete} of it")
    return (SHOWN if image.complete == 1.0 else INCOMPLETE), ""


def _refusal(error: FilmError) -> tuple[str, str]:
    if not error.message.endswith(_SENTENCE_END):
        raise AssertionError(f"no sentence: {error.message}")
    return str(error.code), f"{error.message} {error.detail}"


def _worse(one: tuple[str, str], other: tuple[str, str]) -> tuple[str, str]:
    rank = {SHOWN: 0, INCOMPLETE: 1}
    return max(one, other, key=lambda each: rank.get(each[0], 2))


def _children() -> Iterable[str]:
    return [str(child.pid) for child in multiprocessing.active_children()]


def _forget_peaks() -> None:
    """Have Linux count the most resident memory anew."""
    for process in ("self", *_children()):
        try:
            Path(f"/proc/{process}/clear_refs").write_text("5")
        except OSError:
            continue


def _peak_mib(process: str) -> int:
    """The most memory that a process held; 0 where Linux's /proc is missing."""
    try:
        status = Path(f"/proc/{process}/status").read_text()
    except OSError:
        return 0
    line = next((line for line in status.splitlines() if line.startswith("VmHWM")), "0 0")
    return int(line.split()[1]) // 1024
