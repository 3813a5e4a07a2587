"""Where the program's own files lie, from source and frozen alike, and where the user's data goes."""

from __future__ import annotations

import os
import sys
from pathlib import Path

DATA_VARIABLE = "NEGATOSCOPE_DATA"
_SOURCE = Path(__file__).resolve().parents[1]


def resource_path(*parts: str) -> Path:
    """A file below `resources/`. In a frozen program that folder lies where PyInstaller unpacked it."""
    root = getattr(sys, "_MEIPASS", None)
    base = Path(root) if root else _SOURCE
    return base.joinpath("resources", *parts)


def user_data_dir() -> Path:
    """The user's data folder, made if it is missing; the environment's NEGATOSCOPE_DATA names another one.

    Raises OSError where it cannot be made.
    """
    named = os.environ.get(DATA_VARIABLE)
    folder = Path(named).expanduser() if named else _platform_data_dir()
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _platform_data_dir() -> Path:
    from platformdirs import user_data_path

    return user_data_path("negatoscope", appauthor=False)
