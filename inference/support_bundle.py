"""What support needs to know, in one zip file with nothing of a patient in it: `doctor --bundle`, or the menu Help.

Nothing is copied as it lies there. The report leaves places and the names of own models out, settings are numbers and
words of the program's own, and of the logs only lines of known shape stay, each without paths, quotations, UIDs and
long numbers. Films, decisions, runs and lists of recent folders are not looked into at all.
"""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from imaging.errors import NegatoscopeError
from imaging.log_files import CRASHES, LOG, LOG_FILES, log_folder
from imaging.paths import is_portable, resource_path, user_data_dir
from imaging.scrubbed import scrubbed, scrubbed_words
from imaging.site import read_site

if TYPE_CHECKING:
    from inference.doctor import Report

LINES = 4000  # of each log, the newest
README = """Negatoscope: a report for support

report.json   the program, this computer, the engine, whether each model is whole
settings.json the settings that were changed
data.json     how many files the data folder holds, and how large they are
logs/         what the program wrote down of its own work

There are no films in it, no names, no paths and no decisions. Read it before you send it: all of it is plain text.
"""


def write_support_bundle(target: Path) -> tuple[str, ...]:
    """Write the zip file and return the names of what is in it. Raises NegatoscopeError."""
    from inference.doctor import examine

    content = {"README.txt": README, **dict(_content(examine()))}
    try:
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as packed:
            for name, text in content.items():
                packed.writestr(name, text)
    except OSError as error:
        sentence = "The report can't be written there. Choose another folder."
        raise NegatoscopeError(sentence, detail=type(error).__name__) from error
    return tuple(content)


def _content(report: Report) -> Iterator[tuple[str, str]]:
    yield "report.json", _json(_without_places(report))
    yield "settings.json", _json(_settings())
    yield "data.json", _json(_inventory())
    for path in _logs():
        yield f"logs/{path.name}", _kept(path)


def _kept(log: Path) -> str:
    try:
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()[-LINES:]
    except OSError as error:
        return _unread(error)
    return "".join(f"{line}\n" for line in map(scrubbed, lines) if line)


def _unread(error: OSError) -> str:
    """In the place of what support would have read: that it can't be read is among what they need to know."""
    return f"This could not be read ({type(error).__name__}).\n"


def _without_places(report: Report) -> dict[str, Any]:
    """The report of `doctor`; the bundled models by their names, any other by a number and where it came from."""
    site = read_site()
    told = asdict(report)
    told["why"] = scrubbed_words(report.why)
    told["folder"] = "portable" if is_portable() else "the user's data folder"
    told["models"] = []
    for number, model in enumerate(report.models, start=1):
        at = Path(model.location).parent
        origin = "bundled" if at == resource_path("models") else "site" if at == site.models_folder else "own"
        name = model.id if origin == "bundled" else f"model {number}"
        told["models"].append({"id": name, "origin": origin, "problem": scrubbed_words(model.problem)})
    told["site"] = {
        "settings": sorted(site.settings),
        "locked": sorted(site.locked),
        "models_folder": site.models_folder is not None,
        "log_folder": site.log_folder is not None,
        "downloads": site.downloads,
        "problem": site.problem,
    }
    return told


def _settings() -> dict[str, Any]:
    """Switches, numbers and the words of choices; anything else is none of ours."""
    try:
        read = json.loads((user_data_dir() / "settings.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    items = read.items() if isinstance(read, dict) else ()
    return {key: value for key, value in items if _is_ours(key) and (isinstance(value, int | float) or _is_ours(value))}


def _is_ours(value: object) -> bool:
    return isinstance(value, str) and re.fullmatch(r"[a-z][a-z_]{0,23}", value) is not None


def _inventory() -> dict[str, Any]:
    """Files and bytes in each known folder of the user's data, without a name of any of them."""
    try:
        folder = user_data_dir()
    except OSError:
        return {}
    known = ("models", "runs", "cache", "weights", "operating", "engines", "logs", "practice films")
    told: dict[str, Any] = {}
    for name in known:
        try:
            files = [path for path in (folder / name).rglob("*") if path.is_file()]
            told[name] = {"files": len(files), "bytes": sum(path.stat().st_size for path in files)}
        except OSError as error:
            told[name] = {"problem": _unread(error).strip()}
    told["decisions"] = {"bytes": _size(folder / "session.sqlite3")}
    return told


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _logs() -> list[Path]:
    numbers = ("", *(f".{number}" for number in range(1, LOG_FILES + 1)))
    names = (f"{log}{number}" for log in (CRASHES, LOG) for number in numbers)
    try:
        folder = log_folder()
        return [folder / name for name in names if (folder / name).is_file()]
    except OSError:  # a site's share that is away
        return []


def _json(value: object) -> str:
    return json.dumps(value, indent=1, ensure_ascii=False) + "\n"
