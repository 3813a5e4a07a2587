"""The window once more on a real X server, where focus, shortcuts and painting go other ways than offscreen."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FLOWS = ("tests/e2e/test_opening.py", "tests/e2e/test_reading_with_ai.py")


@pytest.mark.skipif(shutil.which("Xvfb") is None, reason="there is no X server to be started (Debian: xvfb)")
def test_the_flows_work_on_an_x_server() -> None:
    """A process has one platform, so the tests run in another one; pytest-xvfb starts the server for it."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *FLOWS]
    environment = {**os.environ, "NEGATOSCOPE_TEST_PLATFORM": "xcb"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
