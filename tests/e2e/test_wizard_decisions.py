"""The wizard learns from what its reader decided in the viewer, and says that it does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from gui.main_window import MainWindow
from gui.wizard.window import DATA, PLAN
from inference.bundles.bundle import ModelBundle
from tests.e2e.window import PATIENCE_MS, OpenWindow, settle
from tests.e2e.wizard_hands import click, inspected, plan_of, wizard_of

DECIDED, ILL = 28, 14


@pytest.fixture
def ward(tmp_path: Path) -> Path:
    """Films without labels; the second half of them is ill."""
    rng = np.random.default_rng(3)
    (tmp_path / "ward").mkdir()
    for number in range(DECIDED + 2):
        pixels = rng.integers(60 + 80 * (number >= ILL), 160, (64, 64)).astype(np.uint8)
        Image.fromarray(pixels).save(tmp_path / "ward" / f"film_{number:02d}.png")
    return tmp_path / "ward"


def decide(window: MainWindow, qtbot: Any) -> None:
    """Call the first films healthy and the next ill, by the mouse; the last two stay undecided."""
    review = window.controller.review
    for row in range(DECIDED):
        review.select(row)
        entry = review.entries[row]
        qtbot.waitUntil(lambda key=entry.key: review.is_answered(key), timeout=PATIENCE_MS)
        qtbot.waitUntil(lambda: "OPACITY" in window.findings.cards, timeout=PATIENCE_MS)
        card = window.findings.cards["OPACITY"]
        click(card.agree if review.rows.is_flagged(row) == (row >= ILL) else card.disagree)
    settle(qtbot, window)


def test_decisions_become_films_with_their_provenance(
    open_window: OpenWindow, ward: Path, parted: ModelBundle, qtbot: Any
) -> None:
    window = open_window([ward], model=str(parted.location))
    settle(qtbot, window)
    wizard = wizard_of(window, qtbot)
    card = wizard.data.source.decisions
    qtbot.waitUntil(lambda: wizard.training.jobs.idle, timeout=PATIENCE_MS)
    assert not card.isVisible(), "nothing was decided yet"
    wizard.hide()
    decide(window, qtbot)
    window.commands.work.show_wizard()
    qtbot.waitUntil(card.isVisible, timeout=PATIENCE_MS)
    said = f"{DECIDED} films, {ILL} with Opacity and {ILL} without, with the scores of parted@1 in view"
    assert said in card.words.text()
    assert not card.which.isVisible()
    click(card.learn)
    inspected(qtbot, wizard)
    found = wizard.data.found
    assert wizard.training.found is not None
    assert wizard.training.found.films == DECIDED
    assert {row.label for row in wizard.training.found.classes} == {"NORMAL", "OPACITY"}
    assert "decisions in the viewer" in found.provenance.text()
    assert "parted@1 in view" in found.provenance.text()
    assert f"{DECIDED} films have their labels from your decisions" in found.note.text()
    click(wizard.forward)
    assert wizard.current == PLAN
    assert Path(plan_of(wizard).data.source).suffix == ".csv"
    wizard.go_to(DATA)
    click(found.other)
    assert card.isVisible()
    for path in ward.iterdir():
        path.unlink()
    click(card.learn)
    qtbot.waitUntil(lambda: "No film in this folder" in wizard.data.source.field.message.text(), timeout=PATIENCE_MS)
    assert wizard.data.currentWidget() is wizard.data.source
    wizard.close()
    qtbot.waitUntil(lambda: wizard.training.jobs.idle, timeout=PATIENCE_MS)
