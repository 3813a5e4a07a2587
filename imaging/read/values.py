"""Reading single values of a data set that may hold anything: what cannot be understood counts as absent."""

from __future__ import annotations

import functools
import math
import struct
import zlib
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from imaging.read.limits import limits_in_force

if TYPE_CHECKING:
    from pydicom.dataset import Dataset
    from pydicom.tag import BaseTag

Keyword = str | int  # or the tag, for the groups that repeat and have no keywords of their own
_NUMBERS_AS_TEXT = frozenset({"IS", "DS"})
_NUMBER_BYTES = {"US": 2, "UL": 4}
_FAILURES = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    EOFError,
    LookupError,
    MemoryError,
    NotImplementedError,
    OSError,
    RecursionError,
    TypeError,
    ValueError,
    struct.error,
    zlib.error,
)


@functools.cache
def pydicom_failures() -> tuple[type[Exception], ...]:
    """What pydicom raises on damaged data sets, while reading them or on the first use of a value (it converts lazily).

    To be called in an `except`, which asks for it once something was raised: an ordinary film never imports pydicom.
    """
    from pydicom.errors import BytesLengthException

    return (*_FAILURES, BytesLengthException)


class Elements(Protocol):
    """Values by keyword: a pydicom data set, or a dict of texts, tuples of texts and numbers (`ordinary`)."""

    def get(self, key: Any, /) -> Any: ...

    def __getitem__(self, key: Any, /) -> Any: ...

    def __contains__(self, key: Any, /) -> bool: ...


def value(dataset: Elements, keyword: Keyword) -> Any:
    """The value of an element, None where it is absent, empty or cannot be converted."""
    try:
        found = dataset.get(keyword) if isinstance(dataset, dict) else dataset[_tag_of(keyword)].value
    except pydicom_failures():
        return None
    return None if found is None or found == "" else found


@functools.cache
def _tag_of(keyword: Keyword) -> BaseTag:
    """Without it pydicom looks each name up anew, and asks for the attributes of its own class before it says no."""
    from pydicom.tag import Tag

    return Tag(keyword)


def text(dataset: Elements, keyword: Keyword) -> str:
    """The element as stripped text, several values joined by a backslash as in the file; '' where there is none."""
    found = value(dataset, keyword)
    if found is None:
        return ""
    try:
        parts = [str(part) for part in found] if _is_multiple(found) else [str(found)]
    except pydicom_failures():
        return ""
    return "\\".join(parts).replace("\x00", "").strip()


def texts(dataset: Elements, keyword: Keyword) -> tuple[str, ...]:
    """The values of a multi-valued text element."""
    whole = text(dataset, keyword)
    return tuple(part.strip() for part in whole.split("\\")) if whole else ()


def numbers(dataset: Elements, keyword: Keyword) -> tuple[float, ...]:
    """The finite numbers of an element; () where there is none or one of them is no number."""
    found = value(dataset, keyword)
    if found is None:
        return ()
    try:
        parsed = tuple(float(part) for part in (found if _is_multiple(found) else (found,)))
    except pydicom_failures():
        return ()
    return parsed if all(math.isfinite(number) for number in parsed) else ()


def number(dataset: Elements, keyword: Keyword, default: float | None = None) -> float | None:
    """The first finite number of an element, else `default`."""
    found = numbers(dataset, keyword)
    return found[0] if found else default


def integer(dataset: Elements, keyword: Keyword, default: int) -> int:
    """The first number of an element as an integer, else `default`.

    Two bytes under a value representation that does not fit are the number that the dictionary means (US).
    """
    if isinstance(dataset, dict) and isinstance(plain := dataset.get(keyword), int):
        return plain
    waiting = _as_written(dataset, keyword)
    raw, order = getattr(waiting, "value", None), getattr(waiting, "is_little_endian", True)
    representation = getattr(waiting, "VR", None)
    if isinstance(raw, bytes) and len(raw) == _NUMBER_BYTES.get(str(representation)):
        return int.from_bytes(raw, "little" if order else "big")  # as pydicom would, at a tenth of the cost
    found = numbers(dataset, keyword)
    if found:
        return int(found[0])
    if isinstance(raw, bytes) and len(raw) == 2 and representation not in _NUMBERS_AS_TEXT:
        return int.from_bytes(raw, "little" if order else "big")
    return default


def items(dataset: Elements, keyword: str) -> Sequence[Dataset]:
    """The items of a sequence; () where it is absent, no sequence, or longer than the limits have it."""
    if _is_huge(dataset, keyword):
        return ()
    found = value(dataset, keyword)
    if found is None or not _is_multiple(found):
        return ()
    try:
        return tuple(item for item in found if hasattr(item, "get"))
    except pydicom_failures():
        return ()


def _is_huge(dataset: Elements, keyword: str) -> bool:
    """Whether a sequence waits to be parsed that would fall into millions of elements, some 500 bytes each."""
    waiting = getattr(_as_written(dataset, keyword), "value", None)
    return isinstance(waiting, bytes) and len(waiting) > limits_in_force().max_sequence_bytes


def _as_written(dataset: Elements, keyword: Keyword) -> object:
    """The element before pydicom converts it, None where there is none or the data set is no pydicom's."""
    get_item = getattr(dataset, "get_item", None)
    try:
        return get_item(_tag_of(keyword)) if get_item else None
    except pydicom_failures():
        return None


def holders(dataset: Elements, frame: int, macro: str) -> Iterator[Elements]:
    """Where the attributes of a functional group stand for one frame (PS3.3 C.7.6.16), the most particular first.

    Yields the frame's own item of `macro`, then the shared one, then the data set itself, which is all that
    single-frame objects have.
    """
    per_frame = items(dataset, "PerFrameFunctionalGroupsSequence")
    if frame < len(per_frame):
        yield from items(per_frame[frame], macro)[:1]
    for shared in items(dataset, "SharedFunctionalGroupsSequence")[:1]:
        yield from items(shared, macro)[:1]
    yield dataset


def _is_multiple(found: Any) -> bool:
    return isinstance(found, Sequence) and not isinstance(found, str | bytes)
