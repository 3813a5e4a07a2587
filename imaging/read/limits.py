"""How large a film may be, and what decoding it may cost: the one place of all bounds (docs/limits.md).

They are held against what a file claims before anything is allocated. A site may set others (`imaging.site`).
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields

MIB = 1 << 20
MOST = 1 << 53  # of any limit: beyond it numbers in JSON are not whole, and infinity is no bound


@dataclass(frozen=True, slots=True)
class Limits:
    """Caps on one film.

    A 12,000 x 12,000 film (144 megapixels) opens; the largest chest detectors have 18. `max_frame_bytes` bounds one
    decoded frame, all its samples together; `max_file_bytes` the file; `max_inflated_bytes` what a deflated file, a
    gzip file or a member of a ZIP archive may grow to. `max_header_bytes` and `max_header_reads` bound what is read of
    a DICOM file before its pixels, and into how many elements it may fall; `max_sequence_bytes` one sequence of them
    that is looked into. `max_frames` is what a file may claim to hold, each frame being a film of the list,
    `max_fragments` into how many pieces compressed frames may be cut; `max_members` and `max_directory_bytes` what an
    archive may list. `max_scan_pixels` bounds how many pixels a progressive JPEG picture goes over, all scans together.
    `timeout_s` bounds the reading of a header and the decoding of a frame; `memory_bytes` the child process that
    decodes compressed pixel data and pictures, on top of what it holds when it is ready.
    `in_flight_bytes` bounds what all films that are being decoded may take together (`imaging.read.budget`).
    """

    min_side_px: int = 2
    max_pixels: int = 150_000_000
    max_frame_bytes: int = 1024 * MIB
    max_file_bytes: int = 8192 * MIB
    max_inflated_bytes: int = 1024 * MIB
    max_header_bytes: int = 256 * MIB
    max_header_reads: int = 3_000_000
    max_sequence_bytes: int = 32 * MIB
    max_frames: int = 10_000
    max_fragments: int = 1_000_000
    max_members: int = 100_000
    max_directory_bytes: int = 16 * MIB
    max_scan_pixels: int = 5_000_000_000
    timeout_s: float = 60.0
    memory_bytes: int = 3072 * MIB
    in_flight_bytes: int = 3072 * MIB


DEFAULT_LIMITS = Limits()


def adjusted(values: Mapping[str, object]) -> Limits:
    """The usual limits but for these, by name. Raises ValueError for unknown names, and for what is no number from 1 to
    MOST.
    """
    known = {field.name: type(getattr(DEFAULT_LIMITS, field.name)) for field in fields(Limits)}
    numbers: dict[str, int | float] = {}
    for name, value in values.items():
        if name not in known or isinstance(value, bool) or not isinstance(value, int | float):
            raise ValueError(f"no limit: {name}")
        if not 1 <= value <= MOST:
            raise ValueError(f"no bound: {name}")
        numbers[name] = known[name](value)
    return Limits(**{**asdict(DEFAULT_LIMITS), **numbers})


@functools.cache
def limits_in_force() -> Limits:
    """The limits of this machine: the usual ones but for those that its administrator has set."""
    from imaging.site import read_site

    return read_site().limits
