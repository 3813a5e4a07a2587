"""Labelled films for training: noise, with a bright square in those of the class SQUARE."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

HEALTHY, ILL = "NORMAL", "SQUARE"


def square_films(
    count: int,
    *,
    patient_has: int = 1,
    side_px: int = 48,
    square_px: int = 10,
    within_px: tuple[int, int] = (8, 30),
    grey: Callable[[int], int] = lambda number: 220,
) -> Iterator[tuple[str, str, npt.NDArray[np.uint8]]]:
    """The label, the patient and the pixels, uint8 [side, side], of each film; the same whenever they are asked for.

    Every second patient is ill. `within_px` bounds the upper left corner of the square, `grey` is that of a film's.
    """
    rng = np.random.default_rng(5)
    for number in range(count):
        patient = number // patient_has
        pixels = rng.integers(60, 120, (side_px, side_px)).astype(np.uint8)
        if patient % 2:
            y, x = rng.integers(*within_px, 2)
            pixels[y : y + square_px, x : x + square_px] = grey(number)
        yield (ILL if patient % 2 else HEALTHY), f"person{patient}", pixels


def write_square_films(folder: Path, count: int, *, patient_has: int = 1, **looks: int | tuple[int, int]) -> Path:
    """They lie in a folder for each class; their names tell the patient. Returns the folder."""
    films = square_films(count, patient_has=patient_has, **looks)  # type: ignore[arg-type]
    for number, (label, patient, pixels) in enumerate(films):
        (folder / label).mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(folder / label / f"{patient}_film_{number}.png")
    return folder


def write_square_csv(folder: Path, count: int) -> Path:
    """Two films a patient, in a CSV that also says sex, age and view; some squares can hardly be seen."""
    rows = ["path,label,patient,sex,age,view"]
    films = square_films(count, patient_has=2, grey=lambda number: 220 if number % 3 else 118)
    for number, (label, patient, pixels) in enumerate(films):
        Image.fromarray(pixels).save(folder / f"film_{number}.png")
        person = number // 2
        sex, age, view = "FFM"[person % 3], person * 7 % 90, "PA" if number % 3 else "AP"
        rows.append(f"film_{number}.png,{label},{patient},{sex},{age},{view}")
    (folder / "films.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    return folder / "films.csv"
