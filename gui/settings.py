"""The settings: rows of one schema, which also draws their dialog, kept in a JSON file in the user's data folder.

Where the user has chosen nothing, the site's own values count (`imaging.site`), and those it has locked always do.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType

from imaging.atomic import keep_a_copy, replace_file
from imaging.errors import NegatoscopeError
from imaging.paths import user_data_dir
from imaging.site import Site, read_site

FILE_NAME = "settings.json"
NUMBER_KEY = "schema"
NUMBER = 1  # of the file; another number's file is kept beside as it was before this version writes
VIEWS = 5  # how many views of a film are averaged, where that is asked for

Value = bool | int | float | str


@dataclass(frozen=True, slots=True)
class Choice:
    """One of the values a row may take, and what the dialog calls it."""

    value: str
    label: str


@dataclass(frozen=True, slots=True)
class Row:
    """One setting. The type of `default` is the type of the row; `low` and `high` bound numbers, inclusive."""

    key: str
    group: str
    label: str
    default: Value
    choices: tuple[Choice, ...] = ()
    low: float | None = None
    high: float | None = None
    help: str = ""

    def accepted(self, value: object) -> Value | None:
        """The value, read from a file or a dialog, if it may stand here; else None."""
        if isinstance(self.default, bool) or isinstance(value, bool):
            return value if isinstance(value, bool) and isinstance(self.default, bool) else None
        if isinstance(self.default, str):
            allowed = {choice.value for choice in self.choices}
            return value if isinstance(value, str) and (not allowed or value in allowed) else None
        if not isinstance(value, int | float) or (isinstance(self.default, int) and not isinstance(value, int)):
            return None
        above, below = self.low is None or value >= self.low, self.high is None or value <= self.high
        return value if above and below else None


SCHEMA: tuple[Row, ...] = (
    Row(
        "drag_down",
        "Viewing",
        "Dragging down makes the film",
        "brighter",
        (Choice("brighter", "Brighter"), Choice("darker", "Darker")),
        help="IHE Basic Image Review asks for brighter.",
    ),
    Row("drag_speed", "Viewing", "Speed of window and level", 1.0, low=0.25, high=4.0),
    Row(
        "wheel",
        "Viewing",
        "The wheel",
        "film",
        (Choice("film", "Goes to the next film"), Choice("zoom", "Zooms")),
        help="With Ctrl it zooms in either case.",
    ),
    Row(
        "opening_zoom",
        "Viewing",
        "A film opens",
        "fit",
        (
            Choice("fit", "Fitted to the window"),
            Choice("fill", "Filling the window"),
            Choice("one_to_one", "One to one"),
        ),
    ),
    Row(
        "corner_text",
        "Viewing",
        "Corner text",
        "full",
        (Choice("full", "Full"), Choice("short", "Short"), Choice("off", "Off")),
    ),
    Row("hide_patient", "Viewing", "Hide patient data", False),
    Row("graphics", "Viewing", "Show what files draw over their films", True),
    Row("analyse_on_opening", "Analysis", "Analyse films when they are opened", True),
    Row(
        "engine",
        "Analysis",
        "Engine",
        "auto",
        (Choice("auto", "Automatic"), Choice("onnx", "ONNX Runtime"), Choice("torch", "PyTorch")),
    ),
    Row(
        "device",
        "Analysis",
        "Device",
        "auto",
        (Choice("auto", "Automatic"), Choice("cpu", "CPU"), Choice("cuda", "GPU (CUDA)")),
    ),
    Row(
        "quantised",
        "Analysis",
        "Quantised graph, where a model has one",
        False,
        help="Faster on the CPU for most networks, with operating points of its own.",
    ),
    Row(
        "views",
        "Analysis",
        f"Average {VIEWS} views of each film ({VIEWS} times the time)",
        False,
        help="The film itself and slightly moved ones. The operating points were counted on one view.",
    ),
)


def row(key: str) -> Row:
    """The schema's row of this key. Raises KeyError."""
    for candidate in SCHEMA:
        if candidate.key == key:
            return candidate
    raise KeyError(key)


@dataclass(frozen=True, slots=True)
class Settings:
    """The value of every row. `foreign` holds keys of other versions of the program, which saving keeps; `site` the
    usual values of this site, `locked` the keys that only its administrator changes.
    """

    values: Mapping[str, Value] = field(default_factory=lambda: MappingProxyType({}))
    foreign: Mapping[str, object] = field(default_factory=lambda: MappingProxyType({}))
    site: Mapping[str, Value] = field(default_factory=lambda: MappingProxyType({}))
    locked: frozenset[str] = frozenset()

    def __getitem__(self, key: str) -> Value:
        usual = self.site.get(key, row(key).default)
        return usual if key in self.locked else self.values.get(key, usual)

    def flag(self, key: str) -> bool:
        """The value of a yes-or-no row."""
        return bool(self[key])

    def number(self, key: str) -> float:
        """The value of a numeric row."""
        return float(self[key])

    def text(self, key: str) -> str:
        """The value of a row of choices or words."""
        return str(self[key])

    def changed(self, key: str, value: Value) -> Settings:
        """These settings with one other value. Raises KeyError, and ValueError where the row does not accept it, or
        is locked.
        """
        if row(key).accepted(value) is None or key in self.locked:
            raise ValueError(f"{key} does not accept {value!r}")
        return replace(self, values=MappingProxyType({**self.values, key: value}))


@dataclass(frozen=True, slots=True)
class Loaded:
    """The settings, and a sentence for the user where the file could not be used as it was."""

    settings: Settings
    message: str | None = None


def load_settings(path: Path | None = None, site: Site | None = None) -> Loaded:
    """Read the settings; what is missing or not acceptable takes its usual value, row by row.

    A file that is no JSON object is kept beside as `settings.damaged.json`, one of another schema number as
    `settings.schema-N.json`. Never raises for a bad file.
    """
    site = site if site is not None else read_site()
    own = _load_own(path)
    known = {r.key for r in SCHEMA}
    settings = replace(own.settings, site=_accepted(site.settings), locked=site.locked & known)
    return Loaded(settings, own.message or site.problem or None)


def locked_settings(site: Site | None = None) -> Loaded:
    """What the administrator has locked, and the program's own values for all else: for a command that pictures the
    window, and must not depend on what anybody chose.
    """
    site = site if site is not None else read_site()
    locked = site.locked & {r.key for r in SCHEMA}
    values = {key: value for key, value in _accepted(site.settings).items() if key in locked}
    return Loaded(Settings(site=MappingProxyType(values), locked=locked))


def _load_own(path: Path | None) -> Loaded:
    try:
        return _read_own(path)
    except OSError:
        return Loaded(Settings(), "The settings cannot be read; the usual ones are in force.")


def _read_own(path: Path | None) -> Loaded:
    """Raises OSError where there is a file that can't be read: what it holds is not known then."""
    try:
        file = path or user_data_dir() / FILE_NAME
        read = _object(file.read_bytes())
    except FileNotFoundError:
        return Loaded(Settings())
    if read is None:
        with contextlib.suppress(OSError):
            file.replace(file.with_name(f"{file.stem}.damaged{file.suffix}"))
        return Loaded(
            Settings(), "The settings file was damaged; it was put aside and the usual settings are in force."
        )
    number = read.pop(NUMBER_KEY, 0)
    if number != NUMBER:
        keep_a_copy(file, number)
    known = {r.key for r in SCHEMA}
    foreign = {key: value for key, value in read.items() if key not in known}
    return Loaded(Settings(_accepted(read), MappingProxyType(foreign)))


def _accepted(read: Mapping[str, object]) -> Mapping[str, Value]:
    """The values of a file that may stand in their rows."""
    return MappingProxyType({r.key: v for r in SCHEMA if (v := r.accepted(read.get(r.key))) is not None})


def _object(content: bytes) -> dict[str, object] | None:
    """The JSON object in these bytes, None where there is none."""
    try:
        read = json.loads(content.decode("utf-8"))
    except ValueError:
        return None
    return read if isinstance(read, dict) else None


def change_settings(changes: Mapping[str, Value], path: Path | None = None) -> None:
    """Write these values into the file as it is now: another window may have changed others since it was read, and
    whoever hid patient data there wants them hidden. Raises NegatoscopeError; a file that can't be read just now is
    left alone.
    """
    try:
        own = _read_own(path).settings
    except OSError as error:
        raise NegatoscopeError(
            "The settings could not be saved: those that are there cannot be read.", detail=type(error).__name__
        ) from error
    save_settings(replace(own, values=MappingProxyType({**own.values, **changes})), path)


def save_settings(settings: Settings, path: Path | None = None) -> None:
    """Write the settings in one step: a crash leaves the old file or the new one. Raises NegatoscopeError."""
    try:
        path = path or user_data_dir() / FILE_NAME
        kept = {**settings.foreign, **settings.values, NUMBER_KEY: NUMBER}
        content = json.dumps(kept, indent=2, ensure_ascii=False, sort_keys=True)
        replace_file(path, content + "\n")
    except OSError as error:
        raise NegatoscopeError(
            "The settings could not be saved. Check that the data folder can be written.", detail=type(error).__name__
        ) from error
