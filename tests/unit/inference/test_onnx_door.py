"""ONNX Runtime sends nothing home, and keeps no identifier of the user to send with it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.e2e.window import practice_bundle

ROOT = Path(__file__).resolve().parents[3]
# What makes the library itself keep silent: without them it acts as it does for users.
HUSHED = ("CI", "GITHUB_ACTIONS", "TF_BUILD", "ORT_DISABLE_TELEMETRY", "ORT_RUNNING_UNIT_TESTS", "XDG_CACHE_HOME")
RUN = """
import sys
from pathlib import Path
from inference.bundles.bundle import read_bundle
from inference.engines.onnx_engine import onnx_engine
onnx_engine(read_bundle(Path(sys.argv[1])), "tried")
"""


def test_a_session_leaves_nothing_in_the_home_folder(tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if name not in HUSHED} | {"HOME": str(tmp_path)}
    command = [sys.executable, "-c", RUN, str(practice_bundle())]
    subprocess.run(command, cwd=ROOT, env=environment, check=True, timeout=120)
    assert [str(path) for path in tmp_path.rglob("*")] == []
