"""Films, models and windows for the main flows. All are real: the network is a tiny one with random weights."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtWidgets import QApplication

from gui.app import build_window
from gui.jobs import Jobs
from gui.main_window import MainWindow
from gui.theme import apply_theme
from imaging.phantom_files import write_examples
from imaging.progress import CancelToken
from imaging.study import ImageRef
from inference.bundles.bundle import ModelBundle, write_bundle
from inference.bundles.card import OperatingPoints, OperatingRow
from inference.engines.device import choose_engine
from inference.scoring.pipeline import Analyser
from tests.bundles import card_of, random_network, write_trial_bundle
from tests.e2e.run_pages import start_run
from tests.e2e.training_process import SMALL
from tests.e2e.window import PATIENCE_MS, OpenWindow, film_paths
from tests.e2e.wizard_hands import OpenWizard, wizard_of
from tests.square_films import write_square_csv, write_square_films
from training.running.run_dir import RunDir

FILM_PX = (256, 256)


@pytest.fixture(scope="session")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of five films, DICOM and PNG, without the name of a model."""
    folder = tmp_path_factory.mktemp("ward")
    write_examples(folder, 5, size_px=FILM_PX)
    (folder / "negatoscope.json").unlink()
    return folder


@pytest.fixture(scope="session")
def trial(tmp_path_factory: pytest.TempPathFactory) -> ModelBundle:
    """The tiny network with random weights."""
    return write_trial_bundle(tmp_path_factory.mktemp("models") / "trial@1")


@pytest.fixture(scope="session")
def parted(tmp_path_factory: pytest.TempPathFactory, films: Path, trial: ModelBundle) -> ModelBundle:
    """The same network with a table of operating points that parts the films of `films`.

    At the recommended point the upper half of them is flagged; at the most sensitive one all are.
    """
    analyser = Analyser(trial, choose_engine(trial, "onnx", "cpu"))
    results = [analyser.analyse(ImageRef(path), CancelToken()) for path in film_paths(films)]
    scores = sorted(result.findings[0].probability for result in results)
    middle = (scores[1] + scores[2]) / 2
    points = OperatingPoints(
        recommended=middle,
        films=50,
        patients=48,
        described="validation films of the same hospital",
        ill=20,
        healthy=30,
        rows=(OperatingRow(scores[0] / 2, 20, 30), OperatingRow(middle, 19, 6), OperatingRow(1.0, 10, 0)),
    )
    card = card_of(name="parted", operating={"OPACITY": points})
    card = dataclasses.replace(card, files={})
    return write_bundle(tmp_path_factory.mktemp("models") / "parted@1", card, random_network(card))


@pytest.fixture
def open_window(qapp: QApplication, qtbot: Any) -> Iterator[OpenWindow]:
    """Makes windows, shown and started; closes them after the test, and no thread is left."""
    if not qapp.styleSheet():
        apply_theme(qapp)
    made: list[MainWindow] = []

    def make(
        paths: Sequence[Path] = (), *, model: str = "", size_px: tuple[int, int] = (1280, 720), wait: bool = True
    ) -> MainWindow:
        window = build_window(paths, model=model)
        made.append(window)
        window.resize(*size_px)
        window.show()
        window.activateWindow()  # an X server without a window manager gives no window the keyboard by itself
        qtbot.waitUntil(window.isActiveWindow, timeout=PATIENCE_MS)
        qtbot.waitUntil(lambda: window.controller.started or not wait, timeout=PATIENCE_MS)
        return window

    yield make
    for window in made:
        window.close()
        window.deleteLater()


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Films, two finished runs on them, and a quick one that was to be the next version of the first."""
    folder = tmp_path_factory.mktemp("training")
    (folder / "films").mkdir()
    csv = write_square_csv(folder / "films", 120)
    (folder / "films" / "broken.png").write_text("no film", encoding="utf-8")
    with csv.open("a", encoding="utf-8") as rows:
        rows.write("broken.png,NORMAL,person900,F,30,PA\n")
    workers = [
        start_run(
            folder, name, "--data", str(csv), *SMALL, "--set", f"name={name}", "--set", f"learning.epochs={epochs}"
        )
        for name, epochs in (("long", 6), ("short", 2))
    ]
    assert [worker.wait(timeout=300) for worker in workers] == [0, 0]
    first = RunDir(folder / "runs" / "long").finished
    assert first is not None
    small = [f"network.start.bundle={first.bundle}" if word == "network.start.kind=scratch" else word for word in SMALL]
    quick = ["--data", str(csv), *small, "--recipe", "quick", "--set", "name=long"]
    quick += ["--models", str(folder / "models" / "long")]
    assert start_run(folder, "next", *quick).wait(timeout=300) == 0
    return folder


@pytest.fixture
def jobs(qapp: QApplication) -> Iterator[Jobs]:
    if not qapp.styleSheet():
        apply_theme(qapp)
    jobs = Jobs()
    yield jobs
    assert jobs.shutdown(10.0)


@pytest.fixture
def squares(tmp_path: Path) -> Path:
    """Noise, with a bright square in the class SQUARE; two films a patient, one film under both labels."""
    folder = write_square_films(tmp_path / "Ward 3", 68, patient_has=2)
    (folder / "SQUARE" / "person90_film_0.png").write_bytes((folder / "NORMAL" / "person0_film_0.png").read_bytes())
    return folder


@pytest.fixture
def open_wizard(open_window: OpenWindow, qtbot: Any) -> OpenWizard:
    """The wizard as the menu opens it, ready for films."""

    return lambda size_px=(1280, 720): wizard_of(open_window(), qtbot, size_px)
