"""Dataclasses that cost less to make. Python 3.11 writes each of their methods as a text and compiles it, six times a
class, and a start makes a hundred of them: a tenth of what the window waits for. What needs no text of its own (all but
`__init__`, and orders) is made here from the fields, and does the same.

These are functions inside `dataclasses`. Another Python than 3.11 keeps its own, and only time is lost.
"""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable, Iterable, Sequence
from operator import attrgetter
from typing import Any

_Method = Callable[..., Any]


def make_records_light() -> None:
    """From now on, in the whole process. Called before the modules that have most of them are imported."""
    if sys.version_info[:2] != (3, 11) or hasattr(dataclasses, "_compiled_cmp_fn"):
        return
    light: dict[str, object] = {
        "_compiled_cmp_fn": vars(dataclasses)["_cmp_fn"],
        "_cmp_fn": _comparison,
        "_hash_fn": _hash,
        "_repr_fn": _representation,
        "_frozen_get_del_attr": _frozen,
    }
    for name, function in light.items():
        setattr(dataclasses, name, function)


def _values(names: Sequence[str]) -> Callable[[Any], tuple[object, ...]]:
    """What gives the values of an object's fields as a tuple."""
    if len(names) > 1:
        return attrgetter(*names)  # which makes a tuple only of several
    return lambda record: tuple(getattr(record, name) for name in names)


def _comparison(name: str, op: str, self_tuple: str, other_tuple: str, globals: dict[str, Any]) -> _Method:
    """Whether all fields are equal; they stand in `self_tuple` as '(self.a,self.b,)'."""
    if op != "==":
        compiled: _Method = vars(dataclasses)["_compiled_cmp_fn"](name, op, self_tuple, other_tuple, globals)
        return compiled
    values = _values([word.removeprefix("self.") for word in self_tuple.strip("()").split(",") if word])

    def equals(self: object, other: object) -> bool:
        return values(self) == values(other) if other.__class__ is self.__class__ else NotImplemented

    return _called("__eq__", equals)


def _hash(fields: Iterable[dataclasses.Field[Any]], globals: dict[str, Any]) -> _Method:
    values = _values([field.name for field in fields])
    return _called("__hash__", lambda self: hash(values(self)))


def _representation(fields: Iterable[dataclasses.Field[Any]], globals: dict[str, Any]) -> _Method:
    names = [field.name for field in fields]

    def represent(self: object) -> str:
        return f"{self.__class__.__qualname__}({', '.join(f'{name}={getattr(self, name)!r}' for name in names)})"

    guarded: _Method = vars(dataclasses)["_recursive_repr"](_called("__repr__", represent))
    return guarded


def _frozen(cls: Any, fields: Iterable[dataclasses.Field[Any]], globals: dict[str, Any]) -> tuple[_Method, _Method]:
    names = frozenset(field.name for field in fields)

    def assign(self: object, name: str, value: object) -> None:
        if type(self) is cls or name in names:
            raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")
        super(cls, self).__setattr__(name, value)

    def delete(self: object, name: str) -> None:
        if type(self) is cls or name in names:
            raise dataclasses.FrozenInstanceError(f"cannot delete field {name!r}")
        super(cls, self).__delattr__(name)

    return _called("__setattr__", assign), _called("__delattr__", delete)


def _called(name: str, method: _Method) -> _Method:
    """`dataclasses` goes by the names of what it is given."""
    method.__name__ = name
    return method
