"""Editors made from the types of the plan's records, and the draft that they edit."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication, QCheckBox, QComboBox, QLineEdit, QSpinBox, QWidget

from gui.wizard.draft import Draft
from gui.wizard.fields import FieldEditor, Leaf, leaves, value_at
from inference.scoring.records import from_json, to_json
from training.plan import TrainingPlan


@pytest.fixture
def draft(qapp: QApplication) -> Draft:
    made = Draft()
    made.begin(Path("Ward 3"), 2)
    return made


@pytest.fixture
def page(qapp: QApplication) -> Iterator[QWidget]:
    """What holds the editors of a test."""
    made = QWidget()
    yield made
    made.deleteLater()


def editor_of(leaf: Leaf, page: QWidget) -> FieldEditor:
    editor = FieldEditor(leaf, page)
    editor.widget.setParent(page)
    return editor


def plan_of(draft: Draft) -> TrainingPlan:
    assert draft.plan is not None
    return draft.plan


def test_the_first_plan_is_quick_and_uses_all_cores(draft: Draft) -> None:
    plan = plan_of(draft)
    assert (plan.name, plan.network.mode, plan.threads, draft.complaint) == ("Ward 3", "quick", 2, "")
    draft.change("learning.balance", "none")
    draft.begin(Path("Ward 4"), 2)
    assert (plan_of(draft).name, plan_of(draft).learning.balance) == ("Ward 4", "none"), "the rest of the plan stays"


def test_every_leaf_of_a_plan_has_an_editor_that_gives_back_what_it_shows(draft: Draft, page: QWidget) -> None:
    draft.change("network.mode", "standard")
    draft.change("augment", value=True)
    draft.change("network.head.hidden", [64, 32])
    plan = plan_of(draft)
    for leaf in leaves(TrainingPlan):
        if leaf.key == "augment":
            continue
        editor = editor_of(leaf, page)
        told: list[object] = []
        editor.edited.connect(lambda _key, value, told=told: told.append(value))
        value = value_at(plan, leaf.key)
        editor.show_value(value)
        widget = editor.widget
        if isinstance(widget, QLineEdit):
            widget.setModified(True)
            widget.editingFinished.emit()
            assert told == [to_json(value)], leaf.key
        elif isinstance(widget, QComboBox):
            assert widget.currentData() == value, leaf.key
        elif isinstance(widget, QSpinBox):
            assert widget.value() == value, leaf.key
        else:
            assert isinstance(widget, QCheckBox)
            assert widget.isChecked() == value, leaf.key


def test_the_leaves_are_all_of_a_plan(draft: Draft) -> None:
    draft.change("augment", value=True)
    body = to_json(plan_of(draft))
    del body["schema"], body["preprocess"]["version"]  # there is nothing to choose
    for leaf in leaves(TrainingPlan):
        if leaf.key != "augment":
            *outer, last = leaf.key.split(".")
            place = body
            for name in outer:
                place = place[name]
            del place[last]

    def emptied(value: object) -> bool:
        return isinstance(value, dict) and all(emptied(inner) for inner in value.values())

    assert emptied(body), "what is left has no editor"


def test_a_contradiction_is_kept_and_said(draft: Draft) -> None:
    assert draft.change("augment", value=True) == ""
    assert "quick training looks at each film once" in draft.complaint
    assert draft.change("augment", value=False) == ""
    assert draft.complaint == ""


def test_what_is_no_value_of_a_field_is_refused_in_words(draft: Draft) -> None:
    before = plan_of(draft)
    assert draft.change("learning.rate", "fast") == "learning.rate should be a number."
    assert draft.change("augment.noise", 0.1) == "Augmentation is off."
    assert draft.change("learning.loss", "huber").startswith("learning.loss is none of")
    assert plan_of(draft) == before


def test_numbers_and_lists_are_read_as_they_are_typed(page: QWidget) -> None:
    for kind, text, value in (
        (float, "1e-4", 1e-4),
        (float, "fast", "fast"),
        (tuple[float, ...], "0.5, 0.25", [0.5, 0.25]),
        (tuple[str, ...], "", []),
        (str, "12", "12"),
    ):
        editor = editor_of(Leaf("a.b_c", kind), page)
        told: list[object] = []
        editor.edited.connect(lambda _key, value, told=told: told.append(value))
        widget = editor.widget
        assert isinstance(widget, QLineEdit)
        assert widget.accessibleName() == "b c"
        widget.setText(text)
        widget.setModified(True)
        widget.editingFinished.emit()
        assert told == [value]


def test_a_plan_survives_its_json(draft: Draft) -> None:
    plan = dataclasses.replace(plan_of(draft), seed=7)
    draft.set(plan)
    assert from_json(TrainingPlan, to_json(plan_of(draft))) == plan
