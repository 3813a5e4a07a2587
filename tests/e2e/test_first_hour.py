"""The first hour of a new user, with the network off: films read, a model trained on own films, used, and found again
the next day.
"""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gui.main_window import MainWindow
from gui.wizard.window import RESULT, RUN
from imaging.phantom import make_phantom
from imaging.phantom_files import TRUTH_FILE, dicom_of
from tests.e2e.window import PATIENCE_MS, OpenWindow, practice_bundle, settle
from tests.e2e.window import drop as drop_films
from tests.e2e.wizard_hands import choose, click, on_plan_page, plan_of, type_in, wizard_of
from tests.no_network import network_off
from training.running.events import Finished
from training.running.run_dir import HEARTBEAT, RunDir
from training.running.runs import known_runs

FIRST_SEED = 700_000  # neither of the example films nor of those that the practice model knows
SIZE_PX = (192, 192)


@pytest.fixture
def notes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The network is off; the folder in which each process notes what it asked for."""
    with network_off(tmp_path / "network") as environment:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        yield tmp_path / "network"


@pytest.fixture
def ward(tmp_path: Path) -> Path:
    """Films of a ward in class folders, each of a patient of its own, and two new films beside them."""
    for number in range(80):
        label = ("CLEAR", "OPACITY")[number % 2]
        write_film(tmp_path / "ward" / label / f"film-{number:02d}.dcm", number, 2 * (number % 2))
    write_film(tmp_path / "new" / "1-ill.dcm", 800, 2)
    write_film(tmp_path / "new" / "2-clear.dcm", 801, 0)
    return tmp_path / "ward"


def write_film(path: Path, number: int, opacities: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    film = dicom_of(make_phantom(FIRST_SEED + number, SIZE_PX, opacities), number)
    film.PatientID = f"W{number}"
    film.save_as(path, enforce_file_format=True)


def flagged(window: MainWindow) -> dict[str, bool]:
    """Which films of the list are flagged, by file name."""
    review = window.controller.review
    return {entry.path.name: review.rows.is_flagged(row) for row, entry in enumerate(review.entries)}


def open_practice_films(window: MainWindow, qtbot: Any) -> None:
    window.actions_by_name["practice"].trigger()
    qtbot.waitUntil(lambda: len(window.controller.review.entries) == 12, timeout=PATIENCE_MS)
    settle(qtbot, window)


def train(window: MainWindow, ward: Path, qtbot: Any) -> Finished:
    """From the films to the result page, with the bundled practice backbone."""
    wizard = wizard_of(window, qtbot)
    on_plan_page(wizard, ward, qtbot)
    assert plan_of(wizard).network.mode == "quick"
    choose(wizard.plan.start.backbone, "tiny_fine")
    assert plan_of(wizard).network.start.bundle == "practice@1"
    type_in(wizard.plan.head.name, "Ward 3")
    click(wizard.forward)
    qtbot.waitUntil(lambda: wizard.current == RUN, timeout=PATIENCE_MS)
    qtbot.waitUntil(lambda: wizard.run.is_finished, timeout=PATIENCE_MS)
    finished = RunDir(known_runs()[0]).finished
    assert isinstance(finished, Finished)
    click(wizard.run.head.result)
    assert wizard.current == RESULT
    qtbot.waitUntil(lambda: wizard.result.judgement is not None, timeout=PATIENCE_MS)
    click(wizard.result.cards.head.open_model)
    wizard.close()
    return finished


def test_the_first_hour(open_window: OpenWindow, ward: Path, notes: Path, user_data: Path, qtbot: Any) -> None:
    practice_bundle()
    with pytest.raises(OSError, match="the network is off"):
        urllib.request.urlopen("https://example.org")
    asked_by_us = len(list(notes.glob("*.asked")))

    first = open_window()
    open_practice_films(first, qtbot)
    truth = json.loads((user_data / "practice films" / TRUTH_FILE).read_text(encoding="utf-8"))["films"]
    said = flagged(first)
    assert all(said[name] for name, drawn in truth.items() if len(drawn["opacities"]) > 1)
    assert not any(said[name] for name, drawn in truth.items() if not drawn["opacities"])
    finished = train(first, ward, qtbot)
    assert finished.measures["OPACITY.auc"] > 0.9
    run = known_runs()[0]
    worker = int((run / HEARTBEAT).read_text(encoding="ascii").split()[0])
    assert (notes / f"{worker}.asked").exists(), "the network was off for the run's process too"
    first.actions_by_name["close_films"].trigger()
    drop_films(first, [ward.parent / "new"])
    settle(qtbot, first)
    review = first.controller.review
    assert review.model is not None
    assert review.model.id == "ward-3@1"
    assert flagged(first) == {"1-ill.dcm": True, "2-clear.dcm": False}
    scores = [finding.probability for entry in review.entries for finding in review.findings(entry.key)]
    click(first.findings.cards["OPACITY"].agree)
    first.close()

    second = open_window()
    settle(qtbot, second)
    review = second.controller.review
    assert review.model is not None
    assert review.model.id == "ward-3@1", "the model that was chosen last"
    drop_films(second, [ward.parent / "new"])
    settle(qtbot, second)
    again = [finding.probability for entry in review.entries for finding in review.findings(entry.key)]
    assert again == pytest.approx(scores, abs=1e-6)
    assert second.findings.cards["OPACITY"].agree.isChecked(), "what was decided"
    wizard = wizard_of(second, qtbot)
    qtbot.waitUntil(lambda: wizard.run.is_finished, timeout=PATIENCE_MS)
    assert wizard.run.path == run
    wizard.go_to(RESULT)
    qtbot.waitUntil(lambda: wizard.result.judgement is not None, timeout=PATIENCE_MS)
    assert wizard.result.shown is not None
    assert wizard.result.shown.bundle == finished.bundle
    wizard.close()
    notes_of = {path.name: path.read_text(encoding="utf-8") for path in notes.glob("*.asked")}
    assert sum(map(bool, notes_of.values())) == asked_by_us, notes_of
