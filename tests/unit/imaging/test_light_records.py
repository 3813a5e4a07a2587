"""Light records are those of Python in all that can be seen of them."""

from __future__ import annotations

import dataclasses
import operator
import pickle
import sys
from collections.abc import Callable, Iterator
from dataclasses import FrozenInstanceError, dataclass, field, replace
from typing import Any

import pytest

from imaging.light_records import make_records_light

pytestmark = pytest.mark.skipif(sys.version_info[:2] != (3, 11), reason="other Pythons keep their own")
Made = Callable[..., Any]
KINDS: dict[str, dict[str, bool]] = {
    "frozen with slots": {"frozen": True, "slots": True},
    "frozen": {"frozen": True},
    "with slots": {"slots": True},
    "plain": {},
    "by identity": {"frozen": True, "slots": True, "eq": False},
    "with an order": {"frozen": True, "order": True},
    "hashed though it changes": {"unsafe_hash": True},
}


def kinds(**options: bool) -> tuple[Made, Made, Made, Made]:
    @dataclass(**options)
    class Several:
        first: int
        second: tuple[int, ...] = field(default=(), compare=False)
        third: str = field(default="x", repr=False)

    @dataclass(**options)
    class One:
        only: object

    @dataclass(**options)
    class Empty:
        pass

    @dataclass(**options)
    class Further(Several):
        fourth: float = 0.5

    return Several, One, Empty, Further


def told(function: Callable[..., object], *given: object) -> object:
    """What comes of it, or the error in words."""
    try:
        return function(*given)
    except (FrozenInstanceError, AttributeError, TypeError) as error:
        return f"{type(error).__name__}: {error}"


def seen(several: Made, one: Made, empty: Made, further: Made) -> list[object]:
    """All that can be seen of such records."""
    pairs = [(several(1, (2,)), several(1, (3,))), (several(1), several(2)), (one([1]), one([1])), (one(1), one(1))]
    pairs += [(empty(), empty()), (further(1, fourth=2.0), further(1, fourth=2.0)), (further(1), several(1))]
    found: list[object] = []
    for record, other in [*pairs, (several(1), 1)]:
        found += [repr(record), record == other, record != other, told(operator.lt, record, other)]
        if vars(type(record)).get("__hash__") is not None:
            found += [told(hash, record)]
        for name in ("first", "only", "fourth", "foreign"):
            found += [told(setattr, record, name, 9), told(getattr, record, name)]
            found += [told(delattr, record, name), told(getattr, record, name)]
    found += [repr(replace(several(1, (2,)), first=4)), dataclasses.asdict(further(3)), one.__repr__.__qualname__]
    held: list[object] = []
    held.append(one(held))
    return [*found, repr(held)]


@pytest.fixture
def light() -> Iterator[None]:
    """The light ones for one test."""
    kept = {name: value for name, value in vars(dataclasses).items() if name.endswith(("_fn", "_attr"))}
    make_records_light()
    yield
    for name in [name for name in vars(dataclasses) if name.endswith(("_fn", "_attr"))]:
        delattr(dataclasses, name) if name not in kept else setattr(dataclasses, name, kept[name])


@pytest.mark.parametrize("options", KINDS.values(), ids=list(KINDS))
def test_they_do_the_same(options: dict[str, bool], request: pytest.FixtureRequest) -> None:
    usual = seen(*kinds(**options))
    request.getfixturevalue("light")
    assert vars(dataclasses)["_hash_fn"].__module__ == "imaging.light_records"
    assert seen(*kinds(**options)) == usual


def test_they_are_made_light_once(light: None) -> None:
    before = dict(vars(dataclasses))
    make_records_light()
    assert dict(vars(dataclasses)) == before


@dataclass(frozen=True, slots=True)
class Kept:
    """At the top of a module, where pickle finds it."""

    number: int


def test_they_are_pickled_as_ever(light: None) -> None:
    assert pickle.loads(pickle.dumps(Kept(3))) == Kept(3)
