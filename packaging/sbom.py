"""Write the software bill of materials: `python packaging/sbom.py [--out F.json]`, CycloneDX 1.5 in JSON.

It is made from the lock files and a table of licences: every package that the program, its tests and its build consist
of, with its exact version, its licence, and whether the frozen program carries it. The same lock files give the same
bytes. `--check` ends with 1 where a licence is unknown or not allowed. Neither needs a network. The CUDA packages that
torch's own CUDA build brings are its maker's choice and in no lock: the bill of that flavour lacks them.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import sys
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
LOCK, OPTIONAL = ROOT / "requirements.lock", ROOT / "requirements-optional.lock"
NOT_SHIPPED = ("tests and checks", "the frozen program")  # sections of the lock that the program does without
_SECTION = re.compile(r"# --- (.+?) -+$")
_PIN = re.compile(r"([A-Za-z0-9_.-]+)==([^\s;]+)")
TABLE = ROOT / "packaging" / "licences.json"  # SPDX expressions by package: read in its metadata, or in its source
ALLOWED = {
    *("MIT", "MIT-CMU", "BSD-2-Clause", "BSD-3-Clause", "Apache-2.0", "PSF-2.0", "0BSD", "Zlib", "CC0-1.0", "BSL-1.0"),
    *("Apache-2.0 WITH LLVM-exception", "LGPL-3.0-only"),
}
ALLOWED_BESIDE = {*ALLOWED, "MPL-2.0", "GPL-2.0-or-later WITH Bootloader-exception"}  # for tests and the build


@dataclass(frozen=True, slots=True)
class Pin:
    """A line of a lock file. `scope` is CycloneDX's: required, optional, or excluded from what is shipped."""

    name: str
    version: str
    section: str
    scope: str

    @property
    def purl(self) -> str:
        return f"pkg:pypi/{re.sub(r'[-_.]+', '-', self.name).lower()}@{self.version}"


def licences() -> dict[str, str]:
    """The licence of each locked package, as an SPDX expression."""
    table: dict[str, str] = json.loads(TABLE.read_text(encoding="utf-8"))
    return table


def pins() -> Iterator[Pin]:
    """Every pin of the lock files, in their order."""
    for path in (LOCK, OPTIONAL):
        section = ""
        for line in path.read_text(encoding="utf-8").splitlines():
            heading, pin = _SECTION.match(line), _PIN.match(line)
            section = heading[1] if heading else section
            if pin:
                scope = "optional" if path == OPTIONAL else "excluded" if section in NOT_SHIPPED else "required"
                yield Pin(pin[1], pin[2], section, scope)


def bill() -> dict[str, Any]:
    """The whole document. Its serial number is that of the lock files' content, and there is no date in it."""
    content = LOCK.read_bytes() + OPTIONAL.read_bytes()
    version = re.search(r'^version = "(.+)"$', (ROOT / "pyproject.toml").read_text(encoding="utf-8"), re.MULTILINE)
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_OID, hashlib.sha256(content).hexdigest())}",
        "version": 1,
        "metadata": {
            "component": {
                "type": "application",
                "bom-ref": "negatoscope",
                "name": "negatoscope",
                "version": version[1] if version else "",
                "licenses": [{"license": {"id": "Apache-2.0"}}],
            }
        },
        "components": [_component(pin, licences()[pin.name]) for pin in sorted(pins(), key=lambda pin: pin.purl)],
    }


def _component(pin: Pin, licence: str) -> dict[str, Any]:
    return {
        "type": "library",
        "bom-ref": pin.purl,
        "name": pin.name,
        "version": pin.version,
        "scope": pin.scope,
        "licenses": [{"expression": licence}],
        "purl": pin.purl,
    }


def faults() -> list[str]:
    """A sentence for each package whose licence is unknown or not allowed where it is used."""
    table, told = licences(), []
    for pin in pins():
        licence = table.get(pin.name, "")
        if not licence:
            told.append(f"{pin.name}: packaging/licences.json does not name its licence.")
        elif not is_allowed(licence, ALLOWED_BESIDE if pin.scope == "excluded" else ALLOWED):
            told.append(f"{pin.name}: {licence} is not allowed here.")
    return told


def is_allowed(licence: str, allowed: set[str]) -> bool:
    """Whether an SPDX expression without brackets can be kept to: one of its choices, and that in all its parts."""
    return any(all(part in allowed for part in choice.split(" AND ")) for choice in licence.split(" OR "))


def main() -> int:
    """Write the bill, or check the licences."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, metavar="F.json", help="else it is printed")
    parser.add_argument("--check", action="store_true", help="look at the licences and write nothing")
    options = parser.parse_args()
    if options.check:
        found = faults()
        print("\n".join(found) or "Every licence is known and allowed.")
        return int(bool(found))
    text = json.dumps(bill(), indent=1) + "\n"
    if options.out:
        options.out.write_text(text, encoding="utf-8")
    else:
        sys.stdout.write(text)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
