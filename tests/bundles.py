"""Small real bundles for the tests: the tiny network with seeded random weights. Written in a fraction of a second."""

from __future__ import annotations

import dataclasses
import hashlib
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from safetensors.numpy import save

from imaging.paths import resource_path
from inference.bundles.bundle import CARD, ModelBundle, read_bundle, write_bundle
from inference.bundles.card import (
    GATE,
    GRAPH,
    QUANTISED,
    REFERENCE,
    Calibration,
    DataSummary,
    GateSpec,
    Measure,
    ModelCard,
    OperatingPoints,
    OperatingRow,
    QuantisedSpec,
    ReferenceSpec,
    StartRecord,
)
from inference.bundles.card_text import card_text
from inference.gate.gate import LIMITS, LOOKS
from inference.gate.gate_features import LAYOUT_LENGTH
from inference.networks.backbones import BACKBONES
from inference.networks.network import FilmNetwork, network_of
from inference.scoring.preprocess import PreprocessSpec

SIZE_PX = 64


def came_with_the_program(name: str) -> ModelBundle:
    """The bundled model of that name, whichever its version."""
    (folder,) = resource_path("models").glob(f"{name}@*")
    return read_bundle(folder)


def card_of(**changes: Any) -> ModelCard:
    """A card for two labels and one logit, on 20 ill and 30 healthy films that never were."""
    points = OperatingPoints(
        recommended=0.4,
        films=50,
        patients=48,
        described="validation films of the same hospital",
        ill=20,
        healthy=30,
        rows=(OperatingRow(0.0, 20, 30), OperatingRow(0.4, 19, 6), OperatingRow(0.6, 15, 1), OperatingRow(1.0, 0, 0)),
    )
    card = ModelCard(
        name="trial",
        version=1,
        title="Trial",
        labels=("NORMAL", "OPACITY"),
        normal_label="NORMAL",
        activation="sigmoid_one",
        backbone="tiny",
        start=StartRecord("scratch", "nothing"),
        preprocess=PreprocessSpec(size_px=SIZE_PX, mean=(0.5,), std=(0.25,)),
        calibration={"OPACITY": Calibration(1.5, 0.25)},
        operating={"OPACITY": points},
        heat_scale={"OPACITY": 0.02},
        metrics={},
        data=DataSummary("Films that never were.", 50, 48, "the tests", "MIT"),
        recipe={"seed": 1},
        intended_use="Tests.",
        limits=("It knows nothing.",),
        licence="MIT",
    )
    return dataclasses.replace(card, **changes)


def multi_label_card() -> ModelCard:
    """A card of three independent findings."""
    labels = ("EFFUSION", "MASS", "NODULE")
    points = card_of().operating["OPACITY"]
    return card_of(
        name="trial-multi",
        labels=labels,
        normal_label=None,
        activation="sigmoid",
        calibration=dict.fromkeys(labels, Calibration()),
        operating=dict.fromkeys(labels, points),
        heat_scale={"EFFUSION": 0.02, "MASS": 0.03, "NODULE": 0.04},
    )


def many_label_card(*recommended: float) -> ModelCard:
    """A card of as many independent findings, each with its own recommended point."""
    labels = tuple(f"FINDING_{number}" for number in range(len(recommended)))
    points = card_of().operating["OPACITY"]
    return dataclasses.replace(
        multi_label_card(),
        labels=labels,
        calibration=dict.fromkeys(labels, Calibration()),
        operating={
            name: dataclasses.replace(points, recommended=at) for name, at in zip(labels, recommended, strict=True)
        },
        heat_scale=dict.fromkeys(labels, 0.02),
    )


def random_network(card: ModelCard, seed: int = 1) -> FilmNetwork:
    """The card's network with seeded weights and batch-norm statistics of an ordinary size, in evaluation mode."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        network = network_of(card)
        for name, buffer in network.named_buffers():
            if name.endswith("running_mean"):
                buffer.normal_(0, 0.1)
            elif name.endswith("running_var"):
                buffer.uniform_(0.5, 1.5)
    return network.eval()


def write_trial_bundle(folder: Path, card: ModelCard | None = None, seed: int = 1) -> ModelBundle:
    """Write the bundle of a card (the one-logit card where none is given) with random weights."""
    chosen = card or card_of()
    return write_bundle(folder, chosen, random_network(chosen, seed))


def copy_with(bundle: ModelBundle, folder: Path, parts: Mapping[str, bytes], **changes: Any) -> ModelBundle:
    """A copy of a bundle with other optional files and a card that says so, sealed anew. No network is exported."""
    shutil.copytree(bundle.location, folder)
    for name, content in parts.items():
        (folder / name).write_bytes(content)
    digests = {name: hashlib.sha256(content).hexdigest() for name, content in parts.items()}
    card = dataclasses.replace(bundle.card, **changes, files={**bundle.card.files, **digests})
    (folder / CARD).write_bytes(card_text(card).encode("utf-8"))
    return ModelBundle(card, folder)


def with_open_gate(bundle: ModelBundle, folder: Path, **changes: Any) -> ModelBundle:
    """A copy of a bundle with a gate that goes by what the files say of themselves: every picture passes."""
    content = blank_gate(BACKBONES[bundle.card.backbone].channels)
    least, most = dict.fromkeys(("frontal", "spread", "sharpness"), -1e9), dict.fromkeys(LIMITS, 1e9)
    spec = GateSpec(1, "films that never were", 50, Measure(1.0, 0.9, 1.0), most | least)
    return copy_with(bundle, folder, {GATE: content}, gate=spec, **changes)


def blank_gate(embedding: int) -> bytes:
    """The file of a gate, all zeros, for embeddings of so many numbers."""
    shapes = {
        "hidden": (1, LAYOUT_LENGTH),
        "hidden_bias": (1,),
        "output": (len(LOOKS), 1),
        "output_bias": (len(LOOKS),),
        "layout_mean": (LAYOUT_LENGTH,),
        "layout_axes": (1, LAYOUT_LENGTH),
        "embedding_mean": (embedding,),
        "embedding_axes": (1, embedding),
    }
    content: bytes = save({name: np.zeros(shape, np.float32) for name, shape in shapes.items()})
    return content


def with_reference(
    bundle: ModelBundle, folder: Path, spec: ReferenceSpec, arrays: Mapping[str, npt.NDArray[Any]], **changes: Any
) -> ModelBundle:
    """A copy of a bundle that carries reference films, well-formed or not."""
    content = save({name: np.ascontiguousarray(array) for name, array in arrays.items()})
    return copy_with(bundle, folder, {REFERENCE: content}, reference=spec, **changes)


def with_quantised(bundle: ModelBundle, folder: Path) -> ModelBundle:
    """A copy of a one-logit bundle that carries an int8 graph, with operating points unlike those of float32."""
    from training.sealing.int8_graph import Int8Maker

    noise = np.random.default_rng(6).integers(0, 256, (8, SIZE_PX, SIZE_PX), dtype=np.uint8)
    with Int8Maker(bundle.content(GRAPH), noise) as maker:
        _, graph = next(maker.graphs())
    rows = (OperatingRow(0.2, 20, 30), OperatingRow(0.5, 19, 4), OperatingRow(1.0, 0, 0))
    points = dataclasses.replace(card_of().operating["OPACITY"], recommended=0.5, rows=rows)
    spec = QuantisedSpec({"OPACITY": 0.0}, {"OPACITY": 1.0}, {"OPACITY": points})
    return copy_with(bundle, folder, {QUANTISED: graph}, quantised=spec)
