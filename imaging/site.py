"""What the administrator of a site has set for all users of a machine: one JSON file outside the user's reach.

    {"schema": 1, "settings": {"hide_patient": true}, "locked": ["hide_patient"],
     "models_folder": "/srv/negatoscope/models", "log_folder": "/var/log/negatoscope", "downloads": false,
     "limits": {"timeout_s": 120}}

`settings` are the usual values of this site, `locked` names those that users cannot change, `limits` bound what a film
may cost (docs/limits.md). A file that is damaged sets nothing, and says so: reading films must not depend on it.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

from imaging.paths import program_folder
from imaging.read.limits import DEFAULT_LIMITS, Limits, adjusted

VARIABLE = "NEGATOSCOPE_SITE"  # names another file, where the machine has none: a user cannot get round the machine's
FILE_NAME = "site.json"
SCHEMA = 1
LOCKED = "Set by your administrator."
NO_DOWNLOADS = "Your administrator has turned downloads off. Choose a file of starting weights instead."
T = TypeVar("T")
_EMPTY: Mapping[str, object] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Site:
    """`settings` by the keys of `gui.settings`; None for a folder that was not named. `problem` is one sentence for the
    administrator where the file could not be used, '' otherwise.
    """

    settings: Mapping[str, object] = field(default_factory=lambda: _EMPTY)
    locked: frozenset[str] = frozenset()
    models_folder: Path | None = None
    log_folder: Path | None = None
    downloads: bool = True
    limits: Limits = DEFAULT_LIMITS
    source: Path | None = None
    problem: str = ""


def read_site() -> Site:
    """What is in force on this machine: the machine's own file, else one beside the program, else the variable's."""
    for place in (*_machine_files(), *_named()):
        try:
            text = place.read_text(encoding="utf-8")
        except (FileNotFoundError, NotADirectoryError):
            continue
        except (OSError, ValueError):
            return Site(source=place, problem="The site's file cannot be read; nothing of it is in force.")
        return parse(text, place)
    return Site()


def parse(text: str, place: Path) -> Site:
    """The content of a site's file. A field that is not as it should be makes the whole file a problem."""
    try:
        read = _of_kind(json.loads(text), dict)
        if read.get("schema") != SCHEMA:
            return Site(source=place, problem="The site's file is of another version; nothing of it is in force.")
        return Site(
            settings=MappingProxyType(_of_kind(read.get("settings", {}), dict)),
            locked=frozenset(_of_kind(key, str) for key in _of_kind(read.get("locked", []), list)),
            models_folder=_folder(read.get("models_folder")),
            log_folder=_folder(read.get("log_folder")),
            downloads=_of_kind(read.get("downloads", True), bool),
            limits=adjusted(_of_kind(read.get("limits", {}), dict)),
            source=place,
        )
    except ValueError:
        return Site(source=place, problem="The site's file is damaged; nothing of it is in force.")


def _of_kind(value: object, kind: type[T]) -> T:
    """The value itself. Raises ValueError where it is of another kind."""
    if not isinstance(value, kind):
        raise ValueError(kind.__name__)  # noqa: TRY004  (json's own mistakes are ValueErrors too)
    return value


def _folder(value: object) -> Path | None:
    """Raises ValueError for anything but a whole path or nothing."""
    if value is None:
        return None
    folder = Path(_of_kind(value, str))
    if not folder.is_absolute():
        raise ValueError("a folder is an absolute path")
    return folder


def _machine_files() -> tuple[Path, ...]:
    if sys.platform == "win32":
        machine = Path(os.environ.get("PROGRAMDATA", r"C:\ProgramData")) / "Negatoscope"
    elif sys.platform == "darwin":
        machine = Path("/Library/Application Support/Negatoscope")
    else:
        machine = Path("/etc/negatoscope")
    return machine / FILE_NAME, program_folder() / FILE_NAME


def _named() -> tuple[Path, ...]:
    named = os.environ.get(VARIABLE)
    return (Path(named),) if named else ()
