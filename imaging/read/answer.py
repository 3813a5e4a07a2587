"""What a decoding child may say: a few numbers and words in JSON, each held against what it should be.

The child has decoded bytes of unknown origin, and may be somebody else's by now. Nothing that it says is unpickled, as
that would run what it wrote, here.
"""

from __future__ import annotations

import json
from typing import Any

from imaging.errors import Code, FilmError

MOST_BYTES = 16_384
READY = b"ready"
_MOST_LETTERS = 600  # of two texts, each letter twelve bytes at most


class AnswerError(ValueError):
    """The child said what no decoder of ours says."""


def told(values: Any) -> bytes:
    """The answer that a frame is decoded, with what is to be known of it: numbers, text, and tuples of them."""
    return json.dumps({"told": values}).encode("utf-8")


def refused(error: FilmError) -> bytes:
    """The answer that a frame can't be decoded."""
    words = [text[:_MOST_LETTERS] for text in (error.message, error.detail)]
    return json.dumps({"refused": [error.code.value, *words]}).encode("utf-8")


def heard(answer: bytes) -> Any:
    """What is told of a frame, in plain JSON; the job knows what it should be. Raises FilmError where the child refused
    it, AnswerError.
    """
    try:
        said = json.loads(answer)
    except (ValueError, RecursionError) as error:
        raise AnswerError("no JSON") from error
    if not isinstance(said, dict) or len(said) != 1:
        raise AnswerError("no answer")
    if "refused" in said:
        raise _refusal(said["refused"])
    demand("told" in said, "no answer")
    return said["told"]


def _refusal(said: Any) -> FilmError:
    demand(isinstance(said, list) and len(said) == 3, "no refusal")
    demand(all(isinstance(text, str) for text in said), "no words")
    code, message, detail = said
    demand(code in list(Code), "no code")
    return FilmError(Code(code), message, detail=detail)


def demand(holds: bool, complaint: str) -> None:
    """Raise AnswerError unless it holds."""
    if not holds:
        raise AnswerError(complaint)


def share(value: Any) -> float:
    """A number from 0 to 1. Raises AnswerError."""
    demand(isinstance(value, int | float) and not isinstance(value, bool), "no share")
    # Compared, not converted: a whole number of 400 digits is no float, and NaN is within no bounds.
    demand(0 <= value <= 1, "no share")
    return float(value)


def whole(value: Any, most: int) -> int:
    """A whole number from 1 to `most`. Raises AnswerError."""
    demand(isinstance(value, int) and not isinstance(value, bool), "no whole number")
    demand(1 <= value <= most, "no such number")
    return int(value)


def flag(value: Any) -> bool:
    """True or false. Raises AnswerError."""
    demand(isinstance(value, bool), "no flag")
    return bool(value)
