"""Faults while films are analysed, injected at the engine: the film says so in a sentence, and the others go on."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import TensorProto, helper
from PIL import Image

from imaging.errors import FilmError, NegatoscopeError
from imaging.progress import CancelToken
from imaging.study import ImageRef
from inference import screen_command
from inference.bundles.bundle import ModelBundle
from inference.bundles.card import GRAPH
from inference.bundles.models_verify import verify
from inference.engines.device import choose_engine
from inference.engines.engine import INPUT, Engine, EngineError, EngineLostError, EngineMemoryError, Floats, Output
from inference.engines.fallback import FallbackEngine
from inference.networks.backbones import BACKBONES
from inference.scoring.pipeline import Analyser
from tests import dicom_files
from tests.bundles import SIZE_PX, copy_with
from tests.commands import commanded

FILMS = 11
MARKED = 5  # the film that faults are about: white all over
Fault = Callable[[Floats, Output], Output]


@pytest.fixture
def films(tmp_path: Path) -> Path:
    folder = tmp_path / "films"
    folder.mkdir()
    generator = np.random.default_rng(3)
    for index in range(FILMS):
        pixels = generator.integers(0, 200, (60, 90), np.uint8)
        Image.fromarray(np.full_like(pixels, 255) if index == MARKED else pixels).save(folder / f"{index:02}.png")
    return folder


def marked(films: Floats) -> np.ndarray:
    """Which of a batch is the film that faults are about."""
    return np.asarray((films == 1).all(axis=(1, 2, 3)))


@dataclass
class FaultyEngine:
    """The bundle's own engine with a fault at its edge, under the name of a GPU."""

    inner: Engine
    fault: Callable[[int, Floats], None] = lambda call, films: None
    spoil: Fault = lambda films, output: output
    name: str = "torch-cuda"
    why: str = "PyTorch on the GPU"
    calls: list[int] = field(default_factory=list)

    def run(self, films: Floats) -> Output:
        self.calls.append(len(films))
        self.fault(len(self.calls), films)
        return self.spoil(films, self.inner.run(films))


def screened(
    monkeypatch: pytest.MonkeyPatch, engine: Engine, bundle: ModelBundle, *paths: Path
) -> tuple[int, list[dict[str, Any]]]:
    """The exit status of `screen` on this engine, and its lines."""
    monkeypatch.setattr("inference.engines.device.choose_engine", lambda *_, **__: engine)
    target = paths[0].parent / "r.jsonl"
    done = commanded(screen_command, *paths, "--model", bundle.location, "--out", target)
    assert done.err == ""
    return done.status, [json.loads(line) for line in target.read_text(encoding="utf-8").splitlines()]


@pytest.fixture
def scores(bundle: ModelBundle, films: Path, monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """What an engine without a fault says of each film."""
    status, rows = screened(monkeypatch, choose_engine(bundle, "onnx"), bundle, films)
    assert status == 0
    return [row["findings"][0]["probability"] for row in rows]


def out_of_memory(room: int) -> Callable[[int, Floats], None]:
    def fault(call: int, films: Floats) -> None:
        if len(films) > room:
            raise EngineMemoryError("The memory for the network ran out.")

    return fault


def gone_from(first: int) -> Callable[[int, Floats], None]:
    def fault(call: int, films: Floats) -> None:
        if call >= first:
            raise EngineLostError("The GPU stopped answering.")

    return fault


GPU_FAULTS = {
    "room for two": (out_of_memory(2), "torch-cuda"),
    "room for none": (out_of_memory(0), "onnx-cpu"),
    "gone": (gone_from(1), "onnx-cpu"),
}


@pytest.mark.parametrize("name", GPU_FAULTS)
def test_a_gpu_that_fails_costs_no_film(
    bundle: ModelBundle, films: Path, scores: list[float], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    fault, last_engine = GPU_FAULTS[name]
    gpu = FaultyEngine(choose_engine(bundle, "onnx"), fault)
    engine = FallbackEngine(gpu, lambda reason: choose_engine(bundle, "onnx"))
    status, rows = screened(monkeypatch, engine, bundle, films)
    assert status == 0
    assert [row["findings"][0]["probability"] for row in rows] == pytest.approx(scores, abs=1e-6)
    assert rows[-1]["engine"] == last_engine


def test_a_gpu_that_disappears_in_the_middle_costs_no_film(
    bundle: ModelBundle, films: Path, scores: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first batch passes, and the GPU is gone at the second."""
    gpu = FaultyEngine(choose_engine(bundle, "onnx"), gone_from(2))
    engine = FallbackEngine(gpu, lambda reason: choose_engine(bundle, "onnx"))
    status, rows = screened(monkeypatch, engine, bundle, films)
    assert status == 0
    assert [row["findings"][0]["probability"] for row in rows] == pytest.approx(scores, abs=1e-6)
    (first, *_), passed = gpu.calls, [row["engine"] for row in rows]
    assert 0 < first < FILMS
    assert passed == ["torch-cuda"] * first + ["onnx-cpu"] * (FILMS - first)


def failing_on_the_marked(error: EngineError) -> Callable[[int, Floats], None]:
    def fault(call: int, films: Floats) -> None:
        if marked(films).any():
            raise error

    return fault


def spoilt(part: str, value: float) -> Fault:
    def spoil(films: Floats, output: Output) -> Output:
        getattr(output, part)[marked(films)] = value
        return output

    return spoil


NO_SCORE = "The model gave no usable score for this film."
FAULTS: dict[str, tuple[dict[str, Any], str]] = {
    "NaN logit": ({"spoil": spoilt("logits", np.nan)}, NO_SCORE),
    "infinite logit": ({"spoil": spoilt("logits", np.inf)}, NO_SCORE),
    "NaN in the map": ({"spoil": spoilt("class_maps", np.nan)}, NO_SCORE),
    "NaN in the embedding": ({"spoil": spoilt("embedding", np.nan)}, NO_SCORE),
    "engine fails": (
        {"fault": failing_on_the_marked(EngineError("The network could not be run on this film."))},
        "The network could not be run on this film.",
    ),
    "no memory": (
        {"fault": failing_on_the_marked(EngineMemoryError("The memory for the network ran out."))},
        "The memory for the network ran out.",
    ),
    "device lost": (
        {"fault": failing_on_the_marked(EngineLostError("The GPU stopped answering."))},
        "The GPU stopped answering.",
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_film_that_can_not_be_analysed_leaves_its_neighbours_alone(
    bundle: ModelBundle, films: Path, scores: list[float], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    changes, words = FAULTS[name]
    status, rows = screened(monkeypatch, FaultyEngine(choose_engine(bundle, "onnx"), **changes), bundle, films)
    assert status == 3
    assert rows[MARKED]["error"] == {"code": "analysis_failed", "message": words}
    assert rows[MARKED]["findings"] == []
    others = [row["findings"][0]["probability"] for row in rows if row["error"] is None]
    assert others == pytest.approx([*scores[:MARKED], *scores[MARKED + 1 :]], abs=1e-6)


@pytest.mark.parametrize("name", FAULTS)
def test_an_analyser_goes_on_after_a_film_that_can_not_be_analysed(
    bundle: ModelBundle, films: Path, scores: list[float], name: str
) -> None:
    changes, words = FAULTS[name]
    analyser = Analyser(bundle, FaultyEngine(choose_engine(bundle, "onnx"), **changes))
    with pytest.raises(FilmError, match=words):
        analyser.analyse(ImageRef(films / f"{MARKED:02}.png"), CancelToken())
    result = analyser.analyse(ImageRef(films / "00.png"), CancelToken())
    assert result.findings[0].probability == pytest.approx(scores[0], abs=1e-6)


CONSTANT: dict[str, Callable[[Path], object]] = {
    "black png": lambda path: Image.fromarray(np.zeros((50, 60), np.uint8)).save(path, "png"),
    "white png": lambda path: Image.fromarray(np.full((50, 60), 255, np.uint8)).save(path, "png"),
    "16-bit png": lambda path: Image.fromarray(np.full((50, 60), 40_000, np.uint16)).save(path, "png"),
    "colour png": lambda path: Image.new("RGB", (60, 50), (90, 10, 200)).save(path, "png"),
    "jpeg": lambda path: Image.new("L", (60, 50), 128).save(path, "jpeg"),
    "dicom zero": lambda path: dicom_files.write_dicom(path, np.zeros((40, 50), np.uint16)),
    "dicom full": lambda path: dicom_files.write_dicom(path, np.full((40, 50), 4095, np.uint16)),
}


def test_constant_films_disturb_nobody(
    bundle: ModelBundle, films: Path, scores: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, write in CONSTANT.items():
        write(films / f"x {name}")
    status, rows = screened(monkeypatch, choose_engine(bundle, "onnx"), bundle, films)
    assert status == 0
    assert [row["findings"][0]["probability"] for row in rows[:FILMS]] == pytest.approx(scores, abs=1e-6)
    found = [row["findings"][0]["probability"] for row in rows[FILMS:]]
    assert len(found) == len(CONSTANT)
    assert all(0 < probability < 1 for probability in found)


def mixing_graph(bundle: ModelBundle, folder: Path) -> ModelBundle:
    """A graph that names the right shapes and gives one logit for all films together, their mean."""
    shapes: dict[str, list[int | str]] = {
        "logits": ["n", 1],
        "class_maps": ["n", 1, "h", "w"],
        "embedding": ["n", "d"],
    }
    outputs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in shapes.items()]
    nodes = [
        helper.make_node("ReduceMean", [INPUT], ["class_maps"], keepdims=1),
        helper.make_node("Flatten", ["class_maps"], ["logits"]),
        helper.make_node("Expand", ["logits", "channels"], ["embedding"]),
    ]
    films = helper.make_tensor_value_info(INPUT, TensorProto.FLOAT, ["n", 1, SIZE_PX, SIZE_PX])
    channels = helper.make_tensor("channels", TensorProto.INT64, [2], [1, BACKBONES["tiny"].channels])
    graph = helper.make_graph(nodes, "mixing", [films], outputs, [channels])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    return copy_with(bundle, folder, {GRAPH: model.SerializeToString()})


def test_a_graph_that_mixes_its_films_up_is_asked_film_by_film(bundle: ModelBundle, films: Path) -> None:
    mixing = mixing_graph(bundle, films.parent / "mixing")
    analyser = Analyser(mixing, choose_engine(mixing, "onnx"))
    refs = [ImageRef(films / f"{index:02}.png") for index in (0, 1, MARKED)]
    outcomes = analyser.results([analyser.load(ref) for ref in refs])
    for ref, outcome in zip(refs, outcomes, strict=True):
        assert not isinstance(outcome, FilmError)
        assert outcome.findings == analyser.analyse(ref, CancelToken()).findings
    with pytest.raises(NegatoscopeError, match="gives something else"):
        verify(mixing)


def test_an_engine_that_gives_too_little_is_an_error_of_each_film(bundle: ModelBundle, films: Path) -> None:
    def nothing(films: Floats, output: Output) -> Output:
        return Output(output.logits[:0], output.class_maps[:0], output.embedding[:0])

    analyser = Analyser(bundle, FaultyEngine(choose_engine(bundle, "onnx"), spoil=nothing))
    outcomes = analyser.results([analyser.load(ImageRef(films / f"{index:02}.png")) for index in range(3)])
    assert {outcome.message for outcome in outcomes if isinstance(outcome, FilmError)} == {
        "The model's graph gave something else than its card names."
    }
    assert len(outcomes) == 3
