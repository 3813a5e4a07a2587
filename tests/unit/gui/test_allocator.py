"""Memory of films that were closed goes back to the system."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

# glibc learns from the first large block that it frees to keep the next ones; small ones between them hold the heap.
PROGRAM = """
import sys
import numpy as np
import psutil
from gui.process.allocator import give_large_blocks_back
if sys.argv[1] == "ours":
    give_large_blocks_back()
del_me = np.ones(20 << 20, np.uint8)
del del_me
films, held = [], []
for _ in range(20):
    films.append(np.ones(8 << 20, np.uint8))
    held.append(np.ones(100_000, np.uint8))
before = psutil.Process().memory_info().rss
del films[:-1]
print((before - psutil.Process().memory_info().rss) >> 20)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="glibc's own way")
def test_large_blocks_go_back_to_the_system() -> None:
    root = Path(__file__).parents[3]
    returned = {
        way: int(subprocess.run([sys.executable, "-c", PROGRAM, way], cwd=root, capture_output=True, check=True).stdout)
        for way in ("usual", "ours")
    }
    assert returned["ours"] >= 19 * 8
    assert returned["usual"] < returned["ours"], "else there is nothing left to do here"
