from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference.scoring.records import RecordError, from_json, to_json, with_defaults


class Row(NamedTuple):
    threshold: float
    films: int


@dataclass(frozen=True)
class Inner:
    kind: Literal["a", 1]
    sides: tuple[float, int]


@dataclass(frozen=True)
class Outer:
    name: str
    inner: Inner
    rows: tuple[Row, ...]
    by_label: dict[str, Inner]
    note: str | None
    extra: Any
    nothing: None = None
    flag: bool = False


EXAMPLE = Outer("x", Inner("a", (1.5, 2)), (Row(0.5, 3),), {"ILL": Inner(1, (0.0, 0))}, None, {"free": [1, None]})


def test_a_record_survives_json() -> None:
    assert from_json(Outer, json.loads(json.dumps(to_json(EXAMPLE)))) == EXAMPLE


@given(
    st.text(),
    st.lists(st.tuples(st.floats(allow_nan=False, allow_infinity=False), st.integers(1 - (1 << 53), (1 << 53) - 1))),
)
def test_any_values_survive_json(name: str, rows: list[tuple[float, int]]) -> None:
    record = Outer(name, EXAMPLE.inner, tuple(Row(*row) for row in rows), {}, "n", None)
    assert from_json(Outer, json.loads(json.dumps(to_json(record)))) == record


@pytest.mark.parametrize(
    ("path", "value", "named"),
    [
        (("name",), 3, "name"),
        (("note",), 3, "note"),
        (("nothing",), 0, "nothing"),
        (("flag",), 1, "flag"),
        (("inner", "kind"), True, "inner.kind"),
        (("inner", "kind"), "b", "inner.kind"),
        (("inner", "sides"), [1.0], "inner.sides"),
        (("inner", "sides"), [1.0, 2.5], "inner.sides.1"),
        (("inner", "sides"), [True, 2], "inner.sides.0"),
        (("inner", "sides"), [float("nan"), 2], "inner.sides.0"),
        (("inner", "sides"), [10**400, 2], "inner.sides.0"),
        (("inner", "sides"), [1.0, 10**400], "inner.sides.1"),
        (("inner", "sides"), [1.0, -(1 << 53)], "inner.sides.1"),
        (("rows",), {"0": [0.5, 3]}, "rows"),
        (("rows",), [[0.5, 3, 4]], "rows.0"),
        (("by_label",), [], "by_label"),
        (("by_label", "ILL"), {"kind": "a"}, "by_label.ILL"),
        (("unknown",), 1, "unknown"),
    ],
)
def test_what_does_not_fit_is_named(path: tuple[str, ...], value: object, named: str) -> None:
    plain = to_json(EXAMPLE)
    target = plain
    for step in path[:-1]:
        target = target[step]
    target[path[-1]] = value
    with pytest.raises(RecordError) as caught:
        from_json(Outer, plain)
    assert named in str(caught.value)


@dataclass(frozen=True)
class Grown:
    """A record as it is now; `outer`, `sizes` and `more` were added since."""

    name: str
    older: Outer | None = None
    outer: Outer | None = EXAMPLE
    sizes: tuple[float, ...] = (1.0, 2.0)
    more: dict[str, Inner] = field(default_factory=dict)


def test_what_an_earlier_version_wrote_gets_the_defaults_of_what_it_lacks() -> None:
    older = to_json(EXAMPLE)
    del older["nothing"], older["flag"]
    assert from_json(Grown, with_defaults(Grown, {"name": "x", "older": older})) == Grown("x", EXAMPLE)
    assert from_json(Grown, with_defaults(Grown, {"name": "x", "older": None})) == Grown("x")
    with pytest.raises(RecordError, match="older lacks flag, nothing"):
        from_json(Grown, to_json(Grown("x")) | {"older": older})


@pytest.mark.parametrize(
    ("written", "named"),
    [
        ({}, "the record lacks name"),
        ({"name": "x", "older": {"name": "y"}}, "older lacks by_label, extra, inner, note, rows"),
        ({"name": "x", "sizes": None}, "sizes should be an array"),
        ({"name": "x", "sizes": [1.0, "2"]}, "sizes.1 should be a number"),
        ({"name": "x", "more": {"a": {}}}, "more.a lacks kind, sides"),
        ({"name": "x", "colour": 1}, "the record has unknown colour"),
        ([], "the record should be an object"),
    ],
)
def test_defaults_make_up_for_nothing_else(written: object, named: str) -> None:
    with pytest.raises(RecordError, match=named):
        from_json(Grown, with_defaults(Grown, written))
