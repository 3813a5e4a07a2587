"""`main.py snapshot`, as a user runs it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from PIL import Image

from inference.bundles.bundle import ModelBundle
from tests.e2e.window import film_paths

ROOT = Path(__file__).resolve().parents[2]


def snapshot(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(ROOT / "main.py"), "snapshot", *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def test_the_window_is_pictured_at_the_size_asked_for(films: Path, trial: ModelBundle, tmp_path: Path) -> None:
    out = tmp_path / "window.png"
    size = ("--size", "1280x720")
    done = snapshot(str(films), "--out", str(out), "--model", str(trial.location), "--select", "1", *size)
    assert done.returncode == 0, done.stderr
    with Image.open(out) as picture:
        assert picture.size == (1280, 720)
        middle = picture.convert("L").crop((300, 100, 900, 650))
        low, high = middle.getextrema()
    assert isinstance(low, int | float)
    assert isinstance(high, int | float)
    assert high - low > 150, "no film in the picture"


def test_a_row_that_is_not_there_is_a_mistake(films: Path, trial: ModelBundle, tmp_path: Path) -> None:
    out = tmp_path / "window.png"
    done = snapshot(str(film_paths(films)[0]), "--out", str(out), "--model", str(trial.location), "--select", "7")
    assert done.returncode == 2
    assert "there is 1 row," in done.stderr
    assert not out.exists()


def test_refused_inputs_are_told_by_the_status(films: Path, trial: ModelBundle, tmp_path: Path) -> None:
    (tmp_path / "broken.dcm").write_text("This is no film.", encoding="utf-8")
    out = tmp_path / "window.png"
    paths = (str(film_paths(films)[0]), str(tmp_path / "broken.dcm"))
    done = snapshot(*paths, "--out", str(out), "--model", str(trial.location), "--size", "300x200")
    assert done.returncode == 3, done.stderr
    with Image.open(out) as picture:
        assert picture.size == (1024, 640)
    assert "no smaller than 1024x640" in done.stderr
