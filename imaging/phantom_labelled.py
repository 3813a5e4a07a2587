"""Labelled practice films in class folders, for a first model: drawn, each of a patient of its own."""

from __future__ import annotations

import shutil
from pathlib import Path

from imaging.phantom import make_phantom
from imaging.phantom_files import dicom_of
from imaging.progress import CancelToken, Progress, no_progress

FOLDER = "labelled practice films"
CLASSES = ("CLEAR", "OPACITY")
COUNT = 80
FILM_PX = (256, 256)
FIRST_SEED = 900_000  # neither of the example films nor of those that the practice model learnt from


def write_labelled(
    folder: Path, token: CancelToken | None = None, progress: Progress = no_progress, *, count: int = COUNT
) -> Path:
    """Write `count` films into `folder`, every second one with one to three opacities; the folder again.

    They are drawn beside it and moved there whole: what stands there is complete and is left alone. Raises OSError
    where it cannot be written, and `Cancelled`.
    """
    if folder.is_dir():
        return folder
    part = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    for number in range(count):
        if token is not None:
            token.check()
        ill = number % 2
        film = dicom_of(make_phantom(FIRST_SEED + number, FILM_PX, 1 + number // 2 % 3 if ill else 0), number + 1)
        film.PatientID = f"PRACTICE-{number + 1:03d}"
        place = part / CLASSES[ill]
        place.mkdir(parents=True, exist_ok=True)
        film.save_as(place / f"film-{number + 1:03d}.dcm", enforce_file_format=True)
        progress(number + 1, count)
    part.replace(folder)
    return folder
