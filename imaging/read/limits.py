"""How large a film may be, and what decoding it may cost. Held against the header, before anything is allocated."""

from __future__ import annotations

from dataclasses import dataclass

MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class Limits:
    """Caps on one film.

    A 12,000 x 12,000 film (144 megapixels) opens; the largest chest detectors have 18. `max_frame_bytes` bounds one
    decoded frame, all its samples together; `max_file_bytes` the file; `max_inflated_bytes` what a deflated file, a
    gzip file or a member of a ZIP archive may grow to; `max_frames` what a file may claim to hold, each frame being a
    film of the list, and `max_fragments` into how many pieces compressed frames may be cut; `max_members` and
    `max_directory_bytes` what an archive may list. `timeout_s` and `memory_bytes` bound the child process that decodes
    compressed pixel data; the memory counts on top of what the child holds when it is ready.
    `in_flight_bytes` bounds what all films that are being decoded may take together (`imaging.read.budget`).
    """

    min_side_px: int = 2
    max_pixels: int = 150_000_000
    max_frame_bytes: int = 1024 * MIB
    max_file_bytes: int = 8192 * MIB
    max_inflated_bytes: int = 1024 * MIB
    max_frames: int = 10_000
    max_fragments: int = 1_000_000
    max_members: int = 100_000
    max_directory_bytes: int = 16 * MIB
    timeout_s: float = 60.0
    memory_bytes: int = 3072 * MIB
    in_flight_bytes: int = 3072 * MIB


DEFAULT_LIMITS = Limits()
