"""Making the frozen folder smaller on Linux: libraries that nothing needs any more, and symbols for debuggers."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path

_NEEDED = re.compile(r"\(NEEDED\)\s+Shared library: \[(.+)\]")
_SEGMENT = re.compile(r"^\s*LOAD\s+(0x\w+)\s+(0x\w+)\s+0x\w+\s+0x\w+\s+0x\w+\s+[RWE ]+?\s+(0x\w+)\s*$", re.MULTILINE)
_ELF = b"\x7fELF"
_WORTH_BYTES = 100_000


def needed(library: Path) -> frozenset[str]:
    """The file names of the libraries that one is linked against; none for what is no ELF file."""
    with library.open("rb") as file:
        if file.read(4) != _ELF:
            return frozenset()
    return frozenset(_NEEDED.findall(readelf("--dynamic", library)))


def orphans(before: Mapping[str, frozenset[str]], gone: Iterable[str]) -> set[str]:
    """File names of libraries that only those in `gone` needed, directly or in turn.

    `before`: what each library, by its file name, is linked against. What nobody was ever linked against stays: it is
    loaded by name.
    """
    lost = set(gone)
    while True:
        kept = {name: wants for name, wants in before.items() if name not in lost}
        wanted = {want for wants in kept.values() for want in wants}
        of_lost = {want for name in lost for want in before.get(name, ())}
        more = {name for name in kept if name in of_lost and name not in wanted}
        if not more:
            return lost - set(gone)
        lost |= more


def strip(folder: Path, *, spared: Iterable[str] = ()) -> int:
    """Take the symbols for debuggers out of the libraries in `folder`; returns the bytes saved.

    Libraries in folders called `*.libs` were rewritten when their wheels were made, and `strip` breaks some of those
    (their segments are no longer aligned): they are left as they are, and so is any other where that shows.
    """
    saved = 0
    for path in sorted(folder.rglob("*")):
        skip = path.is_symlink() or not path.is_file() or path.name in spared or path.parent.suffix == ".libs"
        if not skip and path.stat().st_size > _WORTH_BYTES:
            saved += _strip_one(path)
    return saved


def _strip_one(path: Path) -> int:
    with path.open("rb") as file:
        if file.read(4) != _ELF:
            return 0
    bare = path.with_name(path.name + ".bare")
    shutil.copy2(path, bare)
    done = subprocess.run(["strip", "--strip-unneeded", str(bare)], capture_output=True, check=False)
    saved = path.stat().st_size - bare.stat().st_size
    if done.returncode == 0 and saved > 0 and is_aligned(bare):
        bare.replace(path)
        return saved
    bare.unlink()
    return 0


def is_aligned(library: Path) -> bool:
    """Whether the loader takes it: each segment's place in the file and in memory agree modulo its alignment."""
    segments = _SEGMENT.findall(readelf("--program-headers", library))
    return bool(segments) and all(
        int(place, 16) % int(align, 16) == int(address, 16) % int(align, 16) for place, address, align in segments
    )


def readelf(what: str, library: Path) -> str:
    """What `readelf` prints of an ELF file. Raises subprocess.CalledProcessError."""
    return subprocess.run(["readelf", "--wide", what, str(library)], capture_output=True, text=True, check=True).stdout
