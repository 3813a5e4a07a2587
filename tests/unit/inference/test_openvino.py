"""OpenVINO, where it is installed, says what ONNX Runtime says."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import onnx
import pytest

from imaging.paths import resource_path
from inference.bundles.bundle import ModelBundle
from inference.bundles.card import GRAPH, BundleError
from inference.bundles.models_verify import relative_difference
from inference.doctor import examine
from inference.engines.device import choose_engine
from inference.engines.engine import EngineError, Floats
from inference.engines.engine_choice import VARIABLE
from inference.engines.engine_times import remembered
from inference.scoring.scores import probabilities
from tests.bundles import came_with_the_program, copy_with, write_trial_bundle

pytest.importorskip("openvino", reason="the optional engine is not installed (bootstrap.py test installs it)")
from inference.engines.openvino_engine import OpenVinoEngine

ALONE = """
import os, sys
from pathlib import Path
asked, written = [], []
def watch(event, arguments):
    if event.startswith(("socket.", "urllib.", "http.")):
        asked.append(event)
    if event == "open" and isinstance(arguments[1], str) and set(arguments[1]) & set("wax+"):
        written.append(str(arguments[0]))
sys.addaudithook(watch)
import numpy as np
from inference.bundles.models_dir import find
from inference.engines.openvino_engine import OpenVinoEngine
engine = OpenVinoEngine(find(sys.argv[1]), "alone")
engine.run(np.zeros((1, 1, 64, 64), np.float32))
assert not asked, asked
assert not written, written
heavy = {"torch", "onnxruntime"} & set(sys.modules)
assert not heavy, heavy
"""


@pytest.fixture(scope="module")
def engine(bundle: ModelBundle) -> OpenVinoEngine:
    return OpenVinoEngine(bundle, "as asked for")


@pytest.mark.parametrize("which", ["bundle", "multi_bundle"])
def test_it_agrees_with_onnx_runtime(which: str, films: Floats, request: pytest.FixtureRequest) -> None:
    """Far closer than bfloat16 would be, which it takes by itself where the processor has it."""
    chosen = request.getfixturevalue(which)
    outputs = [made.run(films) for made in (choose_engine(chosen, "onnx"), OpenVinoEngine(chosen, ""))]
    scores = [probabilities(chosen.card, output.logits) for output in outputs]
    assert np.abs(scores[0] - scores[1]).max() <= 1e-6
    assert relative_difference(outputs[1].class_maps, outputs[0].class_maps) <= 1e-5
    assert relative_difference(outputs[1].embedding, outputs[0].embedding) <= 1e-5
    assert all(part.dtype == np.float32 for part in (outputs[1].logits, outputs[1].class_maps, outputs[1].embedding))


@pytest.mark.parametrize("name", ["pneumonia", "practice"])
def test_it_agrees_on_the_bundled_models(name: str) -> None:
    bundled = came_with_the_program(name)
    side = bundled.card.preprocess.size_px
    films = np.random.default_rng(2).random((2, 1, side, side), dtype=np.float32)
    outputs = [made.run(films) for made in (choose_engine(bundled, "onnx"), OpenVinoEngine(bundled, ""))]
    assert np.abs(np.subtract(*(probabilities(bundled.card, output.logits) for output in outputs))).max() <= 1e-5
    assert relative_difference(outputs[1].class_maps, outputs[0].class_maps) <= 1e-4


def test_a_film_scores_the_same_whatever_its_batch(engine: OpenVinoEngine, bundle: ModelBundle, films: Floats) -> None:
    together = probabilities(bundle.card, engine.run(films).logits)
    alone = np.concatenate([engine.run(films[index : index + 1]).logits for index in range(7)])
    assert np.abs(probabilities(bundle.card, alone) - together).max() <= 1e-6


def test_an_output_outlives_the_next_run(engine: OpenVinoEngine, films: Floats) -> None:
    first = engine.run(films[:1])
    kept = first.class_maps.copy()
    engine.run(films[1:2])
    assert np.array_equal(first.class_maps, kept)


def test_threads_may_share_it(bundle: ModelBundle, films: Floats) -> None:
    engine = OpenVinoEngine(bundle, "", threads=1)
    singly = [engine.run(films[index : index + 1]).class_maps for index in range(7)]
    with ThreadPoolExecutor(4) as pool:
        shared = list(pool.map(lambda turn: engine.run(films[turn % 7 : turn % 7 + 1]).class_maps, range(70)))
    assert all(np.array_equal(maps, singly[turn % 7]) for turn, maps in enumerate(shared))


def test_a_film_of_another_size_is_an_error_of_the_engine(engine: OpenVinoEngine, films: Floats) -> None:
    with pytest.raises(EngineError):
        engine.run(films[:, :, :30, :30])
    assert engine.run(films).logits.shape == (7, 1)


def test_hostile_and_broken_graphs_are_refused(bundle: ModelBundle, tmp_path: Path) -> None:
    model = onnx.load_model_from_string(bundle.content(GRAPH))
    model.graph.node[-1].op_type = "Gemmm"
    broken = copy_with(bundle, tmp_path / "broken", {GRAPH: model.SerializeToString()})
    with pytest.raises(BundleError, match="can't be loaded in OpenVINO"):
        OpenVinoEngine(broken, "")
    model.opset_import.add(domain="com.example", version=1)
    hostile = copy_with(bundle, tmp_path / "hostile", {GRAPH: model.SerializeToString()})
    with pytest.raises(BundleError, match="operators of its own"):
        OpenVinoEngine(hostile, "")


def test_it_writes_nothing_asks_no_network_and_needs_no_other_engine(tmp_path: Path) -> None:
    bundle = write_trial_bundle(tmp_path / "trial@1")
    home = tmp_path / "home"
    home.mkdir()
    environment = {**os.environ, "HOME": str(home), "TMPDIR": str(home), "PYTHONDONTWRITEBYTECODE": "1"}
    environment["PYTHONPATH"] = str(resource_path().parent)
    subprocess.run([sys.executable, "-c", ALONE, bundle.location], check=True, timeout=300, cwd=home, env=environment)
    assert list(home.iterdir()) == []


def test_the_faster_engine_is_taken_and_doctor_says_what_was_measured(
    bundle: ModelBundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(VARIABLE)
    engine = choose_engine(bundle, device="cpu")
    measured = remembered(bundle, 0)
    assert measured is not None
    assert {timed.engine for timed in measured.ways} == {"onnx", "openvino"}
    assert engine.name == f"{measured.ways[0].engine}-cpu"
    assert "here" in engine.why
    report = examine()
    assert {"ONNX Runtime", "OpenVINO"} <= set(report.measured) or not report.engine.endswith("-cpu")
    assert all(time > 0 for time in report.measured.values())
    assert report.libraries["openvino"]
