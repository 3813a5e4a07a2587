"""Films to screen, and the command as a test calls it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from inference import screen_command
from tests import dicom_files
from tests.commands import Said, commanded

CHANGING = ("engine", "seconds", "heatmaps")


def write_films(folder: Path) -> Path:
    """A folder of six films on three levels, a multi-frame file, and three files that are refused."""
    (folder / "sub" / "deep").mkdir(parents=True)
    generator = np.random.default_rng(3)
    for name in ("film 10.png", "film 2.png", "sub/film 1.jpg", "sub/deep/film 1.png"):
        Image.fromarray(generator.integers(0, 256, (70, 90), np.uint8)).save(folder / name)
    frames = np.stack([dicom_files.film(40, 50, seed=index) for index in range(2)])
    dicom_files.write_dicom(folder / "frames", frames, frames=2)
    whole = (folder / "film 2.png").read_bytes()
    (folder / "torn.png").write_bytes(whole[: len(whole) // 2])
    (folder / "notes.dcm").write_text("no film")
    (folder / "sub" / "empty.png").touch()
    return folder


def screened(arguments: list[str]) -> Said:
    """What came of `screen` with these words."""
    return commanded(screen_command, *arguments)


def rows_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def same(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Lines without the fields that may differ between equal runs."""
    return [{key: value for key, value in row.items() if key not in CHANGING} for row in rows]


def files_beside(out: Path) -> list[str]:
    """What lies beside an output and goes with it: parts, and the words of those who write them."""
    return sorted(path.name for path in out.parent.iterdir() if path.name.startswith(f"{out.name}."))
