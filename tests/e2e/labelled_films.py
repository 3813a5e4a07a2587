"""Small labelled films for training runs: noise, with a bright square in the films of one class."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

# The tiny network on small films: what is tried is the run, not the network.
SMALL = [
    *("--backbone", "tiny", "--recipe", "standard"),
    *("--set", "network.start.kind=scratch", "--set", "network.keep_norm=false", "--set", "network.frozen_share=0"),
    *("--set", "preprocess.size_px=32", "--set", "learning.batch=8", "--set", "threads=1"),
    *("--set", "data.validation_share=0.3", "--set", "data.test_share=0.2"),
]


def write_csv_set(folder: Path, count: int) -> Path:
    """Two films a patient, in a CSV that also says sex, age and view. Returns the CSV."""
    rng = np.random.default_rng(5)
    rows = ["path,label,patient,sex,age,view"]
    for number in range(count):
        label = "SQUARE" if number % 4 >= 2 else "NORMAL"
        pixels = rng.integers(60, 120, (48, 48)).astype(np.uint8)
        if label == "SQUARE":
            y, x = rng.integers(8, 30, 2)
            pixels[y : y + 10, x : x + 10] = 220 if number % 3 else 118  # some can hardly be seen
        Image.fromarray(pixels).save(folder / f"film_{number}.png")
        patient = number // 2
        sex, age, view = "FFM"[patient % 3], patient * 7 % 90, "PA" if number % 3 else "AP"
        rows.append(f"film_{number}.png,{label},person{patient},{sex},{age},{view}")
    (folder / "films.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    return folder / "films.csv"
