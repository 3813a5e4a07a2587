"""What a child gives up, and takes over from whoever starts it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
FIRST_CHILD = """
import multiprocessing, signal
from imaging.confined import interrupts_held_back
child = multiprocessing.get_context("spawn").Process(target=print)
with interrupts_held_back():
    child.start()
    held = signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, [])
child.kill()
child.join()
print(held, signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, []))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no masks there")
def test_the_very_first_child_is_started_with_interrupts_held_back_too() -> None:
    """In a process of its own: multiprocessing lets them through once, when it starts its helper."""
    run = subprocess.run([sys.executable, "-c", FIRST_CHILD], cwd=ROOT, capture_output=True, text=True, check=True)
    assert run.stdout.split() == ["True", "False"]
