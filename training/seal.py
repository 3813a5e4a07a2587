"""From a trained network and the validation films it never saw to a sealed bundle with a truthful card.

Every number on the card is counted with the very graph that is served: the network is first written as a draft, and
the draft is judged as an installed bundle would be. Sealing again what is sealed already is therefore the same work.
"""

from __future__ import annotations

import dataclasses
import logging
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from inference.bundle import ModelBundle, rewrite_bundle, write_bundle
from inference.card import Activation, Calibration, DataSummary, ModelCard, OperatingPoints, StartRecord
from inference.device import choose_engine
from inference.engine import Engine, Output
from inference.head_spec import HeadSpec
from inference.network import FilmNetwork
from inference.preprocess import PreprocessSpec
from inference.scores import logit_index, probabilities
from training.calibrate import Choice, choose_calibration, fit_calibration, heat_scale, operating_points
from training.film_set import FilmSet
from training.metrics import at_threshold, auc, measures
from training.outputs import run_engine
from training.parts import JudgedBundle, parts_of
from training.shifts import SUITE, shifted
from training.temperature import fit_temperature

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Words:
    """What only its maker can say of a model."""

    name: str
    version: int
    title: str
    labels: tuple[str, ...]
    normal_label: str | None
    activation: Activation
    backbone: str
    head: HeadSpec
    start: StartRecord
    data: DataSummary
    intended_use: str
    limits: tuple[str, ...]
    licence: str


def seal(
    network: FilmNetwork,
    training: FilmSet,
    validation: FilmSet,
    words: Words,
    *,
    preprocess: PreprocessSpec,
    recipe: Mapping[str, Any],
    models_dir: Path,
) -> ModelBundle:
    """Write `models_dir/name@version`: the network, judged on the validation films. Raises BundleError, OSError."""
    with tempfile.TemporaryDirectory() as folder:
        draft = write_bundle(Path(folder) / "draft", draft_card(words, preprocess, recipe), network)
        return seal_again(draft, training, validation, models_dir)


def seal_again(bundle: ModelBundle, training: FilmSet, validation: FilmSet, models_dir: Path) -> ModelBundle:
    """Judge the network of a bundle anew and write it with a new card; weights and graph stay byte for byte."""
    engine = choose_engine(bundle, "onnx")
    output = run_engine(engine, validation.films)
    card = _judged(bundle.card, validation, output)
    _LOG.info("calibrated on %d films", len(validation))
    card = dataclasses.replace(card, recipe=dict(card.recipe) | {"shifts": bears_shifts(card, engine, validation)})
    _LOG.info("held against %d changes of the films", len(SUITE))
    embeddings = run_engine(engine, training.films).embedding
    parts = parts_of(JudgedBundle(card, bundle, engine, training, validation, output, embeddings))
    return rewrite_bundle(models_dir / card.id, bundle, parts.card, parts.contents)


def bears_shifts(card: ModelCard, engine: Engine, validation: FilmSet) -> dict[str, dict[str, dict[str, float]]]:
    """For each finding its AUC, sensitivity and specificity at the recommended point under each change of
    `training.shifts.SUITE`. The network looks once at each changed film, however many findings there are.
    """
    tables: dict[str, dict[str, dict[str, float]]] = {label: {} for label in card.findings}
    for name in SUITE:
        scores = probabilities(card, run_engine(engine, shifted(validation.films, name)).logits)
        for position, label in enumerate(card.findings):
            ill, own = validation.truth[label], scores[:, position]
            row = {"auc": auc(ill, own)} | at_threshold(ill, own, card.operating[label].recommended)
            tables[label][name] = {measure: round(value, 4) for measure, value in row.items()}
    return tables


def _judged(card: ModelCard, validation: FilmSet, output: Output) -> ModelCard:
    """The card with everything that is counted on the validation films."""
    truth = validation.truth
    choices = _choices(card, validation, output)
    card = dataclasses.replace(
        card,
        calibration=_calibrations(card, validation, output, choices),
        recipe=dict(card.recipe) | {"calibration": {label: dataclasses.asdict(of) for label, of in choices.items()}},
    )
    scores = dict(zip(card.findings, probabilities(card, output.logits).T, strict=True))
    points = {
        label: operating_points(truth[label], scores[label], validation.patient_count, validation.described)
        for label in card.findings
    }
    maps = {label: output.class_maps[:, logit_index(card, label)] for label in card.findings}
    return dataclasses.replace(
        card,
        operating=points,
        heat_scale={label: heat_scale(maps[label], truth[label]) for label in card.findings},
        metrics={
            label: measures(truth[label], scores[label], validation.patients, points[label].recommended)
            for label in card.findings
        },
    )


def _choices(card: ModelCard, validation: FilmSet, output: Output) -> dict[str, Choice]:
    """Which kind of calibration each logit gets; a softmax has no choice."""
    labels = card.findings if card.activation != "softmax" else ()
    logits = {label: output.logits[:, logit_index(card, label)].astype(np.float64) for label in labels}
    return {label: choose_calibration(validation.truth[label], logits[label], validation.patients) for label in labels}


def _calibrations(
    card: ModelCard, validation: FilmSet, output: Output, choices: Mapping[str, Choice]
) -> dict[str, Calibration]:
    """A softmax has one temperature for all its labels; other logits are calibrated each for itself."""
    logits = output.logits.astype(np.float64)
    if card.activation == "softmax":
        found = np.stack([validation.truth[label] for label in card.findings], axis=1)
        indices = np.array([logit_index(card, label) for label in card.findings])
        normal = card.labels.index(card.normal_label) if card.normal_label is not None else 0
        classes = np.where(found.any(axis=1), indices[found.argmax(axis=1)], normal)
        return dict.fromkeys(card.findings, Calibration(fit_temperature(classes, logits)))
    return {
        label: fit_calibration(validation.truth[label], logits[:, logit_index(card, label)], choice.kind)
        for label, choice in choices.items()
    }


def draft_card(words: Words, preprocess: PreprocessSpec, recipe: Mapping[str, Any]) -> ModelCard:
    """The card before anything was counted."""
    findings = [label for label in words.labels if label != words.normal_label]
    nothing = OperatingPoints(0.5, 0, 0, "no films", 0, 0, ())
    return ModelCard(
        **{field.name: getattr(words, field.name) for field in dataclasses.fields(words)},
        preprocess=preprocess,
        calibration=dict.fromkeys(findings, Calibration()),
        operating=dict.fromkeys(findings, nothing),
        heat_scale=dict.fromkeys(findings, 1.0),
        metrics={},
        recipe=dict(recipe),
    )
