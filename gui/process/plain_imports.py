"""Imports that read no sources. PySide6 puts its own `__import__` in the place of Python's, which takes the source of
every module that is imported from the disk and looks for `PySide6` in it, to know whether `from __feature__ import …`
may act there (shibokensupport/feature.py, PYSIDE-2029). Nothing here asks for that, and it is a tenth of what the
first film waits for; on the window's thread it would also be a disk that is waited for.
"""

from __future__ import annotations

import builtins


def keep_plain_imports() -> None:
    """Load Qt, and have Python's own `__import__` again. Called before the modules of the window are imported."""
    import PySide6.QtCore  # noqa: F401  the hook comes with it

    builtins.__import__ = getattr(builtins, "__orig_import__", builtins.__import__)
