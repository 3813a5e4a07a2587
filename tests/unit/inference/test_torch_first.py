from __future__ import annotations

import subprocess
import sys

import pytest

from inference.engines.torch_first import load_torch_library

LIBRARY = {"linux": "libc10.so", "darwin": "libc10.dylib", "win32": "c10.dll"}
SCRIPT = """
import sys
from inference.engines.torch_first import load_torch_library
assert load_torch_library(sys.argv[1])
assert "torch" not in sys.modules
import torch
assert float(torch.ones(2).sum()) == 2.0
"""


@pytest.mark.skipif(sys.platform not in LIBRARY, reason="torch's libraries have other names here")
def test_a_library_is_loaded_without_torch_and_torch_imports_after_it() -> None:
    subprocess.run([sys.executable, "-c", SCRIPT, LIBRARY[sys.platform]], check=True, timeout=300)


def test_a_library_that_is_missing_stops_nothing() -> None:
    assert not load_torch_library("no-such-library.dll")
