"""Models as the window knows them and what they say of films, without a network that runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from gui.films.entries import Entry
from gui.review import Review
from gui.second_reader.chosen_model import ChosenModel
from imaging.heatmap import Heatmap
from imaging.image import Header
from imaging.study import ImageRef
from inference.bundles.card import Measure, ModelCard, OperatingPoints, OperatingRow
from inference.scoring.local_table import LocalFinding, LocalTable
from inference.scoring.results import Finding, GateVerdict, ImageResult
from tests.bundles import card_of

WEIGHTS = "0" * 64
ENGINE = "onnx-cpu"
WHY = "ONNX Runtime on the CPU (no GPU found)"
OWN_POINTS = OperatingPoints(
    0.7,
    120,
    110,
    "films of your own",
    40,
    80,
    (OperatingRow(0.4, 40, 32), OperatingRow(0.7, 38, 8), OperatingRow(1, 0, 0)),
)


def chosen_model(card: ModelCard | None = None, **changes: Any) -> ChosenModel:
    """A model that was read and verified; that of `card_of` where no card is given."""
    card = card or card_of()
    return replace(ChosenModel(card.id, card, WEIGHTS, ENGINE, WHY), **changes)


def answer(key: str, findings: Sequence[Finding] = (), **changes: Any) -> ImageResult:
    """What the model of `card_of` says of the film of this key, without a map."""
    ref, embedding = ImageRef(Path(key)), np.zeros(4, np.float32)
    said = ImageResult(ref, "trial@1", WEIGHTS, tuple(findings), (), GateVerdict(), 0.1, ENGINE, embedding)
    return replace(said, **changes)


def film(name: str, study: str = "") -> Entry:
    """A row of the list, for a file that need not be there."""
    header = Header(study_uid=study) if study else None
    return Entry(Path(name), ImageRef(Path(name)), header)


def result(
    key: str, probability: float, *, name: str = "trial", accepted: bool = True, insisted: bool = False
) -> ImageResult:
    """A result as the analyser makes it: nothing is said of a film outside the gate, unless the reader insists."""
    speaks = accepted or insisted
    return answer(
        key,
        (Finding("OPACITY", probability, 0.4),) if speaks else (),
        model=f"{name}@1",
        heatmaps=(Heatmap("OPACITY", np.ones((2, 2), np.float32), 1.0),) if speaks else (),
        gate=GateVerdict(accepted, () if accepted else ("not_frontal_chest",), insisted=insisted),
    )


def store(review: Review, *probabilities: float, raw: float = 0.01, key: str = "a.png") -> None:
    """Have the chosen model say this of each of its findings, with maps that are as hot everywhere."""
    model = review.model
    assert model is not None
    labels = model.card.findings
    findings = [Finding(name, value, 0.4) for name, value in zip(labels, probabilities, strict=True)]
    heat = np.full((2, 2), raw, np.float32)
    heatmaps = tuple(Heatmap(name, heat, model.card.heat_scale[name]) for name in labels)
    review.store(key, answer(key, findings, model=model.id, heatmaps=heatmaps))


def check_of(points: OperatingPoints = OWN_POINTS, *, in_use: bool = False) -> LocalTable:
    """A check of the model of `card_of` on the reader's own films, with these points."""
    figure = Measure(0.9, 0.8, 0.96)
    finding = LocalFinding(
        points.films, points.patients, points.ill, points.healthy, 0.4, figure, figure, figure, figure, 0.1, (), points
    )
    return LocalTable("trial@1", WEIGHTS, "2026-11-21", points.films, 110, 0, 0, 0, {"OPACITY": finding}, in_use)
