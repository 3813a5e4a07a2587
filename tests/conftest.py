"""What all tests share: windows without a screen, quiet threads, and a data folder that is not the user's own."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")  # tests/e2e/test_x11.py runs some of them on a real X server
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # read when torch loads; idle threads spin otherwise

SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(autouse=True)
def user_data(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return this test's own data folder, which stands for the user's."""
    folder = tmp_path_factory.mktemp("data")
    monkeypatch.setenv("NEGATOSCOPE_DATA", str(folder))
    return folder


@pytest.fixture
def shared_data() -> Path:
    """Return the folder of real films beside the checkout, or skip."""
    if not SHARED_DATA.is_dir():
        pytest.skip("the real films (../shared/data) are not on this machine")
    return SHARED_DATA
