"""Editors for the fields of a plan, made from the types of its records: no field can be forgotten."""

from __future__ import annotations

import dataclasses
import json
import types
import typing
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtWidgets import QCheckBox, QComboBox, QLineEdit, QSpinBox, QWidget

from gui.wizard.elided_box import ElidedBox

MOST = 1_000_000


@dataclass(frozen=True, slots=True)
class Leaf:
    """One field: its dotted key as on the command line, and its type."""

    key: str
    kind: Any

    @property
    def title(self) -> str:
        """'label smoothing'."""
        return self.key.rpartition(".")[2].replace("_", " ")


def leaves(kind: Any, prefix: str = "") -> Iterator[Leaf]:
    """Every field of a record that is no record itself, those of inner records by dotted keys.

    A record that may be missing has a leaf of its own, whose type is bool, before those of its fields. A field that has
    one possible value, as the schema's number, is none to edit.
    """
    hints = typing.get_type_hints(kind)
    for field in dataclasses.fields(kind):
        key, hint = f"{prefix}{field.name}", hints[field.name]
        if typing.get_origin(hint) is Literal and len(typing.get_args(hint)) == 1:
            continue
        inner = _record(hint)
        if inner is None:
            yield Leaf(key, hint)
            continue
        if inner is not hint:
            yield Leaf(key, bool)
        yield from leaves(inner, f"{key}.")


def _record(hint: Any) -> Any:
    """The dataclass of a type, which may be one or None; None for any other type."""
    options = typing.get_args(hint) if isinstance(hint, types.UnionType) else (hint,)
    return next((option for option in options if dataclasses.is_dataclass(option)), None)


def value_at(plan: Any, key: str) -> Any:
    """What stands at a dotted key; None within a record that is missing."""
    for name in key.split("."):
        plan = getattr(plan, name) if plan is not None else None
    return plan


class _CalmWheel(QObject):
    """The wheel scrolls the page, and changes a value only where it has the focus."""

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Wheel and isinstance(watched, QWidget) and not watched.hasFocus():
            event.ignore()
            return True
        return super().eventFilter(watched, event)


class FieldEditor(QObject):
    """A widget for one leaf. `edited` tells the new value as JSON would hold it."""

    edited = Signal(str, object)  # key, value

    def __init__(self, leaf: Leaf, parent: QObject, words: Mapping[str, str] | None = None) -> None:
        super().__init__(parent)
        self.leaf = leaf
        self._words = words or {}
        self.widget = self._make(leaf.kind)
        self.widget.setMinimumWidth(64)
        self.widget.setAccessibleName(leaf.title)
        self.widget.setToolTip(leaf.key)
        self.widget.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.widget.installEventFilter(_CalmWheel(self))

    def show_value(self, value: Any) -> None:
        """What the plan holds now."""
        widget = self.widget
        widget.blockSignals(True)
        if isinstance(widget, QComboBox):
            widget.setCurrentIndex(widget.findData(value))
        elif isinstance(widget, QCheckBox):
            widget.setChecked(bool(value))
        elif isinstance(widget, QSpinBox):
            widget.setValue(value if value is not None else 0)
        elif isinstance(widget, QLineEdit) and not (widget.hasFocus() and widget.isModified()):
            widget.setText(_text(value))
        widget.blockSignals(False)

    def _make(self, kind: Any) -> QWidget:
        if typing.get_origin(kind) is Literal:
            box = ElidedBox()
            box.setMinimumContentsLength(6)
            box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
            for option in typing.get_args(kind):
                box.addItem(self._words.get(str(option), str(option).replace("_", " ")), option)
            box.activated.connect(lambda _: self._tell(box.currentData()))
            return box
        if kind is bool:
            tick = QCheckBox()
            tick.toggled.connect(self._tell)
            return tick
        if kind is int:
            number = QSpinBox()
            number.setRange(0, MOST)
            number.setKeyboardTracking(False)
            number.lineEdit().setTextMargins(11, 0, 0, 0)  # its text stands where that of the other fields does
            number.setSpecialValueText(self._words.get(f"{self.leaf.key}=0", ""))
            number.valueChanged.connect(self._tell)
            return number
        line = QLineEdit()
        line.editingFinished.connect(lambda: self._finish(line))
        return line

    def _finish(self, line: QLineEdit) -> None:
        if line.isModified():
            line.setModified(False)
            self._tell(_value(line.text(), self.leaf.kind))

    def _tell(self, value: object) -> None:
        self.edited.emit(self.leaf.key, value)


def _text(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, tuple):
        return ", ".join(_text(item) for item in value)
    return "" if value is None else str(value)


def _value(text: str, kind: Any) -> object:
    """What was typed, as JSON would hold it; the text itself where it is nothing of that kind."""
    if kind is str:
        return text
    if typing.get_origin(kind) is tuple:
        items = [item.strip() for item in text.split(",") if item.strip()]
        return [_value(item, typing.get_args(kind)[0]) for item in items]
    try:
        return json.loads(text)
    except ValueError:
        return text
