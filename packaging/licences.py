"""The licence of everything that the frozen folder holds, taken from where it was installed."""

from __future__ import annotations

import importlib.metadata
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterable, Sequence
from pathlib import Path

from sbom import licences as table

_TEXT = re.compile(r"(licen[cs]e|copying|notice|authors|third.?party|copyright)[^/]*$", re.IGNORECASE)
_NO_CODE = re.compile(r"\.(py[cod]?|so|dll|pyi|h)$")


def collect_licences(sources: Sequence[Path], target: Path) -> list[str]:
    """Copy the licence texts of all distributions and system libraries that `sources` come from into `target`.

    Each gets a folder of its own, and `target`/README.txt lists them with their versions. Returns the names of those
    for which there is neither a text nor a statement.
    """
    target.mkdir(parents=True, exist_ok=True)
    rows, without = [], []
    places = {str(source) for source in sources}
    # As in the bill of materials; of those that stand in no lock, what their metadata say.
    read_elsewhere = {name.replace("_", "-").lower(): said for name, said in table().items()}
    for distribution in sorted(importlib.metadata.distributions(path=_paths(sources)), key=_name):
        files = distribution.files or []
        if not any(str(distribution.locate_file(file)) in places for file in files if ".dist-info/" not in str(file)):
            continue
        name = _name(distribution)
        texts = [Path(str(distribution.locate_file(file))) for file in files if _is_text(str(file))]
        said = read_elsewhere.get(name.replace("_", "-").lower()) or _stated(distribution)
        _copy([text for text in texts if text.is_file()], target / name)
        rows.append(f"{name} {distribution.version}: {said or 'see the text'}")
        if not texts and not said:
            without.append(name)
    rows += [f"{package}: see the text" for package in _system_packages(sources, target)]
    _copy([path for path in _python_texts() if path.is_file()], target / "Python")
    rows.append(f"Python {sys.version.split()[0]}: PSF-2.0")
    (target / "README.txt").write_text("\n".join(sorted(set(rows), key=str.casefold)) + "\n", encoding="utf-8")
    return without


def _paths(sources: Iterable[Path]) -> list[str]:
    """The site-packages folders that something was taken from: the build's own packages come before the environment."""
    found: dict[str, None] = {}
    for source in sources:
        for parent in source.parents:
            if parent.name in ("site-packages", "overlay"):
                found[str(parent)] = None
                break
    return list(found)


def _name(distribution: importlib.metadata.Distribution) -> str:
    return str(distribution.metadata["Name"])


def _stated(distribution: importlib.metadata.Distribution) -> str:
    """What the metadata say: an SPDX expression, a name (or a whole text, of which the first line), a classifier."""
    metadata = distribution.metadata
    rows = [*(metadata.get_all("License-Expression") or []), *(metadata.get_all("License") or [])]
    kinds = [row.rpartition(":: ")[2] for row in metadata.get_all("Classifier") or [] if row.startswith("License ::")]
    return next((row.partition("\n")[0] for row in rows if row), "; ".join(kinds))


def _is_text(place: str) -> bool:
    inside = ".dist-info/" in place or place.count("/") <= 2
    return inside and bool(_TEXT.search(place)) and not _NO_CODE.search(place)


def _copy(texts: Sequence[Path], folder: Path) -> None:
    for text in texts:
        folder.mkdir(parents=True, exist_ok=True)
        copy = folder / text.name
        number = 1
        while copy.exists() and copy.read_bytes() != text.read_bytes():
            number += 1
            copy = folder / f"{text.stem}-{number}{text.suffix}"
        shutil.copyfile(text, copy)


def _python_texts() -> list[Path]:
    return [Path(sysconfig.get_path("stdlib")) / "LICENSE.txt", Path(sys.base_prefix) / "LICENSE.txt"]


def _system_packages(sources: Iterable[Path], target: Path) -> list[str]:
    """Debian's packages that system libraries were taken from; their texts are copied."""
    if shutil.which("dpkg") is None:
        return []
    libraries = {str(source.resolve()) for source in sources if re.match(r"/(usr/)?lib/", str(source))}
    known = sorted(libraries | {library.removeprefix("/usr") for library in libraries})
    command = ["dpkg", "-S", "--", *known]
    listing = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    packages = sorted({line.partition(":")[0] for line in listing.splitlines()})
    for package in packages:
        _copy([Path("/usr/share/doc") / package / "copyright"], target / f"debian {package}")
    return [f"{package}, of Debian" for package in packages]
