"""A run of `screen` from its first file to its last: alone, or as one of several processes."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path

from imaging.progress import CancelToken
from inference.screening.meeting import Meeting
from inference.screening.screen import Screening, screen
from inference.screening.screen_lines import check_output, open_lines
from inference.screening.screen_rows import Tally
from inference.screening.shards import Shards


def carry_out(
    run: Screening, paths: Sequence[Path], shards: Shards, *, resume: bool, started: Callable[[], object]
) -> Tally | None:
    """Write all lines of the films below `paths` into `shards.out`; `started` is called when nothing stands in the way.

    Returns what all lines say in sum, None in a process that is not the first: it ends when its part is merged. Raises
    NegatoscopeError.
    """
    check_output(shards.out)
    if shards.rank.world > 1 or (resume and shards.are_there()):
        return _as_shard(run, paths, shards, resume=resume, started=started)
    shards.prepare(resume=resume)
    lines = open_lines(shards.out, run.terms, resume=resume)
    started()
    with lines.stream:
        screen(run, paths, lines, CancelToken())
    return lines.tally


def _as_shard(
    run: Screening, paths: Sequence[Path], shards: Shards, *, resume: bool, started: Callable[[], object]
) -> Tally | None:
    with Meeting(shards.out, shards.rank, lambda: shards.prepare(resume=resume)) as meeting:
        lines = shards.open_part(run.terms, resume=resume)
        started()
        with lines.stream:
            screen(run, paths, lines, CancelToken())
        meeting.done()
        if shards.rank.rank:
            meeting.await_dismissal()
            return None
        meeting.await_all()
        tally = shards.merge(run.terms)
        meeting.dismiss()
        return tally


def wanted_files(shards: Shards, heatmaps: Path | None) -> Callable[[Path], bool | None]:
    """Which files are input: the share of this process, and nothing (None) of what the run itself writes."""
    # By os.path: Path.resolve raises where links form a loop, which is one refused line and not the end of the run.
    own = [os.path.realpath(path) for path in (shards.out, heatmaps) if path is not None]

    def wanted(path: Path) -> bool | None:
        real = os.path.realpath(path)
        if shards.is_own(real) or any(real == output or real.startswith(output + os.sep) for output in own):
            return None
        return shards.rank.takes(path)

    return wanted
