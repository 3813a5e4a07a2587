"""Frozen dataclasses to JSON and back, strictly: unknown, missing or ill-typed fields are refused by name.

Supports what our records are made of: nested dataclasses, NamedTuples (written as arrays), `tuple[T, ...]`,
`tuple[A, B]`, `dict[str, T]`, `Literal`, `T | None`, `Any` (plain JSON), str, bool, int and finite float. Numbers
beyond a double's range, and whole numbers that it does not hold exactly, are refused (RFC 8259, section 6).

A file that nobody sealed may be older than its record: `with_defaults` brings it up to date before it is read.
"""

from __future__ import annotations

import dataclasses
import functools
import sys
import types
import typing
from typing import Any, Literal, TypeVar

T = TypeVar("T")
_EXACT = 1 << 53
_SCALARS = (int, float, str, bool)


class RecordError(ValueError):
    """A value does not fit its record; the text names the field, as in `operating.PNEUMONIA.films`."""


def to_json(value: Any) -> Any:
    """Plain JSON values of a record: dicts, lists, text, numbers, None."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: to_json(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, dict):
        return {str(key): to_json(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [to_json(item) for item in value]
    return value


def from_json(kind: type[T], value: Any, where: str = "") -> T:
    """The record of type `kind` (a dataclass) held by plain JSON values. Raises RecordError."""
    return typing.cast(T, _read(kind, value, where))


def with_defaults(kind: Any, value: Any) -> Any:
    """Plain JSON values of a record of type `kind`, with the defaults of the fields that they lack.

    For what an earlier version wrote, before those fields were added. Reaches into records within records, `T | None`
    among them, not into arrays and objects of them. All else stays as it is, for `from_json` to judge.
    """
    if isinstance(kind, types.UnionType):
        kind = next(option for option in typing.get_args(kind) if option is not type(None))
    if not (dataclasses.is_dataclass(kind) and isinstance(value, dict)):
        return value
    hints = _hints(typing.cast(Any, kind))
    fields = {field.name: field for field in dataclasses.fields(kind)}
    known = {name: with_defaults(hints[name], item) if name in fields else item for name, item in value.items()}
    lacking = (field for name, field in fields.items() if name not in value)
    return {field.name: to_json(_default(field)) for field in lacking if _has_default(field)} | known


def _has_default(field: dataclasses.Field[Any]) -> bool:
    return field.default is not dataclasses.MISSING or field.default_factory is not dataclasses.MISSING


def _default(field: dataclasses.Field[Any]) -> Any:
    return field.default if field.default_factory is dataclasses.MISSING else field.default_factory()


def _read(kind: Any, value: Any, where: str) -> Any:
    if kind in _SCALARS:  # first, as nearly all values are
        return _read_scalar(kind, value, where)
    if kind is Any:
        return value
    if dataclasses.is_dataclass(kind):
        return _read_dataclass(kind, value, where)
    if typing.get_origin(kind) is not None or isinstance(kind, types.UnionType):
        return _read_generic(typing.get_origin(kind), typing.get_args(kind), value, where)
    if issubclass(kind, tuple):
        return kind(*_read_tuple(tuple(_hints(kind).values()), value, where))
    return _read_scalar(kind, value, where)


def _read_generic(origin: Any, options: tuple[Any, ...], value: Any, where: str) -> Any:
    if origin is Literal:
        fits = any(value == option and type(value) is type(option) for option in options)
        _demand(fits, where, f"is none of {list(options)}")
        return value
    if origin is tuple:
        return _read_tuple(options, value, where)
    if origin is dict:
        _demand(isinstance(value, dict), where, "should be an object")
        return {str(key): _read(options[1], item, _join(where, str(key))) for key, item in value.items()}
    inner = next(option for option in options if option is not type(None))
    return None if value is None else _read(inner, value, where)


def _read_dataclass(kind: Any, value: Any, where: str) -> Any:
    _demand(isinstance(value, dict), where, "should be an object")
    hints = _hints(kind)
    names = {field.name for field in dataclasses.fields(kind)}
    lacking, unknown = sorted(names - set(value)), sorted(set(value) - names)
    _demand(not lacking, where, f"lacks {', '.join(lacking)}")
    _demand(not unknown, where, f"has unknown {', '.join(unknown)}")
    return kind(**{name: _read(hints[name], value[name], _join(where, name)) for name in names})


@functools.cache
def _hints(kind: Any) -> dict[str, Any]:
    """The types of a record's fields by name. Kept: they are text that is evaluated, and a card holds 1600 records."""
    return typing.get_type_hints(kind)


def _read_tuple(kinds: tuple[Any, ...], value: Any, where: str) -> tuple[Any, ...]:
    _demand(isinstance(value, list), where, "should be an array")
    if len(kinds) == 2 and kinds[1] is Ellipsis:
        return tuple(_read(kinds[0], item, _join(where, str(i))) for i, item in enumerate(value))
    _demand(len(kinds) == len(value), where, f"should have {len(kinds)} entries")
    return tuple(_read(kinds[i], item, _join(where, str(i))) for i, item in enumerate(value))


def _read_scalar(kind: Any, value: Any, where: str) -> Any:
    if kind is float:
        _demand(isinstance(value, int | float) and not isinstance(value, bool), where, "should be a number")
        # Compared, not converted: a whole number of 400 digits is no float, and NaN is within no bounds.
        _demand(-sys.float_info.max <= value <= sys.float_info.max, where, "should be a finite number")
        return float(value)
    if kind is int:
        _demand(isinstance(value, int) and not isinstance(value, bool), where, "should be a whole number")
        _demand(abs(value) < _EXACT, where, "should have no more than 53 bits")
    elif kind is type(None):
        _demand(value is None, where, "should be null")
    else:
        _demand(isinstance(value, kind), where, f"should be of type {kind.__name__}")
    return value


def _join(where: str, name: str) -> str:
    return f"{where}.{name}" if where else name


def _demand(holds: bool, where: str, what: str) -> None:
    if not holds:
        raise RecordError(f"{where or 'the record'} {what}")
