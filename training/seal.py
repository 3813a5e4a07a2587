"""From a trained network and the validation films it never saw to a sealed bundle with a truthful card."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from inference.bundle import ModelBundle, write_bundle
from inference.card import Calibration, DataSummary, ModelCard, StartRecord
from inference.network import FilmNetwork
from inference.preprocess import Grey, PreprocessSpec
from inference.scores import calibrated
from training.calibrate import fit_calibration, heat_scale, operating_points
from training.finetune import run_network
from training.metrics import at_threshold, auc, measures
from training.shifts import SUITE, shifted


@dataclass(frozen=True, slots=True, eq=False)
class Validation:
    """Validation films as network input, uint8 [N, S, S], with their truth, bool [N], and patients, text [N]."""

    films: Grey
    ill: npt.NDArray[np.bool_]
    patients: npt.NDArray[np.str_]
    described: str


@dataclass(frozen=True, slots=True)
class Words:
    """What only its maker can say of a model with one finding."""

    name: str
    version: int
    title: str
    labels: tuple[str, str]  # the normal class, the finding
    backbone: str
    start: StartRecord
    data: DataSummary
    intended_use: str
    limits: tuple[str, ...]
    licence: str


def seal(
    network: FilmNetwork,
    validation: Validation,
    words: Words,
    *,
    preprocess: PreprocessSpec,
    recipe: Mapping[str, Any],
    models_dir: Path,
) -> ModelBundle:
    """Calibrate on the validation films, count what each threshold calls there, and write `models_dir/name@version`."""
    logits_t, maps_t = run_network(network, validation.films)
    logits, maps = logits_t[:, 0].double().numpy(), maps_t[:, 0].numpy()
    calibration = fit_calibration(validation.ill, logits)
    probabilities = calibrated(logits, calibration)
    points = operating_points(validation.ill, probabilities, len(np.unique(validation.patients)), validation.described)
    finding = words.labels[1]
    card = ModelCard(
        name=words.name,
        version=words.version,
        title=words.title,
        labels=words.labels,
        normal_label=words.labels[0],
        activation="sigmoid_one",
        backbone=words.backbone,
        start=words.start,
        preprocess=preprocess,
        calibration={finding: calibration},
        operating={finding: points},
        heat_scale={finding: heat_scale(maps, validation.ill)},
        metrics={
            finding: measures(validation.ill, probabilities, validation.patients, points.recommended),
        },
        data=words.data,
        recipe=dict(recipe) | {"shifts": bears_shifts(network, validation, points.recommended, calibration)},
        intended_use=words.intended_use,
        limits=words.limits,
        licence=words.licence,
    )
    return write_bundle(models_dir / f"{words.name}@{words.version}", card, network)


def bears_shifts(
    network: FilmNetwork, validation: Validation, threshold: float, calibration: Calibration
) -> dict[str, dict[str, float]]:
    """AUC, sensitivity and specificity at one threshold under each change of `training.shifts.SUITE`."""
    table = {}
    for name in SUITE:
        logits = run_network(network, shifted(validation.films, name))[0][:, 0].double().numpy()
        probabilities = calibrated(logits, calibration)
        row = {"auc": auc(validation.ill, probabilities)} | at_threshold(validation.ill, probabilities, threshold)
        table[name] = {measure: round(value, 4) for measure, value in row.items()}
    return table
