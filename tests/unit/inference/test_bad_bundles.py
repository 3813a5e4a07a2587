"""Bad bundles one by one, all of them with hashes made right by a forger: one sentence from every door, and no harm."""

from __future__ import annotations

import dataclasses
import io
import json
import pickle
import re
import shutil
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper
from PIL import Image
from safetensors.torch import load, save

from inference import models_command, screen_command
from inference.bundles.bundle import CARD, ModelBundle
from inference.bundles.card import GATE, GRAPH, LICENCE, WEIGHTS, GateSpec, Measure
from inference.bundles.models_dir import user_models_folder
from inference.engines.engine import INPUT
from inference.gate.gate import LIMITS
from tests.bombs import Bomb
from tests.bundles import blank_gate, copy_with, multi_label_card
from tests.commands import commanded

TRACE = "exploded"
Damage = Callable[[ModelBundle, Path], object]  # makes a damaged copy of a bundle in a folder


def pickled(folder: Path) -> bytes:
    return pickle.dumps(Bomb(folder.parent / TRACE))


def torch_file(folder: Path) -> bytes:
    """A pickle as torch writes it, in a zip archive."""
    stream = io.BytesIO()
    torch.save({"head.weight": Bomb(folder.parent / TRACE)}, stream)
    return stream.getvalue()


def holding(name: str, content: Callable[[Path], bytes]) -> Damage:
    """A damage by which a file holds something else, with its hash made right."""
    return lambda bundle, folder: copy_with(bundle, folder, {name: content(folder)})


def altered(name: str, change: Callable[[Path], object]) -> Damage:
    """A damage done to a file after the bundle was sealed."""
    return lambda bundle, folder: change(Path(shutil.copytree(bundle.location, folder)) / name)


def with_graph(change: Callable[[onnx.ModelProto], object]) -> Damage:
    def damage(bundle: ModelBundle, folder: Path) -> None:
        model = onnx.load_model_from_string(bundle.content(GRAPH))
        change(model)
        copy_with(bundle, folder, {GRAPH: model.SerializeToString()})

    return damage


def half_a_graph(_: Path) -> bytes:
    """Cut within a field, so that the lengths of protobuf do not come out."""
    graph = helper.make_graph([helper.make_node("Identity", [INPUT], ["logits"])], "half", [], [])
    return bytes(helper.make_model(graph).SerializeToString()[:-20])


def extra_tensors(bundle: ModelBundle, folder: Path) -> None:
    tensors = load(bundle.content(WEIGHTS)) | {"head.extra": torch.zeros(1)}
    copy_with(bundle, folder, {WEIGHTS: save(tensors)})


def unheard_of_number(_: Path) -> bytes:
    """A safetensors file of a type that torch does not have."""
    header = json.dumps({"a": {"dtype": "F8_E8M0", "shape": [8], "data_offsets": [0, 8]}}).encode()
    return struct.pack("<Q", len(header)) + header + bytes(8)


def make_newer(card: Path) -> None:
    body = json.loads(card.read_text(encoding="utf-8"))
    card.write_text(json.dumps(body | {"schema": 3}), encoding="utf-8")


def other_labels(bundle: ModelBundle, folder: Path) -> None:
    copy_with(
        ModelBundle(dataclasses.replace(multi_label_card(), files=bundle.card.files), bundle.location), folder, {}
    )


def with_gate(content: Callable[[Path], bytes]) -> Damage:
    """A bundle with a gate that is none."""
    spec = GateSpec(1, "validation films", 10, Measure(0.98, 0.97, 0.99), dict.fromkeys(LIMITS, 0.0))
    return lambda bundle, folder: copy_with(bundle, folder, {GATE: content(folder)}, gate=spec)


def empty_safetensors(_: Path) -> bytes:
    return bytes(save({"nothing": torch.zeros(1)}))


def gate_of_another_network(_: Path) -> bytes:
    """All that a gate holds, for an embedding of three numbers."""
    return blank_gate(3)


def external(location: str) -> Damage:
    def change(model: onnx.ModelProto) -> None:
        tensor = model.graph.initializer[0]
        tensor.ClearField("raw_data")
        tensor.data_location = TensorProto.EXTERNAL
        tensor.external_data.add(key="location", value=location)

    return with_graph(change)


def operator(name: str, domain: str = "") -> Damage:
    node = helper.make_node(name, [INPUT], ["unused"], domain=domain)
    return with_graph(lambda model: model.graph.node.append(node))


def endless_loop(model: onnx.ModelProto) -> None:
    """Loop without a trip count, whose condition stays true: the first film would never end."""
    body = helper.make_graph(
        [helper.make_node("Identity", ["condition"], ["goes_on"])],
        "body",
        [
            helper.make_tensor_value_info("number", TensorProto.INT64, []),
            helper.make_tensor_value_info("condition", TensorProto.BOOL, []),
        ],
        [helper.make_tensor_value_info("goes_on", TensorProto.BOOL, [])],
    )
    model.graph.initializer.append(helper.make_tensor("true", TensorProto.BOOL, [], [True]))
    model.graph.node.insert(0, helper.make_node("Loop", ["", "true"], [], body=body))


def texts_for_logits(model: onnx.ModelProto) -> None:
    model.graph.output[0].type.tensor_type.elem_type = TensorProto.STRING


def whole_numbers_for_films(model: onnx.ModelProto) -> None:
    model.graph.input[0].type.tensor_type.elem_type = TensorProto.INT64


def more_maps_than_labels(model: onnx.ModelProto) -> None:
    model.graph.output[1].type.tensor_type.shape.dim[1].dim_value = 7


def nothing_that_can_be_run(model: onnx.ModelProto) -> None:
    """The logits of films in rows of five: that there are not so many shows only when it runs."""
    for node in model.graph.node:
        node.output[:] = ["inner" if name == "logits" else name for name in node.output]
    model.graph.initializer.append(helper.make_tensor("rows", TensorProto.INT64, [2], [-1, 5]))
    model.graph.node.append(helper.make_node("Reshape", ["inner", "rows"], ["logits"]))


ANY, ONNX, TORCH = ("onnx", "torch"), ("onnx",), ("torch",)
# What is damaged, the words of the refusal, and the engines that meet it: each reads its own file only.
DAMAGES: dict[str, tuple[Damage, str, tuple[str, ...]]] = {
    "wrong hash": (altered(LICENCE, lambda file: file.write_text("another licence")), "LICENSE.txt was changed", ANY),
    "missing file": (altered(GRAPH, Path.unlink), "lacks its file graph.onnx", ANY),
    "extra file": (altered("setup.py", Path.touch), "files that its card does not name", ANY),
    "newer schema": (altered(CARD, make_newer), "newer Negatoscope", ANY),
    "pickle as card": (altered(CARD, lambda file: file.write_bytes(pickled(file.parent))), "card is damaged", ANY),
    "torch file as card": (
        altered(CARD, lambda file: file.write_bytes(torch_file(file.parent))),
        "card is damaged",
        ANY,
    ),
    "other labels": (other_labels, "does not give the labels|do not fit the network", ANY),
    "extra tensors": (extra_tensors, "do not fit the network", TORCH),
    "unheard-of number": (holding(WEIGHTS, unheard_of_number), "weights are damaged", TORCH),
    "pickle as weights": (holding(WEIGHTS, pickled), "weights are damaged", TORCH),
    "torch file as weights": (holding(WEIGHTS, torch_file), "weights are damaged", TORCH),
    "pickle as graph": (holding(GRAPH, pickled), "graph is damaged|does not take the films", ONNX),
    "torch file as graph": (holding(GRAPH, torch_file), "graph is damaged|does not take the films", ONNX),
    "pickle as gate": (with_gate(pickled), r"gate\.safetensors is damaged", ANY),
    "torch file as gate": (with_gate(torch_file), r"gate\.safetensors is damaged", ANY),
    "unheard-of number in the gate": (with_gate(unheard_of_number), r"gate\.safetensors is damaged", ANY),
    "another gate": (with_gate(empty_safetensors), "gate is damaged", ANY),
    "gate of another network": (with_gate(gate_of_another_network), "gate is that of another network", ANY),
    "half a graph": (holding(GRAPH, half_a_graph), "graph is damaged", ONNX),
    "data outside": (external("../../../../../../etc/hostname"), "data from other files", ONNX),
    "data at an absolute place": (external("/etc/hostname"), "data from other files", ONNX),
    "data beside, without a hash": (external(WEIGHTS), "data from other files", ONNX),
    "custom operator": (operator("Launch", "com.example"), "operators of its own", ONNX),
    "operator of the runtime's own": (operator("FusedMatMul", "com.microsoft"), "operators of its own", ONNX),
    "unheard-of operator": (operator("Launch"), "graph can't be loaded", ONNX),
    "endless loop": (with_graph(endless_loop), "loops or branches", ONNX),
    "texts for logits": (with_graph(texts_for_logits), "does not give the labels", ONNX),
    "whole numbers for films": (with_graph(whole_numbers_for_films), "does not take the films", ONNX),
    "more maps than labels": (with_graph(more_maps_than_labels), "does not give the labels", ONNX),
}
CASES = [(name, engine) for name, (_, _, engines) in DAMAGES.items() for engine in engines]


@pytest.fixture
def film(tmp_path: Path) -> Path:
    pixels = np.random.default_rng(3).integers(0, 256, (70, 90), np.uint8)
    Image.fromarray(pixels).save(tmp_path / "film.png")
    return tmp_path / "film.png"


@pytest.mark.parametrize(("name", "engine"), CASES)
def test_screening_with_a_bad_bundle_is_one_sentence(
    bundle: ModelBundle, film: Path, tmp_path: Path, name: str, engine: str
) -> None:
    damage, words, _ = DAMAGES[name]
    damage(bundle, tmp_path / "bad")
    target, model = tmp_path / "r.jsonl", str(tmp_path / "bad")
    status, said, complaint = commanded(
        screen_command, str(film), "--model", model, "--out", str(target), "--engine", engine, "--device", "cpu"
    )
    assert (status, said) == (2, "")
    assert complaint.count("\n") == 1
    assert re.search(words, complaint)
    assert not target.exists()
    assert not (tmp_path / TRACE).exists()


@pytest.mark.parametrize("name", DAMAGES)
def test_verifying_a_bad_bundle_finds_what_one_engine_would_not(bundle: ModelBundle, tmp_path: Path, name: str) -> None:
    damage, words, _ = DAMAGES[name]
    damage(bundle, tmp_path / "bad")
    status, said, complaint = commanded(models_command, "verify", str(tmp_path / "bad"))
    assert (status, said) == (3, "")
    assert re.search(words, complaint)
    assert not (tmp_path / TRACE).exists()


def test_verifying_runs_the_graph(bundle: ModelBundle, tmp_path: Path) -> None:
    with_graph(nothing_that_can_be_run)(bundle, tmp_path / "bad")
    status, said, complaint = commanded(models_command, "verify", str(tmp_path / "bad"))
    assert (status, said, complaint) == (3, "", "The model's graph can't be run, or gives something else.\n")


def test_bad_bundles_among_the_models_leave_the_others_in_use(bundle: ModelBundle, film: Path, tmp_path: Path) -> None:
    """One for each damage, some of which show on use alone: the list stands, and another model analyses."""
    user_models_folder().mkdir()
    for number, (damage, _, _) in enumerate(DAMAGES.values()):
        damage(bundle, user_models_folder() / f"bad {number}")
    assert commanded(models_command, "list")[0] == 0
    status, _, complaint = commanded(
        screen_command, str(film), "--model", "practice", "--out", str(tmp_path / "r.jsonl")
    )
    assert (status, complaint) == (0, "")
    assert not (user_models_folder() / TRACE).exists()
