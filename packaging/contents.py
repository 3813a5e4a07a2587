"""What a frozen folder holds, by hash, and whether two builds hold the same.

    python packaging/contents.py FOLDER               one line for each file: sha256 and path
    python packaging/contents.py FOLDER OTHER         exit status 0 where both hold the same, 1 where they do not

Two builds of one commit on one machine agree in everything but what stands in MAY_DIFFER.
"""

from __future__ import annotations

import argparse
import hashlib
import re
from collections.abc import Iterator
from pathlib import Path

# Paths in the folder, with the reason. It is empty: nothing differs.
MAY_DIFFER: dict[str, str] = {}
_PIECE = 1 << 20


def contents(folder: Path) -> dict[str, str]:
    """The sha256 of each file by its place in the folder, `/` between folders; of a link, where it leads."""
    return {path.relative_to(folder).as_posix(): _digest(path) for path in _files(folder)}


def _files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        if path.is_symlink() or path.is_file():
            yield path


def _digest(path: Path) -> str:
    if path.is_symlink():
        return f"-> {path.readlink()}"
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            digest.update(piece)
    return digest.hexdigest()


def differences(one: dict[str, str], other: dict[str, str]) -> list[str]:
    """The places that are missing from one or hold something else, without those that may differ."""
    places = sorted(one.keys() | other.keys())
    return [
        place
        for place in places
        if one.get(place) != other.get(place) and not any(re.fullmatch(kind, place) for kind in MAY_DIFFER)
    ]


def main() -> int:
    """List one folder, or compare two."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("other", type=Path, nargs="?")
    options = parser.parse_args()
    found = contents(options.folder)
    if options.other is None:
        print("\n".join(f"{digest}  {place}" for place, digest in found.items()))
        return 0
    differ = differences(found, contents(options.other))
    print("\n".join([f"differs: {place}" for place in differ] or [f"the same: {len(found)} files"]))
    return int(bool(differ))


if __name__ == "__main__":
    raise SystemExit(main())
