"""How the C library keeps memory that was freed."""

from __future__ import annotations

import sys

LARGE_BYTES = 4 << 20
_M_MMAP_THRESHOLD = -3  # mallopt(3)


def give_large_blocks_back() -> None:
    """Have blocks of a film's size returned to the system as they are freed.

    glibc raises the size from which it does so to that of the largest block that was ever freed, up to 32 MB; films
    then come from heaps that fragment, which cost the window a hundred megabytes. Other C libraries are left alone.
    """
    if sys.platform != "linux":
        return
    import ctypes

    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_MMAP_THRESHOLD, LARGE_BYTES)
