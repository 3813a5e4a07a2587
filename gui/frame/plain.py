"""Names that come from outside, as text for one line and for tool tips: whatever they hold, it is no markup."""

from __future__ import annotations

import unicodedata
from html import escape

# Signs that turn the reading direction of what follows: 'gpj.mlif' would pose as 'film.jpg'.
_TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def one_line(text: str) -> str:
    """Line ends, tabs and other control characters as spaces; signs that turn the reading direction left out."""
    kept = (" " if unicodedata.category(sign) in ("Cc", "Zl", "Zp") else sign for sign in text if sign not in _TURNING)
    return "".join(kept)


def shortened(name: str, most: int = 32) -> str:
    """A name within a sentence, its middle left out where it is long: a word that no line can hold widens the panel,
    and what stands beside it is cut.
    """
    return name if len(name) <= most else f"{name[: most // 2]}…{name[-(most // 2 - 1) :]}"


def plain_tip(text: str) -> str:
    """A tool tip, in which Qt takes for rich text whatever looks like it: a file may be called `<img src=...>`. No
    text is no tip.
    """
    return f"<p>{escape(text).replace(chr(10), '<br>')}</p>" if text else ""
