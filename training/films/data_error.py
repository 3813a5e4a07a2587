"""What is wrong with labelled films, before anything is learnt from them."""

from __future__ import annotations

from imaging.errors import NegatoscopeError

NOT_THERE = "The labelled films can't be found or read: have they moved, or is their drive away?"


class DataError(NegatoscopeError):
    """The labelled films cannot be trained on, or judged with, as they are."""


def shown(text: str, most: int = 24) -> str:
    """A name that a stranger chose, for a sentence: one line of what can be shown, in quotation marks."""
    said = "".join(sign if sign.isprintable() else "?" for sign in text[:most])
    return f"“{said}{'…' if len(text) > most else ''}”"


def amount(count: int, noun: str) -> str:
    """'1 film', '1,200 films'."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
