"""The wizard's Plan page by real events: recipes, fields, starting weights, and what they take."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from gui.wizard.fields import leaves, value_at
from tests.bundles import came_with_the_program
from tests.e2e.window import PATIENCE_MS
from tests.e2e.wizard_hands import (
    OpenWizard,
    choose,
    click,
    inspected,
    on_plan_page,
    plan_of,
    tick,
    type_in,
)
from training.plan import TrainingPlan, read_plan
from training.recipes import RECIPES


def test_a_recipe_fills_the_page_and_its_weights_wait_for_consent(
    open_wizard: OpenWizard, squares: Path, tmp_path: Path, qtbot: Any
) -> None:
    wizard = open_wizard()
    on_plan_page(wizard, squares, qtbot)
    page = wizard.plan
    assert plan_of(wizard).network.start.bundle == "pneumonia"
    assert wizard.forward.isEnabled()
    choose(page.head.recipe, "densenet121")
    recipe = RECIPES["densenet121"]
    assert plan_of(wizard).learning == recipe.learning
    assert page.main.editors["learning.rate"].widget.property("text") == "0.0001"
    assert "Agree to the download" in wizard.foot.text()
    assert not wizard.forward.isEnabled()
    page.start.consent.setFocus()
    QTest.keyClick(page.start.consent, Qt.Key.Key_Space)
    assert wizard.forward.isEnabled()
    assert page.download
    choose(page.start.start, "scratch")
    assert "Random weights" in page.start.about.text()
    assert not page.download
    page.head.write_plan(tmp_path / "plan.json")
    qtbot.waitUntil((tmp_path / "plan.json").exists, timeout=PATIENCE_MS)
    choose(page.head.recipe, "quick")
    assert plan_of(wizard).network.mode == "quick"
    page.head.read_plan(tmp_path / "plan.json")
    qtbot.waitUntil(lambda: plan_of(wizard).recipe == "densenet121", timeout=PATIENCE_MS)
    assert plan_of(wizard) == read_plan(tmp_path / "plan.json")
    (tmp_path / "newer.json").write_text(json.dumps({"schema": 99}), encoding="utf-8")
    page.head.read_plan(tmp_path / "newer.json")
    qtbot.waitUntil(lambda: "newer Negatoscope" in wizard.foot.text(), timeout=PATIENCE_MS)
    page.head.read_plan(tmp_path / "nowhere.json")
    qtbot.waitUntil(lambda: "can" in wizard.foot.text() and "be read" in wizard.foot.text(), timeout=PATIENCE_MS)
    assert plan_of(wizard) == read_plan(tmp_path / "plan.json"), "what was there stays"
    older = Path(__file__).parents[1] / "unit" / "training" / "plans" / "before_hold_out.json"
    page.head.read_plan(older)
    qtbot.waitUntil(lambda: plan_of(wizard).recipe == "standard", timeout=PATIENCE_MS)
    assert (plan_of(wizard).data.source, plan_of(wizard).data.hold_out) == (str(squares), "patients")
    assert wizard.foot.text() == ""


def test_every_field_can_be_reached_and_contradictions_are_said(
    open_wizard: OpenWizard, squares: Path, qtbot: Any
) -> None:
    wizard = open_wizard()
    on_plan_page(wizard, squares, qtbot)
    page = wizard.plan
    click(page.way.modes["standard"])
    assert (plan_of(wizard).recipe, plan_of(wizard).network.mode) == ("standard", "standard")
    page.show_all.setFocus()
    QTest.keyClick(page.show_all, Qt.Key.Key_Space)
    assert set(page.all.editors) == {leaf.key for leaf in leaves(TrainingPlan)}
    assert {"learning.mixup", "augment.rotate_deg", "network.head.hidden", "data.test_share"} <= set(page.all.editors)
    type_in(page.all.editors["learning.label_smoothing"].widget, "1.5")
    assert "label smoothing is no share" in wizard.foot.text()
    assert not wizard.forward.isEnabled()
    type_in(page.all.editors["learning.label_smoothing"].widget, "0.1")
    assert plan_of(wizard).learning.label_smoothing == pytest.approx(0.1)
    assert wizard.forward.isEnabled()
    type_in(page.main.editors["learning.rate"].widget, "fast")
    assert "should be a number" in wizard.foot.text()
    type_in(page.all.editors["network.head.hidden"].widget, "64, 32")
    assert plan_of(wizard).network.head.hidden == (64, 32)
    type_in(page.all.editors["data.test_share"].widget, "0.2")
    assert wizard.foot.text() == "The films are being read anew."
    assert not wizard.forward.isEnabled()
    qtbot.waitUntil(lambda: wizard.training.is_inspecting, timeout=PATIENCE_MS)
    inspected(qtbot, wizard)
    assert wizard.training.found is not None
    assert wizard.training.found.parts.test > 0
    assert wizard.forward.isEnabled()
    assert value_at(plan_of(wizard), "augment.noise") == pytest.approx(0.05)
    click(page.augment.on)
    assert plan_of(wizard).augment is None
    assert not page.all.editors["augment.noise"].widget.isEnabled()


def test_a_model_goes_on_from_another_and_may_be_its_next_version(
    open_wizard: OpenWizard, squares: Path, qtbot: Any
) -> None:
    wizard = open_wizard()
    on_plan_page(wizard, squares, qtbot)
    start, name = wizard.plan.start, plan_of(wizard).name
    assert start.next_version.isVisible()
    assert not start.next_version.isChecked()
    assert not start.keep_head.isEnabled(), "quick training fits its head anew"
    tick(start.next_version)
    assert plan_of(wizard).name == wizard.plan.head.name.text() == "pneumonia"
    assert f"takes the place of {came_with_the_program('pneumonia').id} only if" in start.about.text()
    type_in(wizard.plan.head.name, "Other")
    assert not start.next_version.isChecked(), "another name is another model"
    tick(start.next_version)
    tick(start.next_version)
    assert plan_of(wizard).name == name
    click(wizard.plan.way.modes["standard"])
    tick(start.keep_head)
    assert plan_of(wizard).network.start.with_head
    assert "tells NORMAL, PNEUMONIA apart" in wizard.foot.text()
    assert not wizard.forward.isEnabled()
    click(wizard.plan.way.modes["quick"])
    assert not plan_of(wizard).network.start.with_head
    assert wizard.forward.isEnabled(), wizard.foot.text()
    choose(start.start, "downloaded")
    assert not start.next_version.isVisible()


def test_augmentation_is_shown_and_the_time_is_measured(open_wizard: OpenWizard, squares: Path, qtbot: Any) -> None:
    wizard = open_wizard()
    on_plan_page(wizard, squares, qtbot)
    page = wizard.plan
    choose(page.start.backbone, "tiny_fine")
    assert plan_of(wizard).network.start.bundle == "practice@1"
    click(page.way.modes["standard"])
    qtbot.waitUntil(lambda: len(page.augment.pictures.images) == 6, timeout=PATIENCE_MS)
    first = page.augment.pictures.images[0].copy()
    click(page.augment.again)
    qtbot.waitUntil(lambda: page.augment.pictures.images[0] != first, timeout=PATIENCE_MS)
    qtbot.waitUntil(lambda: "on this machine" in page.way.estimate.text(), timeout=PATIENCE_MS)
    assert page.way.estimate.text().startswith("About")
