"""Where the program's own files lie, from source and frozen alike, and where the user's data goes."""

from __future__ import annotations

import os
import sys
from pathlib import Path

DATA_VARIABLE = "NEGATOSCOPE_DATA"
PORTABLE_FILE, PORTABLE_DATA = "portable", "data"  # a file of this name beside the program keeps the data there too
_SOURCE = Path(__file__).resolve().parents[1]


def resource_path(*parts: str) -> Path:
    """A file below `resources/`. In a frozen program that folder lies where PyInstaller unpacked it."""
    return (_frozen_root() or _SOURCE).joinpath("resources", *parts)


def manual_path(*parts: str) -> Path:
    """A file of the manual: `docs/manual` in the source, `manual` in the frozen program."""
    root = _frozen_root()
    return (root / "manual" if root else _SOURCE / "docs" / "manual").joinpath(*parts)


def _frozen_root() -> Path | None:
    root = getattr(sys, "_MEIPASS", None)
    return Path(root) if root else None


def program_folder() -> Path:
    """The folder in which the program stands: that of the executable (of the app on macOS), or the source's root."""
    if not getattr(sys, "frozen", False):
        return _SOURCE
    inside = Path(sys.executable).resolve().parent
    app = next((folder for folder in inside.parents if folder.suffix == ".app"), None)
    return app.parent if app else inside


def is_portable(program: Path | None = None) -> bool:
    """Whether the program carries its data with it, as from a USB stick."""
    return ((program or program_folder()) / PORTABLE_FILE).exists()


def user_data_dir() -> Path:
    """The user's data folder, made if it is missing. The environment's NEGATOSCOPE_DATA names another one; a file
    `portable` beside the program keeps it there, in `data`.

    Raises OSError where it cannot be made.
    """
    named = os.environ.get(DATA_VARIABLE)
    if named:
        folder = Path(named).expanduser()
    else:
        folder = program_folder() / PORTABLE_DATA if is_portable() else _platform_data_dir()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)  # no business of the workstation's other users
    return folder


def _platform_data_dir() -> Path:
    from platformdirs import user_data_path

    return user_data_path("negatoscope", appauthor=False)
