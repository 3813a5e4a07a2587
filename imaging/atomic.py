"""Files that are whole or not there: written beside their place, then renamed."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path


def replace_file(path: Path, content: str) -> None:
    """Write beside the file, then rename over it. The file has the rights of any new one: a report that is saved on a
    share is for colleagues too. Raises OSError.
    """
    beside = path.with_name(f".{path.name}-{os.urandom(4).hex()}")
    try:
        with beside.open("x", encoding="utf-8") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise


def keep_a_copy(file: Path, number: object) -> None:
    """Of a file of another schema, beside it and once, before it is written anew: `settings.schema-0.json`.

    Where it can't be kept, the program goes on.
    """
    copy = file.with_name(f"{file.stem}.schema-{number if isinstance(number, int) else 'unknown'}{file.suffix}")
    with contextlib.suppress(OSError, UnicodeDecodeError):
        if not copy.exists():
            replace_file(copy, file.read_text(encoding="utf-8"))
