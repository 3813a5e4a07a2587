"""Make the golden table anew: `python -m tests.golden.remake`, from the root, with ../shared/data in its place.

A changed entry means changed pixels: a new version in every card that is concerned (the contract, 'What the network
sees'), and the bundled models made again. Entries of real films that are not here are kept as they are.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.golden.films import write_films
from tests.golden.table import TABLE, entry, read_table, real_films


def main() -> int:
    before = read_table() if TABLE.is_file() else {"generated": {}, "real": {}}
    with tempfile.TemporaryDirectory() as folder:
        generated = {name: entry(path) for name, path in write_films(Path(folder)).items()}
    real = before["real"] | {name: entry(path) for name, path in real_films().items()}
    table: dict[str, Any] = {"schema": 1, "generated": generated, "real": dict(sorted(real.items()))}
    changed = [
        f"{part}: {name}"
        for part in ("generated", "real")
        for name in table[part]
        if before[part].get(name) != table[part][name]
    ]
    TABLE.write_text(json.dumps(table, indent=1) + "\n", encoding="utf-8", newline="\n")
    sys.stdout.write("".join(f"changed  {line}\n" for line in changed) or "nothing changed\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
